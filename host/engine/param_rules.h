// Which learning rate and weight decay each parameter trains with.
#pragma once
#include <vector>

#include "gateway/gateway.h"
#include "manifest/manifest.h"

namespace vhost {

struct ParamSetting {
  double weight_decay = 0, lr_scale = 1;
};

std::vector<const Param*> trained_params(const std::vector<Param*>& params);  // not buffers, not frozen ones

int32_t layers_of(const std::vector<Param*>& params);  // one above the largest layer id, frozen parameters' included

// Of each of the trained `params`: optimizer.weight_decay but for biases, 1-D tensors and
// VH_PARAM_NO_DECAY; the part's own lr scale times optimizer.layer_decay^(last - id), where the ids are the part's
// (vh_param.layer; -1 = last) and last is one above the largest, at least `layers`; then optimizer.rules in their
// order: a weight_decay replaces, an lr_scale multiplies. Throws Error at a rule that no parameter matches,
// and at a layer_decay without any ids.
std::vector<ParamSetting> param_settings(const Manifest& manifest, const std::vector<const Param*>& params,
                                         int32_t layers = 0);

// Whether `text` matches `pattern`, in which * stands for any characters, none included.
bool matches_glob(std::string_view pattern, std::string_view text);
bool matches_any(const std::vector<std::string>& patterns, std::string_view text);

}  // namespace vhost
