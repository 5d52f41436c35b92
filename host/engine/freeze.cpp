#include "engine/freeze.h"

#include <algorithm>

#include "engine/param_rules.h"
#include "vhost/params.h"

namespace vhost {

namespace {

// Pointer and pattern of each; "backbone" stands for all of it.
std::vector<std::pair<std::string, std::string>> patterns(const Manifest& manifest) {
  if (!manifest.has("/model/freeze")) return {};
  if (manifest.at("/model/freeze").is_string()) return {{"/model/freeze", "backbone.*"}};
  std::vector<std::pair<std::string, std::string>> all;
  for (size_t i = 0; i < manifest.at("/model/freeze").as_array().size(); ++i) {
    const std::string pointer = "/model/freeze/" + std::to_string(i);
    all.emplace_back(pointer, manifest.string(pointer));
  }
  return all;
}

std::vector<Param*> parameters(const std::vector<Param*>& params) {
  std::vector<Param*> own;
  std::copy_if(params.begin(), params.end(), std::back_inserter(own),
               [](const Param* param) { return param->role == VH_PARAMETER; });
  return own;
}

bool is_frozen(const Param* param) {
  return (param->flags & VH_PARAM_FROZEN) != 0;
}

void freeze_matching(const Manifest& manifest, const std::string& pointer, const std::string& pattern,
                     const std::vector<Param*>& params) {
  bool used = false;
  for (Param* param : params) {
    if (!matches_glob(pattern, param->name)) continue;
    used = true;
    param->flags |= VH_PARAM_FROZEN;
    param->value.set_requires_grad(false);
  }
  if (!used)
    throw manifest.error(pointer, quote(pattern) + " matches no parameter; the first is named " +
                                      (params.empty() ? "" : params.front()->name));
}

}  // namespace

void freeze(const Manifest& manifest, Model& model) {
  const auto all = patterns(manifest);
  if (all.empty()) return;
  const std::vector<Param*> params = parameters(model.params());
  std::vector<const Param*> learning;
  for (const Param* param : params)
    if (!is_frozen(param)) learning.push_back(param);
  for (const auto& [pointer, pattern] : all) freeze_matching(manifest, pointer, pattern, params);
  if (std::all_of(params.begin(), params.end(), is_frozen))
    throw manifest.error("/model/freeze", "leaves no parameter that learns");
  for (const auto& part : model.parts()) {
    const std::vector<Param*> own = parameters(part->scope()->all());
    const bool by_us = std::any_of(own.begin(), own.end(), [&](const Param* param) {
      return std::find(learning.begin(), learning.end(), param) != learning.end();
    });
    if (by_us && std::all_of(own.begin(), own.end(), is_frozen)) model.freeze(*part);
  }
}

}  // namespace vhost
