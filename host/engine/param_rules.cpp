#include "engine/param_rules.h"

#include <algorithm>
#include <cmath>

#include "vhost/params.h"

namespace vhost {

namespace {

bool decays(const Param& param) {
  return !(param.flags & VH_PARAM_NO_DECAY) && param.value.dim() > 1 && !param.name.ends_with(".bias");
}

std::vector<ParamSetting> by_the_parts(const Manifest& manifest, const std::vector<const Param*>& params,
                                       int32_t last) {
  const double weight_decay = manifest.number("/optimizer/weight_decay"),
               layer_decay = manifest.number("/optimizer/layer_decay");
  for (const Param* param : params) last = std::max(last, param->layer + 1);
  if (last == 0 && layer_decay != 1)
    throw manifest.error("/optimizer/layer_decay",
                         "needs parts that number their layers, and none of this model's does: remove it");
  std::vector<ParamSetting> settings;
  for (const Param* param : params) {
    const int32_t below = param->layer < 0 ? 0 : last - param->layer;
    settings.push_back({decays(*param) ? weight_decay : 0, param->lr_scale * std::pow(layer_decay, below)});
  }
  return settings;
}

}  // namespace

bool matches_glob(std::string_view pattern, std::string_view text) {
  size_t p = 0, t = 0, star = std::string_view::npos, resume = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = t;
    } else if (p < pattern.size() && pattern[p] == text[t]) {
      ++p, ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++resume;
    } else {
      return false;
    }
  }
  return std::all_of(pattern.begin() + static_cast<std::ptrdiff_t>(p), pattern.end(), [](char c) { return c == '*'; });
}

bool matches_any(const std::vector<std::string>& patterns, std::string_view text) {
  return std::any_of(patterns.begin(), patterns.end(),
                     [&](const std::string& pattern) { return matches_glob(pattern, text); });
}

std::vector<const Param*> trained_params(const std::vector<Param*>& params) {
  std::vector<const Param*> trained;
  for (const Param* param : params)
    if (param->role == VH_PARAMETER && !(param->flags & VH_PARAM_FROZEN) && param->value.requires_grad())
      trained.push_back(param);
  return trained;
}

int32_t layers_of(const std::vector<Param*>& params) {
  int32_t layers = 0;
  for (const Param* param : params) layers = std::max(layers, param->layer + 1);
  return layers;
}

std::vector<ParamSetting> param_settings(const Manifest& manifest, const std::vector<const Param*>& params,
                                         int32_t layers) {
  std::vector<ParamSetting> settings = by_the_parts(manifest, params, layers);
  const json::array& rules = manifest.at("/optimizer/rules").as_array();
  for (size_t i = 0; i < rules.size(); ++i) {
    const std::string pointer = "/optimizer/rules/" + std::to_string(i);
    const std::string match = manifest.string(pointer + "/match");
    bool used = false;
    for (size_t k = 0; k < params.size(); ++k) {
      if (!matches_glob(match, params[k]->name)) continue;
      used = true;
      if (manifest.has(pointer + "/weight_decay"))
        settings[k].weight_decay = manifest.number(pointer + "/weight_decay");
      if (manifest.has(pointer + "/lr_scale")) settings[k].lr_scale *= manifest.number(pointer + "/lr_scale");
    }
    if (!used)
      throw manifest.error(pointer + "/match", "matches no trainable parameter; the first is named " +
                                                   (params.empty() ? "" : params.front()->name));
  }
  return settings;
}

}  // namespace vhost
