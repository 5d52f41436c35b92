#include "plugins/lock.h"

#include "base/files.h"

namespace vhost {
namespace {

constexpr int64_t kFormat = 1;
constexpr const char* kFix = "; delete the file or give --update to have it made anew";

class Reader {
 public:
  Reader(const JsonDocument& document, const std::string& pointer) : document_(document), root_(pointer) {}

  Lock lock() const {
    const json::value* format = find_pointer(document_.root, root_ + "/vhost_lock");
    if (!format) refuse("", "is no lock: the key \"vhost_lock\" is missing");
    if (*format != kFormat)
      refuse("/vhost_lock",
             "is " + show_json(*format) + ", this vhost reads version " + std::to_string(kFormat) + " of the format");
    const json::value* plugins = find_pointer(document_.root, root_ + "/plugins");
    if (!plugins || !plugins->is_object()) refuse(plugins ? "/plugins" : "", "\"plugins\" must be an object of names");
    Lock lock;
    for (const auto& member : plugins->get_object()) lock[std::string(member.key())] = entry(member.key());
    return lock;
  }

 private:
  LockedPlugin entry(std::string_view name) const {
    const std::string at = "/plugins/" + escape_pointer(name);
    LockedPlugin entry;
    for (const auto& [key, value] : {std::pair{"plugin", &entry.plugin},
                                     {"range", &entry.range},
                                     {"version", &entry.version},
                                     {"sha256", &entry.sha256},
                                     {"schemas", &entry.schemas}}) {
      *value = text(at, key);
    }
    try {
      compare_versions(entry.version, entry.version);
    } catch (const Error& error) {
      refuse(at + "/version", error.message());
    }
    for (const auto& [key, value] : {std::pair{"sha256", &entry.sha256}, {"schemas", &entry.schemas}}) {
      if (value->size() != 64 || value->find_first_not_of("0123456789abcdef") != std::string::npos)
        refuse(at + "/" + key, "must be 64 digits of 0-9 and a-f, not " + quote(*value));
    }
    return entry;
  }

  std::string text(const std::string& at, const char* key) const {
    const json::value* value = find_pointer(document_.root, root_ + at + "/" + key);
    if (!value) refuse(at, std::string("the key \"") + key + "\" is missing");
    if (!value->is_string()) refuse(at + "/" + key, "must be a string, not " + show_json(*value));
    return std::string(value->get_string());
  }

  [[noreturn]] void refuse(const std::string& pointer, const std::string& message) const {
    const auto place = document_.places.find(root_ + pointer);
    const auto first = document_.places.begin();
    Location where;
    if (place != document_.places.end())
      where = place->second;
    else if (first != document_.places.end())
      where.file = first->second.file;
    throw Error(where, root_ + pointer, message + (root_.empty() ? kFix : ""));
  }

  const JsonDocument& document_;
  const std::string root_;
};

std::string short_sum(const std::string& sha256) {
  return sha256.substr(0, 12) + "...";
}

std::string title(const std::string& name, const LockedPlugin& entry) {
  return name + (name == entry.plugin ? " " : " (" + entry.plugin + " ") + entry.version +
         (name == entry.plugin ? "" : ")");
}

std::string change(const std::string& name, const LockedPlugin& old, const LockedPlugin& now) {
  if (old.plugin != now.plugin || old.version != now.version)
    return title(name, old) + " -> " + (old.plugin == now.plugin ? "" : now.plugin + " ") + now.version;
  if (old.range != now.range)
    return title(name, now) + ": its range was \"" + old.range + "\" and is \"" + now.range + "\"";
  if (old.sha256 != now.sha256)
    return title(name, now) + ": sha256 " + short_sum(old.sha256) + " -> " + short_sum(now.sha256);
  return title(name, now) + ": its components take other parameters";
}

std::string mismatch_of(const LockedPlugin& entry, const Package& package) {
  if (package.sha256 != entry.sha256)
    return "its library's sha256 is " + short_sum(package.sha256) + ", the lock says " + short_sum(entry.sha256) +
           " (" + package.folder.string() + ")";
  if (schemas_sha256(package) != entry.schemas)
    return "its components take other parameters than when it was locked (" + package.folder.string() + ")";
  return "";
}

}  // namespace

std::string schemas_sha256(const Package& package) {
  json::object interfaces;
  for (const Component& component : package.components) {
    json::value& of_interface = interfaces[component.interface_id];
    if (!of_interface.is_object()) of_interface = json::object();
    of_interface.get_object()[component.name] = component.schema;
  }
  return sha256_hex(canonical_json(interfaces));
}

LockedPlugin locked(const Package& package, const std::string& range) {
  return {package.name, range, package.version, package.sha256, schemas_sha256(package)};
}

const Package* find_locked(const Found& found, const LockedPlugin& entry, std::string& problem) {
  std::string installed, mismatch;
  for (const Package& package : found.packages) {
    if (package.name != entry.plugin) continue;
    installed += (installed.empty() ? "" : ", ") + package.version;
    if (package.version != entry.version) continue;
    const std::string why = mismatch_of(entry, package);
    if (why.empty()) return &package;
    if (mismatch.empty()) mismatch = why;
  }
  problem = entry.plugin + " " + entry.version;
  problem +=
      mismatch.empty() ? " isn't installed" + (installed.empty() ? "" : ": there are " + installed) : ": " + mismatch;
  return nullptr;
}

Lock parse_lock(const JsonDocument& document, const std::string& pointer) {
  return Reader(document, pointer).lock();
}

Lock parse_lock(std::string_view text, const std::string& file) {
  JsonDocument document;
  try {
    document = parse_json(text, file);
  } catch (const Error& error) {
    throw Error(error.location(), error.json_pointer(), error.message() + kFix);
  }
  return parse_lock(document, "");
}

Lock read_lock(const std::filesystem::path& file) {
  return parse_lock(read_file(file), file.string());
}

json::object lock_json(const Lock& lock) {
  json::object plugins;
  for (const auto& [name, entry] : lock)
    plugins[name] = {{"plugin", entry.plugin},
                     {"range", entry.range},
                     {"version", entry.version},
                     {"sha256", entry.sha256},
                     {"schemas", entry.schemas}};
  return {{"vhost_lock", kFormat}, {"plugins", std::move(plugins)}};
}

std::vector<std::string> lock_changes(const Lock& before, const Lock& now) {
  std::vector<std::string> lines;
  for (const auto& [name, entry] : now) {
    const auto old = before.find(name);
    if (old == before.end())
      lines.push_back(title(name, entry) + " is new");
    else if (!(old->second == entry))
      lines.push_back(change(name, old->second, entry));
  }
  for (const auto& [name, entry] : before)
    if (!now.contains(name)) lines.push_back(title(name, entry) + " is no longer used");
  return lines;
}

}  // namespace vhost
