// From one image to the squares that the network sees.
#pragma once
#include <span>
#include <vector>

#include "images.h"

namespace imagenet {

// One square of one output.
struct View {
  uint8_t* out;        // [size][size][3]
  vh::media::Box box;  // of the seen picture: it becomes the square
  Rect needed;         // the pixels that the filter looks at
  int64_t shrink;      // of decoding
  bool mirror;
};

// The views of each output in turn. Training: one, drawn from the output's seed; the crop is cut out before it's
// resized, so that no pixel outside counts (torchvision's order). Else: the picture is resized until its short side is
// resize_short, then squares are cut out: pixels beyond their border count, as in Resize and CenterCrop.
std::vector<View> plan_views(const Image& image, const ImagesOptions& options, Pass pass,
                             std::span<const Output> outputs);

// One decode for each shrink among them.
void write_views(const Image& image, const std::vector<View>& views, const ImagesOptions& options);

}  // namespace imagenet
