#include "check/checks.h"

namespace vhost::check {

std::vector<Check> params_checks() {
  return {};
}
std::vector<Check> contract_checks() {
  return {};
}
std::vector<Check> gradient_checks() {
  return {};
}
std::vector<Check> numerics_checks() {
  return {};
}
std::vector<Check> dataset_checks() {
  return {};
}
std::vector<Check> resources_checks() {
  return {};
}
std::vector<Check> state_checks() {
  return {};
}

}  // namespace vhost::check
