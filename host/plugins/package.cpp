#include "plugins/package.h"

#include <algorithm>
#include <limits>
#include <set>

#include "base/files.h"
#include "manifest/manifest.h"

namespace vhost {
namespace {

constexpr int64_t kSchema = 1;

const char* kind_name(const json::value& value) {
  switch (value.kind()) {
    case json::kind::null:
      return "null";
    case json::kind::bool_:
      return "a boolean";
    case json::kind::string:
      return "a string";
    case json::kind::array:
      return "an array";
    case json::kind::object:
      return "an object";
    default:
      return "a number";
  }
}

// One object of plugin.json: typed, required members with errors that name file, line and key.
class Members {
 public:
  Members(const JsonDocument& document, const json::value& value, std::string pointer)
      : document_(document), pointer_(std::move(pointer)) {
    if (!value.is_object()) refuse(pointer_, std::string("must be an object, not ") + kind_name(value));
    object_ = &value.get_object();
  }

  [[noreturn]] void refuse(const std::string& pointer, const std::string& message) const {
    std::string nearest = pointer;
    while (!nearest.empty() && !document_.places.contains(nearest)) nearest.resize(nearest.rfind('/'));
    const auto place = document_.places.find(nearest);
    throw Error(place == document_.places.end() ? Location{file_of()} : place->second, pointer, message);
  }
  [[noreturn]] void refuse_key(const std::string& key, const std::string& message) const {
    refuse(pointer_of(key), message);
  }
  std::string pointer_of(const std::string& key) const { return pointer_ + "/" + escape_pointer(key); }

  const json::value& at(const std::string& key) const {
    const json::value* value = object_->if_contains(key);
    if (value) return *value;
    std::vector<std::string> keys;
    for (const auto& member : *object_) keys.emplace_back(member.key());
    refuse_key(key, "is missing" + did_you_mean(key, keys));
  }
  std::string text(const std::string& key, bool may_be_empty = false) const {
    const json::value& value = at(key);
    if (!value.is_string()) refuse_key(key, std::string("must be a string, not ") + kind_name(value));
    const std::string text(value.get_string());
    if (text.empty() && !may_be_empty) refuse_key(key, "is empty");
    return text;
  }
  bool has(const std::string& key) const { return object_->contains(key); }
  std::string optional_text(const std::string& key) const {
    return object_->contains(key) ? text(key, /*may_be_empty=*/true) : "";
  }
  std::string word(const std::string& key, const std::string& allowed, const char* what) const {
    const std::string value = text(key);
    if (value.find_first_not_of(allowed) != std::string::npos) refuse_key(key, "\"" + value + "\" is no " + what);
    return value;
  }
  uint32_t number(const std::string& key) const {
    const json::value& value = at(key);
    const int64_t* n = value.if_int64();
    if (!n || *n < 0 || *n > int64_t{std::numeric_limits<uint32_t>::max()})
      refuse_key(key, "must be an integer of at least 0, not " + json::serialize(value));
    return static_cast<uint32_t>(*n);
  }
  const json::array& array(const std::string& key) const {
    const json::value& value = at(key);
    if (!value.is_array()) refuse_key(key, std::string("must be an array, not ") + kind_name(value));
    return value.get_array();
  }
  const json::object& object(const std::string& key) const {
    const json::value& value = at(key);
    if (!value.is_object()) refuse_key(key, std::string("must be an object, not ") + kind_name(value));
    return value.get_object();
  }

 private:
  std::string file_of() const { return document_.places.empty() ? "" : document_.places.begin()->second.file; }

