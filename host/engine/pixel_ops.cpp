#include "engine/pixel_ops.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "engine/affine_op.h"

namespace vhost {

namespace {

namespace media = vh::media;
using media::OpKind;

constexpr int kHeightAxis = 2, kWidthAxis = 3, kColourAxis = 4;

// One value a row: T [R,1,1,1,1].
template <class T, class Fn>
at::Tensor per_row(const at::Tensor& pixels, std::span<const media::Op> ops, Fn value) {
  std::vector<T> values;
  for (const media::Op& op : ops) values.push_back(static_cast<T>(value(op.value)));
  return at::tensor(values).to(pixels.device()).view({-1, 1, 1, 1, 1});
}

at::Tensor factors(const at::Tensor& pixels, std::span<const media::Op> ops) {
  return per_row<float>(pixels, ops, [](double value) { return value; });
}

at::Tensor whole(const at::Tensor& pixels, std::span<const media::Op> ops) {
  return per_row<int>(pixels, ops, [](double value) { return static_cast<int>(value); });
}

// from + factor * (pixels - from), cut to 8 bits
at::Tensor blend(const at::Tensor& from, const at::Tensor& pixels, const at::Tensor& factor) {
  const at::Tensor base = from.to(at::kFloat);
  return pixels.to(at::kFloat).sub_(base).mul_(factor).add_(base).clamp_(0, 255).to(at::kByte);
}

at::Tensor channel(const at::Tensor& pixels, int64_t c) {
  return pixels.narrow(kColourAxis, c, 1).to(at::kInt);
}

at::Tensor grey(const at::Tensor& pixels) {  // ITU-R 601, rounded: R x T x H x W x 1
  const at::Tensor sum =
      channel(pixels, 0).mul_(19595).add_(channel(pixels, 1).mul_(38470)).add_(channel(pixels, 2).mul_(7471));
  return sum.add_(0x8000).bitwise_right_shift(16);
}

at::Tensor adjust_contrast(const at::Tensor& pixels, const at::Tensor& factor) {
  const double area = static_cast<double>(pixels.size(kHeightAxis) * pixels.size(kWidthAxis));
  const at::Tensor sum = grey(pixels).sum({kHeightAxis, kWidthAxis}, /*keepdim=*/true, at::kLong);
  return blend(sum.to(at::kDouble).div_(area).add_(0.5).floor_(), pixels, factor);
}

at::Tensor adjust_sharpness(const at::Tensor& pixels, const at::Tensor& factor) {
  const int64_t height = pixels.size(kHeightAxis) - 2, width = pixels.size(kWidthAxis) - 2;
  if (height < 1 || width < 1) return pixels;
  const auto part = [&](int64_t y, int64_t x) {
    return pixels.narrow(kHeightAxis, y, height).narrow(kWidthAxis, x, width);
  };
  at::Tensor sum = part(1, 1).to(at::kInt).mul_(4);
  for (int64_t y = 0; y < 3; ++y)
    for (int64_t x = 0; x < 3; ++x) sum.add_(part(y, x));
  at::Tensor out = pixels.clone();
  out.narrow(kHeightAxis, 1, height)
      .narrow(kWidthAxis, 1, width)
      .copy_(blend(sum.mul_(2).add_(13).floor_divide(26), part(1, 1), factor));
  return out;
}

// ---- by a table for each frame and channel

at::Tensor table_place(const at::Tensor& pixels) {  // i32: where each value is in tables [R,T,3,256]
  const int64_t tables = pixels.size(0) * pixels.size(1) * 3;
  const at::Tensor first = at::arange(0, tables * 256, 256, pixels.options().dtype(at::kInt));
  return pixels.to(at::kInt).add_(first.view({pixels.size(0), pixels.size(1), 1, 1, 3})).view({-1});
}

at::Tensor auto_contrast(const at::Tensor& pixels) {
  const at::Tensor low = pixels.amin({kHeightAxis, kWidthAxis}).to(at::kDouble).unsqueeze(-1),  // R x T x 3 x 1
      high = pixels.amax({kHeightAxis, kWidthAxis}).to(at::kDouble).unsqueeze(-1), stretches = high > low;
  const at::Tensor scale = at::where(stretches, at::full_like(low, 255).div_(high - low), 1.0),
                   offset = at::where(stretches, low.neg().mul_(scale), 0.0);
  const at::Tensor tables = at::arange(256, low.options()).mul(scale).add_(offset).clamp_(0, 255).to(at::kByte);
  return tables.view({-1}).index_select(0, table_place(pixels)).view(pixels.sizes());
}

at::Tensor equalize(const at::Tensor& pixels) {
  const int64_t tables = pixels.size(0) * pixels.size(1) * 3;
  const at::Tensor place = table_place(pixels);
  const at::Tensor counts = at::bincount(place, {}, tables * 256).view({tables, 256});
  const at::Tensor values = at::arange(256, counts.options());
  const at::Tensor last = std::get<0>(counts.gt(0).mul(values).max(1, /*keepdim=*/true));
  const at::Tensor step = (counts.sum(1, /*keepdim=*/true) - counts.gather(1, last)).floor_divide_(255);
  const at::Tensor before = counts.cumsum(1).sub_(counts).add_(step.floor_divide(2));
  const at::Tensor spread = before.floor_divide_(step.clamp_min(1)).clamp_max_(255);
  return at::where(step.gt(0), spread, values).to(at::kByte).view({-1}).index_select(0, place).view(pixels.sizes());
}

// ---- hue, through 8-bit HSV as Pillow's

struct Hsv {
  at::Tensor hue, saturation, value;  // i64, f64 0 .. 255, i32
};

Hsv to_hsv(const at::Tensor& pixels) {
  const at::Tensor r = channel(pixels, 0), g = channel(pixels, 1), b = channel(pixels, 2);
  const at::Tensor most = at::maximum(at::maximum(r, g), b), least = at::minimum(at::minimum(r, g), b);
  const at::Tensor range = (most - least).to(at::kFloat), colourless = range.eq(0);
  const auto away = [&](const at::Tensor& c) { return (most - c).to(at::kFloat).div_(range); };
  const at::Tensor rc = away(r), gc = away(g), bc = away(b);
  const auto from = [](double start, const at::Tensor& plus, const at::Tensor& minus) {
    return plus.to(at::kDouble).add_(start).sub_(minus.to(at::kDouble)).to(at::kFloat);
  };
  at::Tensor hue = at::where(r.eq(most), bc - gc, at::where(g.eq(most), from(2, rc, bc), from(4, gc, rc)));
  hue =
      hue.to(at::kDouble).div_(6).add_(1).fmod_(1).to(at::kFloat).to(at::kDouble).mul_(255).masked_fill_(colourless, 0);
  const at::Tensor saturation = range.div(most.to(at::kFloat)).to(at::kDouble).mul_(255).masked_fill_(colourless, 0);
  return {hue.to(at::kLong).clamp_(0, 255), saturation.trunc().clamp_(0, 255), most};
}

at::Tensor from_hsv(const Hsv& hsv) {
  const at::Tensor place = hsv.hue.to(at::kDouble).mul_(6).div_(255), sector = place.floor();
  const at::Tensor f = place.sub(sector).to(at::kFloat), s = hsv.saturation.div(255).to(at::kFloat);
  const auto dimmed = [&](const at::Tensor& by) {  // rounded, halves up
    return by.neg().add_(1).mul_(hsv.value).add_(0.5).floor_().clamp_(0, 255).to(at::kInt);
  };
  const at::Tensor full = hsv.value, p = dimmed(s.to(at::kDouble)), q = dimmed((s * f).to(at::kDouble)),
                   t = dimmed(f.to(at::kDouble).neg().add_(1).mul_(s.to(at::kDouble)));
  const at::Tensor grey = hsv.saturation.eq(0), number = sector.fmod(6);
  const auto chosen = [&](std::array<const at::Tensor*, 6> of) {
    at::Tensor out = *of[5];
    for (int i = 4; i >= 0; --i) out = at::where(number.eq(i), *of[static_cast<size_t>(i)], out);
    return at::where(grey, full, out);
  };
  return at::cat({chosen({&full, &q, &p, &p, &t, &full}), chosen({&t, &full, &full, &q, &p, &p}),
                  chosen({&p, &p, &t, &full, &full, &q})},
                 kColourAxis)
      .to(at::kByte);
}

at::Tensor adjust_hue(const at::Tensor& pixels, std::span<const media::Op> ops) {
  Hsv hsv = to_hsv(pixels);
  const at::Tensor steps = per_row<int64_t>(pixels, ops, [](double shift) { return static_cast<int>(shift * 255); });
  hsv.hue.add_(steps).bitwise_and_(255);
  return from_hsv(hsv);
}

at::Tensor transformed(const at::Tensor& pixels, std::span<const media::Op> ops, media::Colour fill) {
  std::vector<media::Affine> matrices;
  for (const media::Op& op : ops)
    matrices.push_back(*media::affine_of(op, pixels.size(kWidthAxis), pixels.size(kHeightAxis)));
  return transform_rows(pixels, matrices, ops.front().filter, fill);
}

}  // namespace

at::Tensor apply_op(const at::Tensor& pixels, std::span<const media::Op> ops, media::Colour fill) {
  switch (ops.front().kind) {
    case OpKind::kAutoContrast:
      return auto_contrast(pixels);
    case OpKind::kEqualize:
      return equalize(pixels);
    case OpKind::kInvert:
      return pixels.bitwise_not();
    case OpKind::kPosterize:
      return pixels.bitwise_and(
          per_row<uint8_t>(pixels, ops, [](double bits) { return 256 - (1 << (8 - static_cast<int>(bits))); }));
    case OpKind::kSolarize:
      return at::where(pixels.lt(whole(pixels, ops)), pixels, pixels.bitwise_not());
    case OpKind::kSolarizeAdd:
      return at::where(pixels.lt(128), pixels.to(at::kInt).add_(whole(pixels, ops)).clamp_(0, 255).to(at::kByte),
                       pixels);
    case OpKind::kSaturation:
      return blend(grey(pixels), pixels, factors(pixels, ops));
    case OpKind::kContrast:
      return adjust_contrast(pixels, factors(pixels, ops));
    case OpKind::kBrightness:
      return pixels.to(at::kFloat).mul_(factors(pixels, ops)).clamp_(0, 255).to(at::kByte);
    case OpKind::kSharpness:
      return adjust_sharpness(pixels, factors(pixels, ops));
    case OpKind::kHue:
      return adjust_hue(pixels, ops);
    case OpKind::kRotate:
    case OpKind::kShearX:
    case OpKind::kShearY:
    case OpKind::kTranslateX:
    case OpKind::kTranslateY:
      return transformed(pixels, ops, fill);
  }
  return pixels;
}

}  // namespace vhost
