// Its schema lets keys pass that it doesn't know: a misspelt parameter would be ignored.
#include "base.hpp"

namespace {

std::string schema() {
  std::string text = vh::schema_text<good::Backbone::Params>();
#ifndef FIXED
  text.replace(text.rfind("false"), 5, "true");
#endif
  return text;
}
constexpr vh::Component kParts[] = {
    {VH_BACKBONE_1, "subject", "A linear layer", &vh::detail::backbone_table<good::Backbone>, &schema}};

int32_t list(vh_component_sink* sink, vh_error* err) noexcept {
  return vh::detail::list_components(kParts, sink, err);
}
constexpr vh_plugin_1 kPlugin = {sizeof(vh_plugin_1), 0, list};
const void* get(const char* interface_id, const char* component) noexcept {
  if (!std::strcmp(interface_id, VH_PLUGIN_1)) return &kPlugin;
  return vh::detail::find_table(kParts, interface_id, component);
}

}  // namespace

ENTRY(good::init, get);
