// Looks at the interface only, so it serves a component of any name.
#include "base.hpp"

namespace {

const void* get(const char* interface_id, const char* component) noexcept {
#ifndef FIXED
  if (!std::strcmp(interface_id, VH_BACKBONE_1)) component = "subject";
#endif
  return good::get(interface_id, component);
}

}  // namespace

ENTRY(good::init, get);