  const JsonDocument& document_;
  std::string pointer_;
  const json::object* object_ = nullptr;
};

const std::string kWord = "abcdefghijklmnopqrstuvwxyz0123456789_";

void read_identity(const Members& root, Package& package) {
  const json::value& schema = root.at("schema");
  if (!schema.is_int64() || schema.get_int64() != kSchema)
    root.refuse_key("schema", "is " + json::serialize(schema) + ", this host reads " + std::to_string(kSchema) +
                                  ": build the package with this host's SDK, or use a newer host");
  package.name = root.word("name", kWord + "-", "plugin name: a-z, 0-9, _ and - are allowed");
  package.version = root.text("version");
  try {
    compare_versions(package.version, package.version);
  } catch (const Error& error) {
    root.refuse_key("version", error.message());
  }
  package.licence = root.text("licence");
  package.description = root.optional_text("description");
}

void read_binary(const Members& root, const JsonDocument& document, Package& package) {
  const Members abi(document, root.at("abi"), "/abi");
  package.abi_major = abi.number("major");
  package.abi_minor = abi.number("minor");
  package.target_minor = abi.number("target_minor");
  if (package.target_minor > package.abi_minor)
    abi.refuse_key("target_minor", std::to_string(package.target_minor) + " is newer than abi.minor, " +
                                       std::to_string(package.abi_minor));
  package.build = root.text("build");
  const std::string library = root.text("library");
  if (library.find('/') != std::string::npos || library == "." || library == "..")
    root.refuse_key("library", "must be the name of a file in the package's folder, not \"" + library + "\"");
  package.library = package.folder / library;
  package.sha256 = root.word("sha256", "0123456789abcdef", "sha256: 64 digits of 0-9 and a-f are wanted");
  if (package.sha256.size() != 64)
    root.refuse_key("sha256", "must have 64 digits, not " + std::to_string(package.sha256.size()));
}

bool is_interface_id(const std::string& id) {
  const size_t slash = id.find('/');
  if (!id.starts_with("vh.") || slash == std::string::npos || slash == 3 || slash + 1 == id.size()) return false;
  return id.find_first_not_of(kWord, 3) == slash && id.find_first_not_of("0123456789", slash + 1) == std::string::npos;
}

Component read_component(const JsonDocument& document, const json::value& value, const std::string& pointer) {
  const Members members(document, value, pointer);
  Component component;
  component.interface_id = members.text("interface");
  if (!is_interface_id(component.interface_id))
    members.refuse_key("interface", "\"" + component.interface_id + "\" is no interface id such as \"vh.loss/1\"");
  component.name = members.word("name", kWord, "component name: a-z, 0-9 and _ are allowed");
  component.summary = members.optional_text("summary");
  component.schema = members.object("schema");
  const json::value* type = component.schema.if_contains("type");
  if (!type || !type->is_string() || type->get_string() != "object")
    members.refuse_key("schema", "must describe an object: \"type\": \"object\" is missing");
  try {
    check_schema(component.schema, "", pointer + "/schema");
  } catch (const Error& error) {
    members.refuse(error.json_pointer(), error.message());
  }
  return component;
}

// What authors say in plugin.in.json: {"clips": ["mp4", "mkv"]}.
void read_extensions(const Members& root, const JsonDocument& document, Package& package) {
  if (!root.has("extensions")) return;
  const Members by_component(document, root.at("extensions"), "/extensions");
  for (const auto& member : root.object("extensions")) {
    const std::string name(member.key());
    const auto own = std::ranges::find(package.components, name, &Component::name);
    if (own == package.components.end()) by_component.refuse_key(name, "there is no component \"" + name + "\"");
    for (const json::value& item : by_component.array(name)) {
      const json::string* text = item.if_string();
      if (!text || text->empty() || std::string_view(*text).find_first_not_of(kWord) != std::string_view::npos)
        by_component.refuse_key(name, json::serialize(item) + " is no extension such as \"mp4\"");
      own->extensions.emplace_back(*text);
    }
  }
}

}  // namespace

const Component* Package::find(const std::string& interface_id, const std::string& component) const {
  for (const Component& c : components)
    if (c.interface_id == interface_id && c.name == component) return &c;
  return nullptr;
}

Package read_package(const std::filesystem::path& folder) {
  const std::filesystem::path file = folder / "plugin.json";
  std::error_code error;
  const auto status = std::filesystem::status(file, error);
  if (std::filesystem::exists(status) && !std::filesystem::is_regular_file(status))  // a pipe would be waited for
    throw Error(file.string() + ": is no regular file");
  return parse_package(read_file(file), folder);
}

Package parse_package(std::string_view text, const std::filesystem::path& folder) {
  Package package;
  package.folder = std::filesystem::absolute(folder).lexically_normal();
  const JsonDocument document = parse_json(text, (package.folder / "plugin.json").string());
  const Members root(document, document.root, "");
  read_identity(root, package);
  read_binary(root, document, package);
  const json::array& components = root.array("components");
  if (components.empty()) root.refuse_key("components", "is empty: a plugin offers at least one");
  std::set<std::pair<std::string, std::string>> seen;
  for (size_t i = 0; i < components.size(); ++i) {
    const std::string pointer = "/components/" + std::to_string(i);
    Component component = read_component(document, components[i], pointer);
    if (!seen.emplace(component.interface_id, component.name).second)
      root.refuse(pointer, "lists " + component.interface_id + " \"" + component.name + "\" a second time");
    package.components.push_back(std::move(component));
  }
  read_extensions(root, document, package);
  return package;
}

}  // namespace vhost
