#include "check/checks.h"

#include "gateway/gateway.h"

namespace vhost::check {

Kind kind_of(const std::string& interface_id) {
  if (interface_id == VH_BACKBONE_1) return kBackbone;
  if (interface_id == VH_TARGET_1) return kTarget;
  if (interface_id == VH_HEAD_1) return kHead;
  if (interface_id == VH_LOSS_1) return kLoss;
  if (interface_id == VH_MASK_1) return kMask;
  if (interface_id == VH_DATASET_1) return kDataset;
  return Kind{};
}

const std::vector<Check>& all_checks() {
  static const std::vector<Check> checks = [] {
    std::vector<Check> all;
    for (const auto& group : {package_checks(), load_checks(), params_checks(), contract_checks(), gradient_checks(),
                              numerics_checks(), dataset_checks(), resources_checks(), state_checks()})
      all.insert(all.end(), group.begin(), group.end());
    return all;
  }();
  return checks;
}

const LoadedPlugin& load(const Case& subject) {
  register_gateway();
  return load_plugin(*subject.package, host_table());
}

}  // namespace vhost::check
