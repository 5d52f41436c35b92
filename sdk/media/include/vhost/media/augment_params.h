// The parameters of augmentation, the same in every dataset: call describe_augment() in the dataset's describe().
#pragma once
#include <string>
#include <vector>
#include <vhost/cpp/rule.hpp>

#include "augment.h"

namespace vh::media {

struct AugmentParams {
  std::string rand_augment, rand_augment_filter, erase_mode;
  int64_t rand_augment_n, erase_count;
  double rand_augment_magnitude, rand_augment_std, rand_augment_probability, erase;
  std::vector<double> rand_augment_fill, color_jitter, erase_area, erase_aspect, erase_mean, erase_std;
};

template <class V>
void describe_augment(V& v, AugmentParams& p) {
  v("rand_augment", p.rand_augment, "none", vh::choices("none", "timm", "timm_increasing", "pytorchvideo"),
    "RandAugment in training, after crop, resize and flip; timm: 15 operations; timm_increasing: all grow with the "
    "magnitude; pytorchvideo: 14, none twice");
  v("rand_augment_n", p.rand_augment_n, 2, vh::range(1, 16), "operations drawn");
  v("rand_augment_magnitude", p.rand_augment_magnitude, 9.0, vh::range(0, 10), "their strength");
  v("rand_augment_std", p.rand_augment_std, 0.5, vh::range(0, 100), "of the strength, drawn for each operation");
  v("rand_augment_probability", p.rand_augment_probability, 0.5, vh::range(0, 1), "that a drawn operation happens");
  v("rand_augment_filter", p.rand_augment_filter, "bicubic", vh::choices("bicubic", "bilinear", "nearest", "random"),
    "interpolation of rotate, shear and translate; random: bilinear or bicubic");
  v("rand_augment_fill", p.rand_augment_fill, {128, 128, 128}, vh::length(3) | vh::range(0, 255),
    "RGB colour that rotate, shear and translate bring in");
  v("color_jitter", p.color_jitter, {0, 0, 0, 0}, vh::length(4) | vh::range(0, 10),
    "ColorJitter in training, after RandAugment: brightness, contrast, saturation (factors of 1 - x to 1 + x) and hue "
    "(a shift of at most x of the circle, x up to 0.5), in a drawn order");
  v("erase", p.erase, 0.0, vh::range(0, 1), "probability of RandomErasing in training, after ColorJitter");
  v("erase_mode", p.erase_mode, "normal", vh::choices("normal", "uniform", "const"),
    "pixels of the erased box: N(erase_mean, erase_std) cut to 0 .. 255, 0 .. 255 evenly, or erase_mean");
  v("erase_area", p.erase_area, {0.02, 1.0 / 3}, vh::length(2) | vh::range(1e-6, 1),
    "smallest and largest share of the picture");
  v("erase_aspect", p.erase_aspect, {0.3, 1 / 0.3}, vh::length(2) | vh::range(0.01, 100),
    "smallest and largest height / width, drawn on a log scale");
  v("erase_count", p.erase_count, 1, vh::range(1, 64), "boxes, which share the area");
  v("erase_mean", p.erase_mean, {123.675, 116.28, 103.53}, vh::length(3) | vh::range(0, 255), "RGB, 0 .. 255");
  v("erase_std", p.erase_std, {58.395, 57.12, 57.375}, vh::length(3) | vh::range(0.01, 255), "RGB, 0 .. 255");
}

// Throws vh::Error with the parameter's pointer where two of them don't fit together.
inline AugmentOptions augment_options(const AugmentParams& p) {
  auto ordered = [](const char* pointer, const std::vector<double>& pair) {
    if (pair[0] > pair[1]) throw vh::param_error(pointer, "the first number is above the second");
    return std::array<double, 2>{pair[0], pair[1]};
  };
  auto three = [](const std::vector<double>& v) { return std::array<double, 3>{v[0], v[1], v[2]}; };
  if (p.color_jitter[3] > 0.5) throw vh::param_error("/color_jitter/3", "a hue's shift can't be above 0.5");
  AugmentOptions o;
  std::vector<Filter> filters = {Filter::kBilinear, Filter::kBicubic};
  if (p.rand_augment_filter != "random") filters = {*filter_named(p.rand_augment_filter)};
  auto fill = [&](size_t c) { return static_cast<uint8_t>(p.rand_augment_fill[c] + 0.5); };
  o.rand_augment = {*op_set(p.rand_augment),    p.rand_augment_n, p.rand_augment_magnitude,   p.rand_augment_std,
                    p.rand_augment_probability, filters,          {fill(0), fill(1), fill(2)}};
  o.jitter = {p.color_jitter[0], p.color_jitter[1], p.color_jitter[2], p.color_jitter[3]};
  o.erase = {p.erase,
             ordered("/erase_area", p.erase_area),
             ordered("/erase_aspect", p.erase_aspect),
             p.erase_count,
             *erase_mode(p.erase_mode),
             three(p.erase_mean),
             three(p.erase_std)};
  return o;
}

}  // namespace vh::media
