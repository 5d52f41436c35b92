#include "plugins/resolve_manifest.h"

namespace vhost {
namespace {

struct Use {
  std::string plugin, component;
};

Use read_use(const Manifest& manifest, const std::string& pointer, const json::object& part) {
  const json::value& use = part.at("use");
  const std::string wanted = "\"plugin/component\" is wanted, e.g. \"videomae/vit\"";
  if (!use.is_string()) throw manifest.error(pointer + "/use", wanted + ", not " + json::serialize(use));
  const std::string text(use.get_string());
  const size_t slash = text.find('/');
  if (slash == 0 || slash == std::string::npos || slash + 1 == text.size() ||
      text.find('/', slash + 1) != std::string::npos)
    throw manifest.error(pointer + "/use", wanted + ", not \"" + text + "\"");
  return {text.substr(0, slash), text.substr(slash + 1)};
}

const Package& resolve_plugin(const Manifest& manifest, const Found& found, const std::string& name,
                              const std::string& used_at) {
  const std::string listed = "/plugins/" + escape_pointer(name);
  const json::value* range = manifest.find(listed);
  const bool given = range && !range->is_null();
  if (given && !range->is_string()) throw manifest.error(listed, "must be a version range such as \"^1.0\"");
  try {
    return resolve(found, name, given ? std::string(range->get_string()) : "*");
  } catch (const Error& error) {
    throw manifest.error(given ? listed : used_at, error.message());
  }
}

const Component& find_component(const Manifest& manifest, const Package& package, const std::string& pointer,
                                const std::string& name) {
  const std::string wanted = part_interface(pointer), use = pointer + "/use";
  if (const Component* component = package.find(wanted, name)) return *component;
  const std::string title = package.name + " " + package.version;
  std::vector<std::string> fitting;
  std::string listed, others;
  for (const Component& c : package.components) {
    if (c.name == name) others += (others.empty() ? "" : ", ") + c.interface_id;
    if (c.interface_id != wanted) continue;
    fitting.push_back(c.name);
    listed += (listed.empty() ? "" : ", ") + c.name;
  }
  const std::string offered = listed.empty() ? "; it offers no " + wanted : "; its " + wanted + " are: " + listed;
  if (!others.empty())
    throw manifest.error(
        use, "\"" + name + "\" of " + title + " is a " + others + ", but a " + wanted + " belongs here" + offered);
  throw manifest.error(use, title + " has no " + wanted + " \"" + name + "\"" + did_you_mean(name, fitting) + offered);
}

}  // namespace

std::vector<ResolvedPart> validate_parts(Manifest& manifest, const Found& found) {
  std::vector<ResolvedPart> resolved;
  each_part(manifest, [&](const std::string& pointer, json::object& part) {
    const Use use = read_use(manifest, pointer, part);
    const Package& package = resolve_plugin(manifest, found, use.plugin, pointer + "/use");
    const Component& component = find_component(manifest, package, pointer, use.component);
    validate(manifest, pointer, part, component.schema, part_host_keys(pointer));
    resolved.push_back({pointer, &package, &component});
  });
  if (const json::value* plugins = manifest.find("/plugins"); plugins && plugins->is_object())
    for (const auto& plugin : plugins->get_object()) {
      const std::string name(plugin.key());
      if (!plugin.value().is_null()) resolve_plugin(manifest, found, name, "/plugins/" + escape_pointer(name));
    }
  return resolved;
}

}  // namespace vhost
