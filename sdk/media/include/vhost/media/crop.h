// Which rectangle of a picture becomes the network's square, in display coordinates (after rotation).
#pragma once
#include <vhost/random.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "resample.h"

namespace vh::media {

enum class CropKind {
  kRandomResized,  // area and log-uniform aspect ratio, 10 tries, then `fallback`
  kMultiScale,     // VideoMAE: sides scale*min(w,h), scales 1, .875, .75, .66, neighbours pair up, 13 fixed positions
  kCenter,  // the centre square of `size` after the short side was resized to resize_short (0: of the short side)
};
std::optional<CropKind> crop_kind(std::string_view name);

// What kRandomResized takes when no try fits into the picture.
enum class CropFallback {
  kSquare,  // the centre square of the short side (MMAction2)
  kAspect,  // the largest centre part whose aspect ratio lies within `aspect` (torchvision, MMPretrain)
};

struct CropRule {
  CropKind kind = CropKind::kCenter;
  int64_t size = 224;                      // side of the network's square
  int64_t resize_short = 0;                // for kCenter and test views; 0 = size
  std::array<double, 2> area = {0.08, 1};  // share of the picture
  std::array<double, 2> aspect = {0.75, 4.0 / 3};
  CropFallback fallback = CropFallback::kSquare;
};

// Throws OptionError where `area`, `aspect` or `resize_short` can't be.
void check_crop(const CropRule&);

Rect train_crop(const CropRule&, int64_t width, int64_t height, vh_random& random);

// View `crop` of `crops`: 1 = centre; else squares evenly spaced along the
// long side, from left (or top) to right (or bottom).
Rect test_crop(const CropRule&, int64_t width, int64_t height, int64_t crop, int64_t crops);

// The same for pictures: the box in the source from which resample() makes, in one pass, the bytes that resizing the
// short side to resize_short and then cutting `size` out would give. As torchvision and MMPretrain, the long side is
// rounded down and the corner to the nearest, ties to even. resize_short must be 0 or at least `size`.
Box resized_crop(const CropRule&, int64_t width, int64_t height, int64_t crop, int64_t crops);

}  // namespace vh::media
