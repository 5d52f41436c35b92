// Lists another component once it's loaded than when plugin.json was written.
#include "base.hpp"

namespace {

bool loaded = false;
constexpr vh::Component kOther[] = {vh::backbone<good::Backbone>("subject", "A linear layer"),
                                    vh::backbone<good::Backbone>("secret", "Another")};

int32_t init(const vh_host* host, vh_error* err) noexcept {
  loaded = true;
  return good::init(host, err);
}
int32_t list(vh_component_sink* sink, vh_error* err) noexcept {
#ifndef FIXED
  if (loaded) return vh::detail::list_components(kOther, sink, err);
#endif
  return vh::detail::list_components(good::kParts, sink, err);
}
constexpr vh_plugin_1 kPlugin = {sizeof(vh_plugin_1), 0, list};
const void* get(const char* interface_id, const char* component) noexcept {
  if (!std::strcmp(interface_id, VH_PLUGIN_1)) return &kPlugin;
  return good::get(interface_id, component);
}

}  // namespace

ENTRY(init, get);
