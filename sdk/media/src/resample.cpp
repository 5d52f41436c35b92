#include <vhost/media/resample.h>

#include <algorithm>
#include <memory>

#include "kernels.h"

namespace vh::media {
namespace {

// Rows of the source with their columns resized, made in pairs when asked for; the last ones are remembered.
class Columns {
 public:
  Columns(const PictureView& from, const Taps& taps, bool mirror, int64_t kept)
      : from_(from), taps_(taps), mirror_(mirror), slots_(kept + 1) {
    row_bytes_ = static_cast<int64_t>(taps.first.size()) * 3 / kRowPadding * kRowPadding + 2 * kRowPadding;
    for (int64_t first : taps.first) reach_ = std::max(reach_, (first + taps.most) * 3 + kRowPadding);
    edge_bytes_ = std::max(reach_, from.width * 3);
    memory_ = std::make_unique_for_overwrite<uint8_t[]>(static_cast<size_t>(slots_ * row_bytes_ + 2 * edge_bytes_));
  }

  // Asked for windows of up to `kept` neighbouring rows, each from top to bottom, none beginning above the last.
  const uint8_t* row(int64_t y) {
    if (made_ < y) make(y);
    return slot(y);
  }

 private:
  uint8_t* slot(int64_t y) { return memory_.get() + y % slots_ * row_bytes_; }

  void make(int64_t y) {
    made_ = std::min(y + 1, from_.height - 1);
    kernels().columns({readable(y, 0), readable(made_, 1)}, taps_, mirror_, {slot(y), slot(made_)});
  }

  // The row, or a copy where the kernels would read past the picture.
  const uint8_t* readable(int64_t y, int64_t which) {
    const uint8_t* row = from_.rgb + y * from_.stride;
    if (reach_ <= (from_.height - 1 - y) * from_.stride + from_.width * 3) return row;
    uint8_t* copy = memory_.get() + slots_ * row_bytes_ + which * edge_bytes_;
    std::fill(std::copy_n(row, from_.width * 3, copy), copy + edge_bytes_, uint8_t{0});
    return copy;
  }

  PictureView from_;
  const Taps& taps_;
  bool mirror_;
  int64_t slots_, row_bytes_ = 0, reach_ = 0, edge_bytes_ = 0, made_ = -1;
  std::unique_ptr<uint8_t[]> memory_;
};

int64_t nearest(double place, int64_t limit) {
  return std::clamp<int64_t>(static_cast<int64_t>(place), 0, limit - 1);
}

// Steps are added up, as Pillow does, so that ties fall to the same side.
void resample_nearest(const PictureView& from, const Box& box, bool mirror, int64_t width, int64_t height,
                      uint8_t* out) {
  double step_x = box.width / static_cast<double>(width), step_y = box.height / static_cast<double>(height);
  std::vector<int64_t> columns;
  double x = box.x + step_x * 0.5, y = box.y + step_y * 0.5;
  for (int64_t i = 0; i < width; ++i, x += step_x) columns.push_back(nearest(x, from.width) * 3);
  if (mirror) std::reverse(columns.begin(), columns.end());
  for (int64_t j = 0; j < height; ++j, y += step_y) {
    const uint8_t* row = from.rgb + nearest(y, from.height) * from.stride;
    for (int64_t column : columns) out = std::copy_n(row + column, 3, out);
  }
}

}  // namespace

std::optional<Filter> filter_named(std::string_view name) {
  if (name == "nearest") return Filter::kNearest;
  if (name == "bilinear") return Filter::kBilinear;
  if (name == "bicubic") return Filter::kBicubic;
  return std::nullopt;
}

void resample(const PictureView& from, const Box& box, Filter filter, bool mirror, int64_t width, int64_t height,
              uint8_t* out) {
  if (filter == Filter::kNearest) return resample_nearest(from, box, mirror, width, height, out);
  Taps across = make_taps(filter, from.width, box.x, box.width, width);
  Taps down = make_taps(filter, from.height, box.y, box.height, height);
  Columns columns(from, across, mirror, down.most);
  std::vector<const uint8_t*> rows(static_cast<size_t>(down.most));
  for (int64_t y = 0; y < height; ++y, out += width * 3) {
    auto first = down.first[static_cast<size_t>(y)], count = down.count[static_cast<size_t>(y)];
    for (int64_t k = 0; k < count; ++k) rows[static_cast<size_t>(k)] = columns.row(first + k);
    kernels().rows(rows.data(), down, y, width * 3, out);
  }
}

}  // namespace vh::media
