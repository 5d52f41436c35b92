#include "op_sets.h"

#include <algorithm>

namespace vh::media {
namespace {

constexpr OpKind kTimmOps[] = {OpKind::kAutoContrast, OpKind::kEqualize,   OpKind::kInvert,      OpKind::kRotate,
                               OpKind::kPosterize,    OpKind::kSolarize,   OpKind::kSolarizeAdd, OpKind::kSaturation,
                               OpKind::kContrast,     OpKind::kBrightness, OpKind::kSharpness,   OpKind::kShearX,
                               OpKind::kShearY,       OpKind::kTranslateX, OpKind::kTranslateY};
constexpr OpKind kPytorchVideoOps[] = {
    OpKind::kBrightness, OpKind::kContrast, OpKind::kSaturation, OpKind::kSharpness, OpKind::kAutoContrast,
    OpKind::kEqualize,   OpKind::kInvert,   OpKind::kRotate,     OpKind::kPosterize, OpKind::kSolarize,
    OpKind::kShearX,     OpKind::kShearY,   OpKind::kTranslateX, OpKind::kTranslateY};

double whole(double value) {
  return static_cast<double>(static_cast<int>(value));
}

}  // namespace

std::span<const OpKind> ops_of(OpSet set) {
  if (set == OpSet::kNone) return {};
  return set == OpSet::kPytorchVideo ? std::span<const OpKind>(kPytorchVideoOps) : std::span<const OpKind>(kTimmOps);
}

double value_at(OpSet set, OpKind kind, double level, vh_random& random) {
  double share = level / 10;
  bool increasing = set != OpSet::kTimm;
  auto either_sign = [&](double value) { return vh_random_unit(&random) < 0.5 ? -value : value; };
  switch (kind) {
    case OpKind::kRotate:
      return either_sign(share * 30);
    case OpKind::kPosterize:
      return increasing ? 4 - whole(share * 4) : whole(share * 4);
    case OpKind::kSolarize:
      if (set == OpSet::kPytorchVideo) return whole((1 - share) * 255);
      return increasing ? 256 - whole(share * 256) : whole(share * 256);
    case OpKind::kSolarizeAdd:
      return whole(share * 110);
    case OpKind::kSaturation:
    case OpKind::kContrast:
    case OpKind::kBrightness:
    case OpKind::kSharpness:
      return increasing ? std::max(0.1, 1 + either_sign(share * 0.9)) : share * 1.8 + 0.1;
    case OpKind::kShearX:
    case OpKind::kShearY:
      return either_sign(share * 0.3);
    case OpKind::kTranslateX:
    case OpKind::kTranslateY:
      return either_sign(share * 0.45);
    default:
      return 0;
  }
}

}  // namespace vh::media
