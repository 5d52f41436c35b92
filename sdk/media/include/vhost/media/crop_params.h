// The parameters of crops, the same in every dataset: call describe_crop() in the dataset's describe().
#pragma once
#include <string>
#include <vector>
#include <vhost/cpp/rule.hpp>

#include "crop.h"

namespace vh::media {

struct CropParams {
  int64_t size, resize_short;
  std::string crop;
  std::vector<double> area, aspect;
};

template <class V>
void describe_crop(V& v, CropParams& p) {
  v("size", p.size, 224, vh::range(1, 4096), "side of the square picture in pixels");
  v("resize_short", p.resize_short, 0, vh::range(0, 16384),
    "center crop and evaluation: short side before a square of `size` is cut out; 0: size, i.e. the whole short side");
  v("crop", p.crop, "random_resized", vh::choices("random_resized", "multi_scale", "center"),
    "crop in training; resized to size x size");
  v("area", p.area, {0.08, 1.0}, vh::length(2) | vh::range(1e-6, 1),
    "random_resized: smallest and largest share of the picture");
  v("aspect", p.aspect, {0.75, 1.3333333333333333}, vh::length(2) | vh::range(0.01, 100),
    "random_resized: smallest and largest width / height, drawn on a log scale");
}

// Not checked yet: see check_crop().
inline CropRule crop_rule(const CropParams& p) {
  return {*crop_kind(p.crop), p.size, p.resize_short, {p.area[0], p.area[1]}, {p.aspect[0], p.aspect[1]}};
}

}  // namespace vh::media
