#include "plugins/resolve_manifest.h"

#include <algorithm>

#include "vhost/vhost.h"

namespace vhost {
namespace {

struct Place {
  const char* pattern;  // "*" stands for one key or index
  const char* interface_id;
};
constexpr Place kPlaces[] = {
    {"/data/train", VH_DATASET_1},      {"/data/eval", VH_DATASET_1},  {"/data/predict", VH_DATASET_1},
    {"/model/backbone", VH_BACKBONE_1}, {"/model/heads/*", VH_HEAD_1}, {"/mask", VH_MASK_1},
    {"/target", VH_TARGET_1},           {"/losses/*", VH_LOSS_1},
};

bool fits(std::string_view pointer, std::string_view pattern) {
  if (!pattern.ends_with('*')) return pointer == pattern;
  pattern.remove_suffix(1);
  return pointer.starts_with(pattern) && pointer.size() > pattern.size() &&
         pointer.find('/', pattern.size()) == std::string_view::npos;
}

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
  const std::string wanted = interface_at(pointer), use = pointer + "/use";
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

// Below a part everything is that part's parameters, a "use" too.
bool below_a_part(const std::string& pointer) {
  for (size_t slash = pointer.rfind('/'); slash != 0 && slash != std::string::npos;
       slash = pointer.rfind('/', slash - 1))
    if (!interface_at(pointer.substr(0, slash)).empty()) return true;
  return false;
}

}  // namespace

std::string interface_at(const std::string& pointer) {
  for (const Place& place : kPlaces)
    if (fits(pointer, place.pattern)) return place.interface_id;
  return "";
}

std::vector<ResolvedPart> validate_parts(Manifest& manifest, const Found& found) {
  std::vector<std::pair<std::string, json::object*>> parts;
  each_part(manifest, [&](const std::string& pointer, json::object& part) {
    if (!below_a_part(pointer)) parts.emplace_back(pointer, &part);
  });
  std::vector<ResolvedPart> resolved;
  for (const auto& [pointer, part] : parts) {
    if (interface_at(pointer).empty())
      throw manifest.error(pointer,
                           "no part belongs here: parts stand at /data/train, /data/eval, /data/predict, "
                           "/model/backbone, /model/heads/NAME, /mask, /target and /losses/N");
    const Use use = read_use(manifest, pointer, *part);
    const Package& package = resolve_plugin(manifest, found, use.plugin, pointer + "/use");
    const Component& component = find_component(manifest, package, pointer, use.component);
    json::value value = *part;
    validate(manifest, pointer, value, component.schema, {"use", "in", "head", "weight"});
    *part = std::move(value.get_object());
    resolved.push_back({pointer, &package, &component});
  }
  if (const json::value* plugins = manifest.find("/plugins"); plugins && plugins->is_object())
    for (const auto& plugin : plugins->get_object()) {
      const std::string name(plugin.key());
      if (!plugin.value().is_null()) resolve_plugin(manifest, found, name, "/plugins/" + escape_pointer(name));
    }
  return resolved;
}

}  // namespace vhost
