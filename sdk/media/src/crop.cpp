#include <vhost/media/crop.h>
#include <vhost/media/source.h>

#include <algorithm>
#include <cmath>

namespace vh::media {
namespace {

Rect centre(int64_t width, int64_t height, int64_t w, int64_t h) {
  return {(width - w) / 2, (height - h) / 2, w, h};
}

int64_t to_nearest(double value) {  // ties to even
  return static_cast<int64_t>(std::nearbyint(value));
}

Rect within_aspect(const CropRule& rule, int64_t width, int64_t height) {
  double w = static_cast<double>(width), h = static_cast<double>(height);
  if (w / h < rule.aspect[0]) return centre(width, height, width, std::max<int64_t>(to_nearest(w / rule.aspect[0]), 1));
  if (w / h > rule.aspect[1])
    return centre(width, height, std::max<int64_t>(to_nearest(h * rule.aspect[1]), 1), height);
  return {0, 0, width, height};
}

Rect random_resized(const CropRule& rule, int64_t width, int64_t height, vh_random& random) {
  double area = static_cast<double>(width * height);
  for (int attempt = 0; attempt < 10; ++attempt) {
    double target = vh_random_uniform(&random, rule.area[0], rule.area[1]) * area;
    double ratio = std::exp(vh_random_uniform(&random, std::log(rule.aspect[0]), std::log(rule.aspect[1])));
    auto w = static_cast<int64_t>(std::lround(std::sqrt(target * ratio)));
    auto h = static_cast<int64_t>(std::lround(std::sqrt(target / ratio)));
    if (w < 1 || h < 1 || w > width || h > height) continue;
    int64_t x = vh_random_below(&random, width - w + 1);
    return {x, vh_random_below(&random, height - h + 1), w, h};
  }
  if (rule.fallback == CropFallback::kAspect) return within_aspect(rule, width, height);
  int64_t side = std::min(width, height);
  return centre(width, height, side, side);
}

Rect multi_scale(const CropRule& rule, int64_t width, int64_t height, vh_random& random) {
  constexpr double kScales[4] = {1, 0.875, 0.75, 0.66};
  constexpr int kPositions[13][2] = {{0, 0}, {4, 0}, {0, 4}, {4, 4}, {2, 2}, {0, 2}, {4, 2},
                                     {2, 4}, {2, 0}, {1, 1}, {3, 1}, {1, 3}, {3, 3}};
  int64_t base = std::min(width, height), sides[4];
  for (int i = 0; i < 4; ++i) {
    sides[i] = std::max<int64_t>(static_cast<int64_t>(static_cast<double>(base) * kScales[i]), 1);
    if (std::abs(sides[i] - rule.size) < 3 && rule.size <= base) sides[i] = rule.size;
  }
  std::vector<std::array<int64_t, 2>> pairs;
  for (int i = 0; i < 4; ++i)
    for (int j = 0; j < 4; ++j)
      if (std::abs(i - j) <= 1) pairs.push_back({sides[j], sides[i]});
  auto [w, h] = pairs[static_cast<size_t>(vh_random_below(&random, static_cast<int64_t>(pairs.size())))];
  const int* at = kPositions[vh_random_below(&random, 13)];
  return {at[0] * ((width - w) / 4), at[1] * ((height - h) / 4), w, h};
}

}  // namespace

std::optional<CropKind> crop_kind(std::string_view name) {
  if (name == "random_resized") return CropKind::kRandomResized;
  if (name == "multi_scale") return CropKind::kMultiScale;
  if (name == "center") return CropKind::kCenter;
  return std::nullopt;
}

void check_crop(const CropRule& rule) {
  if (rule.area[0] > rule.area[1]) throw OptionError("/area", "the smallest share of the picture is above the largest");
  if (rule.aspect[0] > rule.aspect[1]) throw OptionError("/aspect", "the smallest aspect ratio is above the largest");
  if (rule.resize_short && rule.resize_short < rule.size)
    throw OptionError("/resize_short", str("is below size, ", rule.size));
}

Rect test_crop(const CropRule& rule, int64_t width, int64_t height, int64_t crop, int64_t crops) {
  int64_t short_side = std::min(width, height), resized = rule.resize_short ? rule.resize_short : rule.size;
  auto side = static_cast<int64_t>(
      std::lround(static_cast<double>(short_side) * static_cast<double>(rule.size) / static_cast<double>(resized)));
  side = std::clamp<int64_t>(side, 1, short_side);
  Rect rect = centre(width, height, side, side);
  if (crops > 1) {
    int64_t& along = width >= height ? rect.x : rect.y;
    along = static_cast<int64_t>(
        std::lround(static_cast<double>((std::max(width, height) - side) * crop) / static_cast<double>(crops - 1)));
  }
  return rect;
}

Box resized_crop(const CropRule& rule, int64_t width, int64_t height, int64_t crop, int64_t crops) {
  int64_t target = rule.resize_short ? rule.resize_short : rule.size, short_side = std::min(width, height);
  bool wide = width >= height;
  auto along = [&](int64_t side, bool spread) {  // start and length
    int64_t resized = side == short_side ? target : target * side / short_side, room = resized - rule.size;
    double share = spread && crops > 1 ? static_cast<double>(crop) / static_cast<double>(crops - 1) : 0.5;
    double pixel = static_cast<double>(side) / static_cast<double>(resized);
    return std::pair{static_cast<double>(to_nearest(static_cast<double>(room) * share)) * pixel,
                     static_cast<double>(rule.size) * pixel};
  };
  auto [x, w] = along(width, wide);
  auto [y, h] = along(height, !wide);
  return {x, y, w, h};
}

Rect train_crop(const CropRule& rule, int64_t width, int64_t height, vh_random& random) {
  switch (rule.kind) {
    case CropKind::kRandomResized:
      return random_resized(rule, width, height, random);
    case CropKind::kMultiScale:
      return multi_scale(rule, width, height, random);
    case CropKind::kCenter:
      break;
  }
  return test_crop(rule, width, height, 0, 1);
}

}  // namespace vh::media
