// Resizing of RGB pictures with antialiasing: the same bytes as Pillow's Image.resize of a mode RGB image.
#pragma once
#include <cstdint>
#include <optional>
#include <string_view>

#include "picture.h"

namespace vh::media {

enum class Filter { kNearest, kBilinear, kBicubic };        // bicubic: a = -0.5
std::optional<Filter> filter_named(std::string_view name);  // "nearest", "bilinear", "bicubic"

// In pixels of the source, edges on integers: the whole picture is {0, 0, width, height}.
struct Box {
  double x = 0, y = 0, width = 0, height = 0;
};

// Maps `box`, which must lie inside `from` and not be empty, onto out, [height][width][3]; mirror: the right side comes
// out on the left. The filters' support grows with the reduction and ends at the edges of `from`, not of `box` (as in
// Image.resize(box=)); to cut first and resize then, give a view of the cut. First the columns, then the rows, each
// rounded to 8 bits from sums of weights with 22 fractional bits. (Pillow from 13 on takes the rows first where the
// height shrinks much more than the width; this never does, so that old results come back.) The result doesn't depend
// on the CPU. Any thread.
void resample(const PictureView& from, const Box& box, Filter filter, bool mirror, int64_t width, int64_t height,
              uint8_t* out);
inline void resample(const Picture& from, const Box& box, Filter filter, bool mirror, int64_t width, int64_t height,
                     uint8_t* out) {
  resample(view(from), box, filter, mirror, width, height, out);
}

}  // namespace vh::media
