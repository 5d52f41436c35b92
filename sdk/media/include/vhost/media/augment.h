// Random changes of a picture, or of all frames of a clip alike: RandAugment, ColorJitter, RandomErasing. What is drawn
// and what is done are apart, so that every frame gets the same, and so that tests can fix it.
#pragma once
#include <vhost/random.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "picture_ops.h"

namespace vh::media {

enum class OpKind {
  kAutoContrast,
  kEqualize,
  kInvert,
  kRotate,       // degrees, counter-clockwise
  kPosterize,    // bits kept
  kSolarize,     // threshold
  kSolarizeAdd,  // what is added below 128
  kSaturation,   // factor; timm's Color
  kContrast,     // factor
  kBrightness,   // factor
  kSharpness,    // factor
  kShearX,       // columns a row
  kShearY,       // rows a column
  kTranslateX,   // share of the width
  kTranslateY,   // share of the height
  kHue,          // -0.5 .. 0.5 of the circle
};
std::string_view op_name(OpKind);

// An operation, decided.
struct Op {
  OpKind kind;
  double value = 0;
  Filter filter = Filter::kBicubic;  // of rotate, shear and translate
};
void apply_op(const Op&, const PictureSpan&, Colour fill);
// Of rotate, shear and translate, for a picture of this size; of the others none.
std::optional<Affine> affine_of(const Op&, int64_t width, int64_t height);

// What RandAugment draws from.
enum class OpSet {
  kNone,
  kTimm,            // timm's "rand-..", 15 operations, with replacement
  kTimmIncreasing,  // the same with "-inc1": every operation grows with the magnitude
  kPytorchVideo,    // pytorchvideo's 14 (no solarize-add), without replacement
};
std::optional<OpSet> op_set(std::string_view name);  // "none", "timm", "timm_increasing", "pytorchvideo"

// Cubuk et al., arXiv:1909.13719: n operations; each happens with `probability`, with a level of N(magnitude, std) cut
// to 0 .. 10.
struct RandAugmentRule {
  OpSet set = OpSet::kNone;
  int64_t n = 2;
  double magnitude = 9, std = 0.5, probability = 0.5;
  std::vector<Filter> filters = {Filter::kBicubic};  // one is drawn for each operation
  Colour fill = {128, 128, 128};
};

// torchvision's ColorJitter: factors from max(0, 1 - x) .. 1 + x, the hue's shift from -x .. x, in a drawn order. 0:
// not at all.
struct JitterRule {
  double brightness = 0, contrast = 0, saturation = 0, hue = 0;
};

enum class EraseMode {
  kConst,    // the mean
  kNormal,   // each value from N(mean, std), rounded and cut to 8 bits
  kUniform,  // each value from 0 .. 255
};
std::optional<EraseMode> erase_mode(std::string_view name);  // "const", "normal", "uniform"

// Zhong et al., arXiv:1708.04896, as timm: `count` boxes, each with 1 / count of the area drawn from `area` (shares of
// the picture) and an aspect ratio (height / width) drawn on a log scale; 10 tries for a box that fits.
struct EraseRule {
  double probability = 0;
  std::array<double, 2> area = {0.02, 1.0 / 3}, aspect = {0.3, 1 / 0.3};
  int64_t count = 1;
  EraseMode mode = EraseMode::kNormal;
  std::array<double, 3> mean = {123.675, 116.28, 103.53}, std = {58.395, 57.12, 57.375};  // 0 .. 255
};

// A byte drawn by its probability, by Walker's alias method: from the upper half of a random 64-bit number, i its low 8
// bits and r the other 24, i where r < limit[i], else other[i].
struct NoiseTable {
  std::array<uint32_t, 256> limit;
  std::array<uint8_t, 256> other;
};
// N(mean, std), rounded and cut to 0 .. 255.
NoiseTable normal_noise(double mean, double std);
// Of EraseMode::kConst.
Colour mean_colour(const EraseRule&);

struct AugmentOptions {
  RandAugmentRule rand_augment;
  JitterRule jitter;
  EraseRule erase;
};

// Streams of a sample's seed, the same in every dataset and in the host's data.augment: the same settings draw the
// same.
inline bool draw_flip(uint64_t seed, double probability) {
  vh_random random = vh_random_from(vh_hash2(seed, 3));
  return vh_random_unit(&random) < probability;
}
inline vh_random augment_stream(uint64_t seed) {
  return vh_random_from(vh_hash2(seed, 5));
}

struct Decisions {
  std::vector<Op> ops;       // in order: RandAugment's, then ColorJitter's
  std::vector<Rect> erased;  // after them
  uint64_t noise_seed = 0;   // of what fills the boxes
};

// Order, as in timm and in MMPretrain's recipes: crop, resize, flip, RandAugment, ColorJitter, RandomErasing; the first
// three are the dataset's. Any thread.
class Augment {
 public:
  explicit Augment(AugmentOptions options);

  bool is_nothing() const;
  const AugmentOptions& options() const { return options_; }
  // Boxes are for pictures of this size, operations for any.
  Decisions draw(vh_random& random, int64_t width, int64_t height) const;
  // RandAugment's and ColorJitter's operations.
  void change(const Decisions& decisions, const PictureSpan& picture) const;
  // The picture has the size that draw() was told. The noise in the boxes is each frame's own: value after value, over
  // boxes, rows, columns and channels, from the stream of hash(noise_seed, frame).
  void erase(const Decisions& decisions, const PictureSpan& picture, int64_t frame = 0) const;
  // One after the other.
  void apply(const Decisions& decisions, const PictureSpan& picture, int64_t frame = 0) const {
    change(decisions, picture);
    erase(decisions, picture, frame);
  }

 private:
  void fill_box(const PictureSpan& picture, const Rect& box, vh_random& random) const;

  AugmentOptions options_;
  std::array<NoiseTable, 3> noise_;
};

}  // namespace vh::media
