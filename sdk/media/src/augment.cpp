#include <vhost/media/augment.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "op_sets.h"

namespace vh::media {
namespace {

void draw_rand_augment(const RandAugmentRule& rule, vh_random& random, std::vector<Op>& ops) {
  auto set = ops_of(rule.set);
  std::vector<OpKind> left(set.begin(), set.end());
  for (int64_t i = 0; i < rule.n && !left.empty(); ++i) {
    auto chosen = left.begin() + vh_random_below(&random, std::ssize(left));
    OpKind kind = *chosen;
    if (rule.set == OpSet::kPytorchVideo) left.erase(chosen);
    if (vh_random_unit(&random) >= rule.probability) continue;
    double level = rule.magnitude + rule.std * vh_random_normal(&random);
    double value = value_at(rule.set, kind, std::clamp(level, 0.0, 10.0), random);
    ops.push_back({kind, value, rule.filters[static_cast<size_t>(vh_random_below(&random, std::ssize(rule.filters)))]});
  }
}

void draw_jitter(const JitterRule& rule, vh_random& random, std::vector<Op>& ops) {
  const std::pair<OpKind, double> all[4] = {{OpKind::kBrightness, rule.brightness},
                                            {OpKind::kContrast, rule.contrast},
                                            {OpKind::kSaturation, rule.saturation},
                                            {OpKind::kHue, rule.hue}};
  int64_t order[4] = {0, 1, 2, 3};
  vh_random_shuffle(&random, order, 4);
  for (int64_t i : order) {
    auto [kind, amount] = all[i];
    double low = kind == OpKind::kHue ? -amount : std::max(0.0, 1 - amount);
    double value = vh_random_uniform(&random, low, kind == OpKind::kHue ? amount : 1 + amount);
    if (amount > 0) ops.push_back({kind, value});
  }
}

void draw_boxes(const EraseRule& rule, int64_t width, int64_t height, vh_random& random, std::vector<Rect>& boxes) {
  if (vh_random_unit(&random) >= rule.probability) return;
  double area = static_cast<double>(width * height) / static_cast<double>(rule.count);
  for (int64_t i = 0; i < rule.count; ++i)
    for (int attempt = 0; attempt < 10; ++attempt) {
      double target = vh_random_uniform(&random, rule.area[0], rule.area[1]) * area;
      double aspect = std::exp(vh_random_uniform(&random, std::log(rule.aspect[0]), std::log(rule.aspect[1])));
      auto h = static_cast<int64_t>(std::nearbyint(std::sqrt(target * aspect))),
           w = static_cast<int64_t>(std::nearbyint(std::sqrt(target / aspect)));
      if (w >= width || h >= height) continue;
      int64_t y = vh_random_below(&random, height - h + 1);
      boxes.push_back({vh_random_below(&random, width - w + 1), y, w, h});
      break;
    }
}

uint8_t to_byte(double value) {
  return static_cast<uint8_t>(std::clamp(std::nearbyint(value), 0.0, 255.0));
}

}  // namespace

std::string_view op_name(OpKind kind) {
  constexpr std::string_view kNames[] = {
      "auto_contrast", "equalize",   "invert",    "rotate",  "posterize", "solarize",    "solarize_add", "saturation",
      "contrast",      "brightness", "sharpness", "shear_x", "shear_y",   "translate_x", "translate_y",  "hue"};
  return kNames[static_cast<size_t>(kind)];
}

void apply_op(const Op& op, const PictureSpan& p, Colour fill) {
  auto whole = static_cast<int>(op.value);
  switch (op.kind) {
    case OpKind::kAutoContrast:
      return auto_contrast(p);
    case OpKind::kEqualize:
      return equalize(p);
    case OpKind::kInvert:
      return invert(p);
    case OpKind::kPosterize:
      return posterize(p, whole);
    case OpKind::kSolarize:
      return solarize(p, whole);
    case OpKind::kSolarizeAdd:
      return solarize_add(p, whole);
    case OpKind::kSaturation:
      return adjust_saturation(p, op.value);
    case OpKind::kContrast:
      return adjust_contrast(p, op.value);
    case OpKind::kBrightness:
      return adjust_brightness(p, op.value);
    case OpKind::kSharpness:
      return adjust_sharpness(p, op.value);
    case OpKind::kHue:
      return adjust_hue(p, op.value);
    case OpKind::kRotate:
    case OpKind::kShearX:
    case OpKind::kShearY:
    case OpKind::kTranslateX:
    case OpKind::kTranslateY:
      return transform(p, *affine_of(op, p.width, p.height), op.filter, fill);
  }
}

std::optional<Affine> affine_of(const Op& op, int64_t width, int64_t height) {
  switch (op.kind) {
    case OpKind::kRotate:
      return rotation(op.value, width, height);
    case OpKind::kShearX:
      return Affine{1, op.value, 0, 0, 1, 0};
    case OpKind::kShearY:
      return Affine{1, 0, 0, op.value, 1, 0};
    case OpKind::kTranslateX:
      return Affine{1, 0, op.value * static_cast<double>(width), 0, 1, 0};
    case OpKind::kTranslateY:
      return Affine{1, 0, 0, 0, 1, op.value * static_cast<double>(height)};
    default:
      return std::nullopt;
  }
}

std::optional<OpSet> op_set(std::string_view name) {
  if (name == "none") return OpSet::kNone;
  if (name == "timm") return OpSet::kTimm;
  if (name == "timm_increasing") return OpSet::kTimmIncreasing;
  if (name == "pytorchvideo") return OpSet::kPytorchVideo;
  return std::nullopt;
}

std::optional<EraseMode> erase_mode(std::string_view name) {
  if (name == "const") return EraseMode::kConst;
  if (name == "normal") return EraseMode::kNormal;
  if (name == "uniform") return EraseMode::kUniform;
  return std::nullopt;
}

Colour mean_colour(const EraseRule& rule) {
  return {to_byte(rule.mean[0]), to_byte(rule.mean[1]), to_byte(rule.mean[2])};
}

Augment::Augment(AugmentOptions options) : options_(std::move(options)) {
  for (size_t c = 0; c < 3; ++c) noise_[c] = normal_noise(options_.erase.mean[c], options_.erase.std[c]);
}

bool Augment::is_nothing() const {
  const JitterRule& jitter = options_.jitter;
  return options_.rand_augment.set == OpSet::kNone && options_.erase.probability == 0 &&
         std::max({jitter.brightness, jitter.contrast, jitter.saturation, jitter.hue}) == 0;
}

Decisions Augment::draw(vh_random& random, int64_t width, int64_t height) const {
  // Streams apart, so that turning one kind on leaves the others' decisions.
  uint64_t seed = vh_random_u64(&random);
  auto stream = [&](uint64_t n) { return vh_random_from(vh_hash2(seed, n)); };
  vh_random rand_augment = stream(1), jitter = stream(2), erase = stream(3);
  Decisions decisions;
  draw_rand_augment(options_.rand_augment, rand_augment, decisions.ops);
  draw_jitter(options_.jitter, jitter, decisions.ops);
  draw_boxes(options_.erase, width, height, erase, decisions.erased);
  decisions.noise_seed = vh_hash2(seed, 4);
  return decisions;
}

void Augment::change(const Decisions& decisions, const PictureSpan& picture) const {
  for (const Op& op : decisions.ops) apply_op(op, picture, options_.rand_augment.fill);
}

void Augment::erase(const Decisions& decisions, const PictureSpan& picture, int64_t frame) const {
  vh_random random = vh_random_from(vh_hash2(decisions.noise_seed, static_cast<uint64_t>(frame)));
  for (const Rect& box : decisions.erased) fill_box(picture, box, random);
}

void Augment::fill_box(const PictureSpan& picture, const Rect& box, vh_random& random) const {
  const EraseRule& rule = options_.erase;
  const Colour mean = mean_colour(rule);
  auto drawn = [&](size_t c) {
    auto bits = static_cast<uint32_t>(vh_random_u64(&random) >> 32);
    uint32_t value = bits & 255;
    if (rule.mode == EraseMode::kUniform || (bits >> 8) < noise_[c].limit[value]) return static_cast<uint8_t>(value);
    return noise_[c].other[value];
  };
  for (int64_t y = box.y; y < box.y + box.height; ++y) {
    uint8_t* pixel = picture.rgb + y * picture.stride + box.x * 3;
    for (int64_t x = 0; x < box.width; ++x, pixel += 3)
      for (size_t c = 0; c < 3; ++c) pixel[c] = rule.mode == EraseMode::kConst ? mean[c] : drawn(c);
  }
}

NoiseTable normal_noise(double mean, double std) {
  auto below = [&](double value) { return 0.5 * std::erfc((mean - value) / (std * std::numbers::sqrt2)); };
  std::array<double, 256> share;  // times 256
  for (int i = 0; i < 256; ++i)
    share[static_cast<size_t>(i)] = 256 * ((i == 255 ? 1 : below(i + 0.5)) - (i == 0 ? 0 : below(i - 0.5)));
  std::vector<uint8_t> poor, rich;
  for (int i = 0; i < 256; ++i) (share[static_cast<size_t>(i)] < 1 ? poor : rich).push_back(static_cast<uint8_t>(i));
  NoiseTable alias;
  alias.limit.fill(1u << 24);
  for (size_t i = 0; i < 256; ++i) alias.other[i] = static_cast<uint8_t>(i);
  while (!poor.empty() && !rich.empty()) {
    size_t low = poor.back(), high = rich.back();
    poor.pop_back();
    alias.limit[low] = static_cast<uint32_t>(std::nearbyint(share[low] * (1 << 24)));
    alias.other[low] = static_cast<uint8_t>(high);
    share[high] -= 1 - share[low];
    if (share[high] >= 1) continue;
    rich.pop_back();
    poor.push_back(static_cast<uint8_t>(high));
  }
  return alias;
}

}  // namespace vh::media
