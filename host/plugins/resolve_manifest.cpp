#include "plugins/resolve_manifest.h"

#include <algorithm>

namespace vhost {
namespace {

const std::string kNameCharacters = "abcdefghijklmnopqrstuvwxyz0123456789_-";

// "^1.0" is a range of the plugin `name`, "toy@~0.9" one of another plugin.
ResolvedPlugin read_entry(const Manifest& manifest, const std::string& name) {
  const std::string pointer = "/plugins/" + escape_pointer(name);
  const json::value& value = manifest.at(pointer);
  if (!value.is_string())
    throw manifest.error(pointer, "must be a version range such as \"^1.0\", or PLUGIN@RANGE such as \"toy@~0.9\"");
  const std::string text(value.get_string());
  const size_t at = text.find('@');
  if (at == std::string::npos) return {name, name, text, pointer};
  const std::string plugin = text.substr(0, at), range = text.substr(at + 1);
  if (plugin.empty() || plugin.find_first_not_of(kNameCharacters) != std::string::npos)
    throw manifest.error(pointer,
                         "PLUGIN@RANGE such as \"toy@~0.9\" is wanted, and \"" + plugin + "\" is no plugin's name");
  if (range.empty())
    throw manifest.error(pointer, "PLUGIN@RANGE such as \"toy@~0.9\" is wanted, and after the @ there is no range");
  return {name, plugin, range, pointer};
}

// Every name of /plugins, and those that only a part names: they take any version.
std::vector<ResolvedPlugin> read_names(Manifest& manifest) {
  std::map<std::string, ResolvedPlugin> names;
  each_part(manifest, [&](const std::string& pointer, json::object&) {
    const std::string name = read_use(manifest, pointer).plugin;
    names.try_emplace(name, ResolvedPlugin{name, name, "*", pointer + "/use"});
  });
  if (const json::value* plugins = manifest.find("/plugins"); plugins && plugins->is_object())
    for (const auto& [key, value] : plugins->get_object())
      if (!value.is_null()) names[std::string(key)] = read_entry(manifest, std::string(key));
  std::vector<ResolvedPlugin> list;
  for (auto& [name, plugin] : names) list.push_back(std::move(plugin));
  return list;
}

// Chooses a package for each name, and keeps what is to be said about the lock.
class Chooser {
 public:
  Chooser(const Manifest& manifest, const Found& found, const LockPolicy& policy)
      : manifest_(manifest), found_(found), policy_(policy) {}

  void choose(Resolution& resolution) {
    check_updates(resolution.plugins);
    for (ResolvedPlugin& plugin : resolution.plugins) {
      plugin.package = choose(plugin);
      if (plugin.package) resolution.lock[plugin.name] = vhost::locked(*plugin.package, plugin.range);
    }
    const std::string file = policy_.file.string();
    if (!problems_.empty()) {
      std::string text = file + ": the locked plugins aren't those that are installed:";
      for (const std::string& problem : problems_) text += "\n  " + problem;
      throw Error(text);
    }
    resolution.changes = lock_changes(policy_.lock.value_or(Lock()), resolution.lock);
    resolution.notes = std::move(notes_);
    if (policy_.locked && !policy_.lock)
      throw Error("--locked: there is no " + file + "; run once without --locked to make it");
    if (!policy_.locked || resolution.changes.empty()) return;
    std::string text = file + ": the lock would change, which --locked forbids:";
    for (const std::string& change : resolution.changes) text += "\n  " + change;
    throw Error(text + "\n  run once without --locked to renew it");
  }

 private:
  void check_updates(const std::vector<ResolvedPlugin>& plugins) const {
    std::vector<std::string> names;
    for (const ResolvedPlugin& plugin : plugins) names.push_back(plugin.name);
    for (const std::string& name : policy_.update)
      if (std::find(names.begin(), names.end(), name) == names.end())
        throw Error("--update " + name + ": the manifest has no plugin of that name" + did_you_mean(name, names));
  }

  const LockedPlugin* entry_of(const std::string& name) const {
    const bool renewed =
        policy_.update_all || std::find(policy_.update.begin(), policy_.update.end(), name) != policy_.update.end();
    if (!policy_.lock || renewed) return nullptr;
    const auto entry = policy_.lock->find(name);
    return entry == policy_.lock->end() ? nullptr : &entry->second;
  }

  const Package* choose(const ResolvedPlugin& plugin) {
    const LockedPlugin* entry = entry_of(plugin.name);
    if (!entry) return newest(plugin);
    if (entry->plugin != plugin.plugin || !admits(plugin, entry->version)) {
      const Package* other = newest(plugin);
      notes_.push_back(plugin.name + ": \"" + plugin.range + "\" doesn't admit the locked " + entry->plugin + " " +
                       entry->version + "; " + other->version + " is taken");
      return other;
    }
    return locked(plugin, *entry);
  }

  const Package* locked(const ResolvedPlugin& plugin, const LockedPlugin& entry) {
    const Package* highest = nullptr;
    for (const Package& package : found_.packages)
      if (package.name == plugin.plugin && admits(plugin, package.version) &&
          (!highest || compare_versions(package.version, highest->version) > 0))
        highest = &package;
    std::string problem;
    const Package* match = find_locked(found_, entry, problem);
    if (!match)
      problems_.push_back(problem + "; install what was locked" +
                          (highest ? ", or --update " + plugin.name + " takes " + highest->version : ""));
    else if (compare_versions(highest->version, match->version) > 0)
      notes_.push_back(plugin.name + (plugin.name == plugin.plugin ? "" : ": " + plugin.plugin) + " " +
                       highest->version + " is installed; the lock keeps " + match->version + "; --update " +
                       plugin.name + " takes it");
    return match;
  }

  bool admits(const ResolvedPlugin& plugin, const std::string& version) const {
    try {
      return version_matches(version, plugin.range);
    } catch (const Error& error) {
      throw manifest_.error(plugin.pointer, error.message());
    }
  }

  const Package* newest(const ResolvedPlugin& plugin) const {
    try {
      return &resolve(found_, plugin.plugin, plugin.range);
    } catch (const Error& error) {
      throw manifest_.error(plugin.pointer, error.message());
    }
  }

  const Manifest& manifest_;
  const Found& found_;
  const LockPolicy& policy_;
  std::vector<std::string> notes_, problems_;
};

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

const ResolvedPart& Resolution::part(const std::string& pointer) const {
  for (const ResolvedPart& part : parts)
    if (part.pointer == pointer) return part;
  throw Error(pointer + ": the manifest has no such part");
}

Resolution resolve_manifest(Manifest& manifest, const Found& found, const LockPolicy& policy) {
  Resolution resolution;
  resolution.plugins = read_names(manifest);
  Chooser(manifest, found, policy).choose(resolution);
  std::map<std::string, const Package*> packages;
  for (const ResolvedPlugin& plugin : resolution.plugins) packages[plugin.name] = plugin.package;
  each_part(manifest, [&](const std::string& pointer, json::object& part) {
    const Use use = read_use(manifest, pointer);
    const Package& package = *packages.at(use.plugin);
    const Component& component = find_component(manifest, package, pointer, use.component);
    validate(manifest, pointer, part, component.schema, part_host_keys(pointer));
    resolution.parts.push_back({pointer, &package, &component});
  });
  return resolution;
}

}  // namespace vhost
