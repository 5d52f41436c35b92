#include "engine/affine_op.h"

#include <ATen/ATen.h>

#include <cmath>

namespace vhost {

namespace {

namespace media = vh::media;

// Values of one place in each row's matrix, f64 or i64 [R,1,1].
template <class Fn>
at::Tensor per_row(const std::vector<media::Affine>& matrices, const at::Tensor& like, Fn value) {
  std::vector<decltype(value(matrices[0]))> values;
  for (const media::Affine& m : matrices) values.push_back(value(m));
  return at::tensor(values).to(like.device()).view({-1, 1, 1});
}

// Pixels of a place each: u8 [R,T,H*W,3], from columns and rows int64 [R,H,W] that lie inside.
class Reader {
 public:
  explicit Reader(const at::Tensor& pixels)
      : height_(pixels.size(2)), width_(pixels.size(3)), flat_(pixels.flatten(2, 3)) {}

  at::Tensor operator()(const at::Tensor& column, const at::Tensor& row) const {
    const at::Tensor place = row.clamp(0, height_ - 1).mul_(width_).add_(column.clamp(0, width_ - 1));
    return flat_.gather(2, place.view({place.size(0), 1, -1, 1}).expand(flat_.sizes()));
  }
  at::Tensor values(const at::Tensor& column, const at::Tensor& row) const {
    return (*this)(column, row).to(at::kDouble);
  }

 private:
  int64_t height_, width_;
  at::Tensor flat_;
};

at::Tensor linear(const at::Tensor& v1, const at::Tensor& v2, const at::Tensor& d) {
  return v2.sub(v1).mul_(d).add_(v1);
}

at::Tensor cubic(const at::Tensor& v1, const at::Tensor& v2, const at::Tensor& v3, const at::Tensor& v4,
                 const at::Tensor& d) {
  const at::Tensor p2 = v3 - v1, p3 = (v1 - v2).mul_(2).add_(v3).sub_(v4), p4 = (v2 - v1).sub_(v3).add_(v4);
  return p4.mul(d).add_(p3).mul_(d).add_(p2).mul_(d).add_(v2);
}

struct Axis {
  at::Tensor first, rest;  // i64 [R,H,W]; f64 [R,1,H*W,1]
};

Axis axis_of(const at::Tensor& x) {  // -0.5 <= x - 0.5
  const at::Tensor first = x.add(0.5).to(at::kLong).sub_(1);
  return {first, x.sub(0.5).sub_(first.to(at::kDouble)).view({x.size(0), 1, -1, 1})};
}

at::Tensor bilinear(const Reader& read, const Axis& x, const Axis& y) {
  const at::Tensor right = x.first + 1, below = y.first + 1;
  return linear(linear(read.values(x.first, y.first), read.values(right, y.first), x.rest),
                linear(read.values(x.first, below), read.values(right, below), x.rest), y.rest);
}

at::Tensor bicubic(const Reader& read, const Axis& x, const Axis& y) {
  at::Tensor rows[4];
  for (int64_t j = 0; j < 4; ++j) {
    const at::Tensor row = y.first + (j - 1);
    rows[j] = cubic(read.values(x.first - 1, row), read.values(x.first, row), read.values(x.first + 1, row),
                    read.values(x.first + 2, row), x.rest);
  }
  return cubic(rows[0], rows[1], rows[2], rows[3], y.rest);
}

at::Tensor filled(const at::Tensor& values, const at::Tensor& inside, media::Colour fill, const at::Tensor& pixels) {
  const at::Tensor colour = at::tensor({fill[0], fill[1], fill[2]}, at::kByte).to(pixels.device());
  return at::where(inside.view({inside.size(0), 1, -1, 1}), values, colour).view(pixels.sizes());
}

// In 1/65536 pixels, the sums of steps included, so that ties fall as Pillow's.
at::Tensor nearest(const at::Tensor& pixels, const std::vector<media::Affine>& matrices, media::Colour fill) {
  const auto fixed = [](double value) { return static_cast<int64_t>(std::floor(value * 65536 + 0.5)); };
  const at::Tensor x = at::arange(pixels.size(3), pixels.options().dtype(at::kLong)),
                   y = at::arange(pixels.size(2), x.options()).unsqueeze(1);
  const auto place = [&](size_t first) {  // of the matrix' row
    const auto of = [&](auto value) { return per_row(matrices, pixels, value); };
    return of([&](const media::Affine& m) { return fixed(m[first + 2] + m[first] * 0.5 + m[first + 1] * 0.5); })
        .add(y * of([&](const media::Affine& m) { return fixed(m[first + 1]); }))
        .add(x * of([&](const media::Affine& m) { return fixed(m[first]); }))
        .bitwise_right_shift_(16);
  };
  const at::Tensor column = place(0), row = place(3);
  const at::Tensor inside =
      column.ge(0).logical_and_(column.lt(pixels.size(3))).logical_and_(row.ge(0)).logical_and_(row.lt(pixels.size(2)));
  return filled(Reader(pixels)(column, row), inside, fill, pixels);
}

}  // namespace

at::Tensor transform_rows(const at::Tensor& pixels, const std::vector<media::Affine>& matrices, media::Filter filter,
                          media::Colour fill) {
  if (filter == media::Filter::kNearest) return nearest(pixels, matrices, fill);
  const at::Tensor x = at::arange(pixels.size(3), pixels.options().dtype(at::kDouble)).add_(0.5),
                   y = at::arange(pixels.size(2), x.options()).add_(0.5).unsqueeze(1);
  const auto place = [&](size_t first) {
    const auto of = [&](size_t i) { return per_row(matrices, pixels, [i](const media::Affine& m) { return m[i]; }); };
    return (x * of(first)).add(y * of(first + 1)).add_(of(first + 2));  // R x H x W
  };
  const auto within = [](const at::Tensor& at, int64_t end) { return at.ge(0).logical_and_(at.lt(end)); };
  const at::Tensor u = place(0), v = place(3);
  const at::Tensor inside = within(u, pixels.size(3)).logical_and_(within(v, pixels.size(2)));
  const Reader read(pixels);
  const Axis columns = axis_of(at::where(inside, u, 0.0)), rows = axis_of(at::where(inside, v, 0.0));
  at::Tensor values = filter == media::Filter::kBicubic ? bicubic(read, columns, rows) : bilinear(read, columns, rows);
  return filled(values.clamp_(0, 255).to(at::kByte), inside, fill, pixels);
}

}  // namespace vhost
