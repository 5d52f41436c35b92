#include "views.h"

#include <vhost/random.h>

#include <algorithm>
#include <cmath>
#include <utility>

namespace imagenet {
namespace {

using vh::media::Box;

// Scaled decoding leaves that many pixels for each of the square's: with 2 the result stays within 0.6 of 255, on
// average over an image, of the one from all pixels; with 1 that's 3.4.
constexpr int64_t kLeft = 2;

constexpr uint64_t kCropStream = 1;  // of a sample's seed; flip and augmentation have theirs from vhost/media/augment.h

// The pixels under a box and the filter's reach around it.
Rect reach(const Box& box, Filter filter, int64_t size, int64_t width, int64_t height) {
  double support = filter == Filter::kBicubic ? 2 : 1;
  auto span = [&](double start, double length, int64_t limit) {
    double margin = support * std::max(length / static_cast<double>(size), 1.0) + 1;
    auto low = std::max<int64_t>(static_cast<int64_t>(std::floor(start - margin)), 0);
    auto high = std::min<int64_t>(static_cast<int64_t>(std::ceil(start + length + margin)), limit);
    return std::pair{low, high - low};
  };
  auto [x, w] = span(box.x, box.width, width);
  auto [y, h] = span(box.y, box.height, height);
  return {x, y, w, h};
}

Box box_of(const Rect& rect) {
  return {static_cast<double>(rect.x), static_cast<double>(rect.y), static_cast<double>(rect.width),
          static_cast<double>(rect.height)};
}

// The box in the region's pixels; kept inside, where rounding may have moved it out.
Box inside(const Box& box, const RegionView& region) {
  auto scale = 1 / static_cast<double>(region.shrink);
  auto side = [&](double start, double length, int64_t from, int64_t limit) {
    double low = std::max((start - static_cast<double>(from)) * scale, 0.0);
    return std::pair{low, std::min(length * scale, static_cast<double>(limit) - low)};
  };
  auto [x, width] = side(box.x, box.width, region.x, region.pixels.width);
  auto [y, height] = side(box.y, box.height, region.y, region.pixels.height);
  return {x, y, width, height};
}

}  // namespace

std::vector<View> plan_views(const Image& image, const ImagesOptions& options, Pass pass,
                             std::span<const Output> outputs) {
  const CropRule& rule = options.crop;
  int64_t width = image.width(), height = image.height(), bytes = rule.size * rule.size * 3;
  auto shrink = [&](double w, double h) {
    return options.scaled_decoding
               ? image.shrink_for(static_cast<int64_t>(w), static_cast<int64_t>(h), kLeft * rule.size)
               : 1;
  };
  std::vector<View> views;
  for (const Output& output : outputs) {
    vh_random where = vh_random_from(vh_hash2(output.seed, kCropStream));
    bool train = pass == Pass::kTrain, mirror = train && vh::media::draw_flip(output.seed, options.flip);
    if (train && rule.kind != CropKind::kCenter) {
      Rect rect = train_crop(rule, width, height, where);
      Box box = box_of(rect);
      views.push_back({output.pixels, box, rect, shrink(box.width, box.height), mirror});
      continue;
    }
    int64_t crops = train ? 1 : options.crops;
    for (int64_t crop = 0; crop < crops; ++crop) {
      Box box = resized_crop(rule, width, height, crop, crops);
      views.push_back({output.pixels + crop * bytes, box, reach(box, options.filter, rule.size, width, height),
                       shrink(box.width, box.height), mirror});
    }
  }
  return views;
}

void write_views(const Image& image, const std::vector<View>& views, const ImagesOptions& options) {
  for (int64_t shrink : {1, 2, 4, 8}) {
    std::vector<const View*> here;
    for (const View& view : views)
      if (view.shrink == shrink) here.push_back(&view);
    if (here.empty()) continue;
    Rect all = here[0]->needed;
    for (const View* view : here) all = hull(all, view->needed);
    Region region = image.decode(all, shrink);
    for (const View* view : here) {
      RegionView from = cut(region, view->needed);
      vh::media::resample(from.pixels, inside(view->box, from), options.filter, view->mirror, options.crop.size,
                          options.crop.size, view->out);
    }
  }
}

}  // namespace imagenet
