#include "engine/mix.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "vhost/random.h"

namespace vhost {

namespace {

double beta(double alpha, vh_random& random) {
  while (true) {
    const double x = std::log(1 - vh_random_unit(&random)) / alpha, y = std::log(1 - vh_random_unit(&random)) / alpha;
    const double larger = std::max(x, y);
    if (!std::isfinite(larger)) return vh_random_unit(&random) < 0.5 ? 0 : 1;  // what is left as alpha vanishes
    const double log_sum = larger + std::log(std::exp(x - larger) + std::exp(y - larger));
    if (log_sum <= 0) return std::exp(x - log_sum);
  }
}

// A box of the wanted share of the picture around a uniform centre, cut at the borders.
void draw_box(MixDraw& mix, int64_t height, int64_t width, vh_random& random) {
  const double side = std::sqrt(1 - mix.own);
  const auto h = static_cast<int64_t>(static_cast<double>(height) * side),
             w = static_cast<int64_t>(static_cast<double>(width) * side);
  const int64_t y = vh_random_below(&random, height), x = vh_random_below(&random, width);
  const int64_t top = std::max<int64_t>(y - h / 2, 0), left = std::max<int64_t>(x - w / 2, 0);
  mix.top = top, mix.left = left;
  mix.height = std::min(y + h / 2, height) - top, mix.width = std::min(x + w / 2, width) - left;
  mix.own = 1 - static_cast<double>(mix.height * mix.width) / static_cast<double>(height * width);
}

at::Tensor mixed(const at::Tensor& rows, const at::Tensor& partners, double own) {
  if (rows.is_floating_point()) return rows.mul(own).add_(partners, 1 - own);
  return rows.to(at::kFloat).mul_(own).add_(partners.to(at::kFloat), 1 - own).round_().to(rows.scalar_type());
}

// The axes of height and width: of "input" [R,C,T,H,W] the last two, of "raw" [R,T,H,W,C] those before the last.
at::Tensor pasted(const at::Tensor& rows, const at::Tensor& partners, const MixDraw& mix, int64_t axis) {
  const auto box = [&](const at::Tensor& x) {
    return x.narrow(axis, mix.top, mix.height).narrow(axis + 1, mix.left, mix.width);
  };
  at::Tensor out = rows.clone();
  box(out).copy_(box(partners));
  return out;
}

// One-hot; of an unlabelled sample zeros.
at::Tensor soft_labels(const at::Tensor& label, int64_t classes) {
  if (label.max().item<int64_t>() >= classes)
    throw Error("data.mix needs labels from 0 to " + std::to_string(classes - 1) + "; this batch has " +
                std::to_string(label.max().item<int64_t>()));
  const at::Tensor index = label.clamp_min(0).unsqueeze(1), one = label.ge(0).to(at::kFloat).unsqueeze(1);
  return at::zeros({label.size(0), classes}, one.options()).scatter_(1, index, one);
}

}  // namespace

MixRule mix_rule(const Manifest& manifest) {
  if (!manifest.has("/data/mix")) return {};
  return {manifest.number("/data/mix/mixup"), manifest.number("/data/mix/cutmix"), manifest.number("/data/mix/prob"),
          manifest.number("/data/mix/switch_prob"), manifest.string("/data/mix/pair") == "permutation"};
}

double draw_beta(double alpha, uint64_t seed) {
  vh_random random = vh_random_from(seed);
  return beta(alpha, random);
}

MixDraw draw_mix(const MixRule& rule, int64_t rows, int64_t height, int64_t width, uint64_t seed) {
  MixDraw mix;
  vh_random random = vh_random_from(seed);
  if (rows < 2 || (rule.mixup <= 0 && rule.cutmix <= 0) || vh_random_unit(&random) >= rule.prob) return mix;
  const bool both = rule.mixup > 0 && rule.cutmix > 0;
  const bool cutmix = both ? vh_random_unit(&random) < rule.switch_prob : rule.cutmix > 0;
  mix.kind = cutmix ? MixDraw::Kind::cutmix : MixDraw::Kind::mixup;
  mix.own = beta(cutmix ? rule.cutmix : rule.mixup, random);
  if (cutmix) draw_box(mix, height, width, random);
  mix.partner.resize(static_cast<size_t>(rows));
  std::iota(mix.partner.begin(), mix.partner.end(), 0);
  if (rule.permute)
    vh_random_shuffle(&random, mix.partner.data(), rows);
  else
    std::reverse(mix.partner.begin(), mix.partner.end());
  return mix;
}

void apply_mix(vh_map& all, const MixDraw& mix, int64_t classes) {
  at::Tensor soft = soft_labels(*all.find("batch.label"), classes);
  if (mix.kind != MixDraw::Kind::none) {
    const at::Tensor partner = at::tensor(mix.partner, at::kLong).to(soft.device());
    const auto change = [&](const char* key, int64_t axis) {
      const at::Tensor rows = *all.find(key), partners = rows.index_select(0, partner);
      all.put(key,
              mix.kind == MixDraw::Kind::mixup ? mixed(rows, partners, mix.own) : pasted(rows, partners, mix, axis));
    };
    change("input", 3);
    change("raw", 2);
    soft = mixed(soft, soft.index_select(0, partner), mix.own);
  }
  all.put("batch.label_soft", soft);
}

}  // namespace vhost
