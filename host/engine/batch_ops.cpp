#include "engine/batch_ops.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <map>

#include "engine/pixel_ops.h"

namespace vhost {

namespace {

namespace media = vh::media;

constexpr int64_t kValuesAtOnce = 1 << 24;  // bounds what operations need beside the batch

at::Tensor to_device(const at::Tensor& host, const at::Tensor& like) {
  return host.to(like.device());
}

int64_t wrapped(uint64_t value) {
  return static_cast<int64_t>(value);
}

at::Tensor shifted_right(const at::Tensor& bits, int64_t by) {  // of unsigned numbers
  return bits.bitwise_right_shift(by).bitwise_and_(wrapped(~uint64_t{0} >> by));
}

// vh_mix64 of int64 that hold uint64.
at::Tensor mix64(at::Tensor z) {
  z = z.bitwise_xor(shifted_right(z, 30)).mul_(wrapped(0xbf58476d1ce4e5b9));
  z = z.bitwise_xor(shifted_right(z, 27)).mul_(wrapped(0x94d049bb133111eb));
  return z.bitwise_xor(shifted_right(z, 31));
}

// The upper halves of numbers first, first + 1 .. of the streams with these keys: int64 [keys,count], 0 .. 2^32 - 1.
at::Tensor random_bits(const std::vector<int64_t>& keys, int64_t first, int64_t count, const at::Tensor& like) {
  const at::Tensor key = to_device(at::tensor(keys, at::kLong), like).unsqueeze(1);
  const at::Tensor place = at::arange(first + 1, first + count + 1, key.options());
  return shifted_right(mix64(key.add(place.mul(wrapped(0x9e3779b97f4a7c15)))), 32);
}

// What fills the boxes, drawn as vh::media::Augment draws it.
class BoxNoise {
 public:
  BoxNoise(const media::EraseRule& rule, const at::Tensor& like) : rule_(rule) {
    const media::Colour mean = media::mean_colour(rule);
    mean_ = to_device(at::tensor({mean[0], mean[1], mean[2]}, at::kByte), like);
    if (rule.mode != media::EraseMode::kNormal) return;
    at::Tensor limit = at::empty({3, 256}, at::kLong), other = at::empty({3, 256}, at::kLong);
    for (size_t c = 0; c < 3; ++c) {
      const media::NoiseTable table = media::normal_noise(rule.mean[c], rule.std[c]);
      std::ranges::copy(table.limit, limit[static_cast<int64_t>(c)].data_ptr<int64_t>());
      std::ranges::copy(table.other, other[static_cast<int64_t>(c)].data_ptr<int64_t>());
    }
    limit_ = to_device(limit.view({-1}), like), other_ = to_device(other.view({-1}), like);
  }

  // Of one row u8 [T,H,W,3], or the colour alone. first: values that the frames' streams have given already.
  at::Tensor operator()(const media::Rect& box, const std::vector<int64_t>& frame_keys, int64_t first) const {
    if (rule_.mode == media::EraseMode::kConst) return mean_;
    const at::Tensor bits = random_bits(frame_keys, first, box.height * box.width * 3, mean_)
                                .view({std::ssize(frame_keys), box.height, box.width, 3});
    const at::Tensor value = bits.bitwise_and(255);
    if (rule_.mode == media::EraseMode::kUniform) return value.to(at::kByte);
    const at::Tensor place = value.add(at::arange(3, value.options()).mul_(256)).view({-1});
    const auto looked_up = [&](const at::Tensor& table) { return table.index_select(0, place).view(value.sizes()); };
    const at::Tensor keeps = bits.bitwise_right_shift(8).lt(looked_up(limit_));
    return at::where(keeps, value, looked_up(other_)).to(at::kByte);
  }

 private:
  const media::EraseRule& rule_;
  at::Tensor mean_, limit_, other_;
};

// Rows whose operations of one place in their order are done together.
struct Group {
  std::vector<int64_t> rows;
  std::vector<media::Op> ops;
};

using GroupKey = std::pair<int, int>;  // kind, or -1 for all affine ones of one filter

std::map<GroupKey, Group> groups_at(size_t place, std::span<const media::Decisions> rows) {
  std::map<GroupKey, Group> groups;
  for (size_t row = 0; row < rows.size(); ++row) {
    if (place >= rows[row].ops.size()) continue;
    const media::Op& op = rows[row].ops[place];
    const bool affine = media::affine_of(op, 1, 1).has_value();
    Group& group = groups[affine ? GroupKey{-1, static_cast<int>(op.filter)} : GroupKey{static_cast<int>(op.kind), 0}];
    group.rows.push_back(static_cast<int64_t>(row));
    group.ops.push_back(op);
  }
  return groups;
}

}  // namespace

at::Tensor flip_rows(const at::Tensor& pixels, const std::vector<bool>& flips) {
  std::vector<int64_t> rows;
  for (size_t row = 0; row < flips.size(); ++row)
    if (flips[row]) rows.push_back(static_cast<int64_t>(row));
  if (rows.empty()) return pixels;
  const at::Tensor index = to_device(at::tensor(rows, at::kLong), pixels);
  return pixels.index_copy(0, index, pixels.index_select(0, index).flip(3));
}

at::Tensor change_rows(const at::Tensor& pixels, std::span<const media::Decisions> rows, media::Colour fill) {
  size_t most = 0;
  for (const media::Decisions& row : rows) most = std::max(most, row.ops.size());
  if (most == 0) return pixels;
  at::Tensor out = pixels.clone();
  const int64_t at_once = std::max<int64_t>(1, kValuesAtOnce / (pixels.numel() / pixels.size(0)));
  for (size_t place = 0; place < most; ++place)
    for (const auto& [key, group] : groups_at(place, rows))
      for (int64_t first = 0; first < std::ssize(group.rows); first += at_once) {
        const int64_t count = std::min(at_once, std::ssize(group.rows) - first);
        const at::Tensor index = to_device(at::tensor(at::IntArrayRef(group.rows.data() + first, count)), out);
        const std::span<const media::Op> ops(group.ops.data() + first, static_cast<size_t>(count));
        out.index_copy_(0, index, apply_op(out.index_select(0, index), ops, fill));
      }
  return out;
}

at::Tensor erase_rows(const at::Tensor& pixels, std::span<const media::Decisions> rows, const media::EraseRule& rule) {
  if (std::ranges::all_of(rows, [](const media::Decisions& row) { return row.erased.empty(); })) return pixels;
  at::Tensor out = pixels.clone();
  const BoxNoise noise(rule, pixels);
  for (int64_t row = 0; row < pixels.size(0); ++row) {
    const media::Decisions& decisions = rows[static_cast<size_t>(row)];
    std::vector<int64_t> keys;
    for (int64_t t = 0; t < pixels.size(1); ++t)
      keys.push_back(wrapped(vh_hash2(decisions.noise_seed, static_cast<uint64_t>(t))));
    int64_t drawn = 0;
    for (const media::Rect& box : decisions.erased) {
      out[row].narrow(1, box.y, box.height).narrow(2, box.x, box.width).copy_(noise(box, keys, drawn));
      drawn += box.height * box.width * 3;
    }
  }
  return out;
}

}  // namespace vhost
