// Layers of a manifest: bases, the file, --set. Values move together with their places.
#include <algorithm>
#include <charconv>

#include "base/files.h"
#include "manifest/manifest.h"

namespace vhost {
namespace fs = std::filesystem;
namespace {

constexpr int kMostFiles = 256;

using Places = std::map<std::string, Location>;

struct Layer {
  json::object root;
  Places places;
};

std::string child(const std::string& pointer, std::string_view key) {
  return pointer + "/" + escape_pointer(key);
}

// Places of a value and all below it: "/a" and "/a/...".
void forget(Places& places, const std::string& pointer) {
  places.erase(pointer);
  places.erase(places.lower_bound(pointer + "/"), places.lower_bound(pointer + "0"));  // '0' follows '/'
}

void copy_places(const Places& from, Places& to, const std::string& pointer) {
  if (const auto own = from.find(pointer); own != from.end()) to[pointer] = own->second;
  const auto end = from.lower_bound(pointer + "0");
  for (auto it = from.lower_bound(pointer + "/"); it != end; ++it) to[it->first] = it->second;
}

bool uses_another(const json::object& below, const json::object& above) {
  const json::value *old_use = below.if_contains("use"), *new_use = above.if_contains("use");
  return old_use && new_use && *old_use != *new_use;
}

void merge(Layer& into, json::object& below, const Layer& from, const json::object& above, const std::string& pointer) {
  for (const auto& [key, value] : above) {
    const std::string at = child(pointer, key);
    if (value.is_null()) {
      below.erase(key);
      forget(into.places, at);
      continue;
    }
    if (!value.is_object()) {
      below[key] = value;
      forget(into.places, at);
      copy_places(from.places, into.places, at);
      continue;
    }
    json::value& old = below[key];
    if (!old.is_object() || uses_another(old.get_object(), value.get_object())) {
      old = json::object();
      forget(into.places, at);
    }
    const auto place = from.places.find(at);
    if (place != from.places.end() && !into.places.contains(at)) into.places[at] = place->second;
    merge(into, old.get_object(), from, value.get_object(), at);
  }
}

// ---- files
class Reader {
 public:
  Layer read(const fs::path& path) {
    std::error_code error;
    const fs::path real = fs::weakly_canonical(path, error);
    refuse_cycle(error ? path : real, path);
    if (++files_ > kMostFiles)
      throw Error("more than " + std::to_string(kMostFiles) + " base files, from " + path.string());
    chain_.push_back({error ? path : real, path});
    Layer layer = combine(read_json(path.string()), path);
    chain_.pop_back();
    return layer;
  }

  Layer combine(JsonDocument document, const fs::path& path) {
    if (!document.root.is_object())
      throw Error(document.places[""], "", "a manifest must be an object, not " + show_json(document.root));
    Layer own{std::move(document.root.get_object()), std::move(document.places)};
    const Manifest names{own.root, own.places, path};
    Layer merged;
    for (const std::string& pointer : base_pointers(names)) merge_base(merged, names, pointer);
    own.root.erase("base");
    merge(merged, merged.root, own, own.root, "");
    merged.places[""] = own.places[""];
    return merged;
  }

 private:
  struct Step {
    fs::path real, name;
  };

  void refuse_cycle(const fs::path& real, const fs::path& name) const {
    const auto first = std::find_if(chain_.begin(), chain_.end(), [&](const Step& step) { return step.real == real; });
    if (first == chain_.end()) return;
    std::string text = "bases form a cycle: ";
    for (auto it = first; it != chain_.end(); ++it) text += it->name.string() + " -> ";
    throw Error(text + name.string());
  }

  static std::vector<std::string> base_pointers(const Manifest& names) {
    const json::value* base = names.find("/base");
    if (!base || base->is_null()) return {};
    if (base->is_string()) return {"/base"};
    std::vector<std::string> pointers;
    if (!base->is_array()) throw names.error("/base", "must be a file name or a list of them, not " + show_json(*base));
    for (size_t i = 0; i < base->get_array().size(); ++i) {
      pointers.push_back("/base/" + std::to_string(i));
      const json::value& item = base->get_array()[i];
      if (!item.is_string()) throw names.error(pointers.back(), "must be a file name, not " + show_json(item));
    }
    return pointers;
  }

  // What goes wrong with a base as a whole is told at the line that names
  // it; what is wrong inside it has its own place.
  void merge_base(Layer& merged, const Manifest& names, const std::string& pointer) {
    const std::string name = names.string(pointer);
    if (name.empty()) throw names.error(pointer, "must be a file name, not \"\"");
    const fs::path path = (names.path.parent_path() / name).lexically_normal();
    Layer base;
    try {
      base = read(path);
    } catch (const Error& error) {
      if (!error.location().file.empty()) throw;
      throw names.error(pointer, error.message());
    }
    merge(merged, merged.root, base, base.root, "");
  }

  std::vector<Step> chain_;
  int files_ = 0;
};

// ---- --set
class Setting {
 public:
  Setting(Manifest& manifest, const std::string& text) : manifest_(manifest) {
    const size_t equals = text.find('=');
    location_.file = "--set " + (text.size() > 100 ? text.substr(0, 100) + "..." : text);
    if (equals == std::string::npos) fail("", "expected PATH=VALUE, such as data.batch=16");
    path_ = split(text.substr(0, equals));
    text_ = text.substr(equals + 1);
  }

  void apply() {
    if (path_[0] == "base") fail("/base", "bases can't be set here, only in a file");
    JsonDocument document = parse();
    std::string at, pointer;
    for (const std::string& part : path_) at = child(at, part);
    if (document.root.is_null() && !manifest_.find(at)) return;
    json::value* parent = walk_to_parent(pointer);
    if (document.root.is_null()) return remove(parent, pointer, at);
    forget(manifest_.places, at);
    for (const auto& place : document.places) manifest_.places[at + place.first] = location_;
    slot(parent, pointer, path_.back()) = std::move(document.root);
  }

 private:
  [[noreturn]] void fail(const std::string& pointer, const std::string& message) const {
    throw Error(location_, pointer, message);
  }

  std::vector<std::string> split(const std::string& path) const {
    std::vector<std::string> parts;
    if (!path.empty() && path[0] == '/') {
      parts = split_pointer(path);
    } else {
      for (size_t begin = 0; begin <= path.size();) {
        const size_t end = std::min(path.find('.', begin), path.size());
        parts.push_back(path.substr(begin, end - begin));
        begin = end + 1;
      }
    }
    if (std::find(parts.begin(), parts.end(), "") != parts.end())
      fail("", "the path has an empty part, expected such as data.batch=16");
    if (parts.size() > kJsonDepth) fail("", "the path is deeper than " + std::to_string(kJsonDepth) + " levels");
    return parts;
  }

  // JSON, or else a bare string; what begins like a string, list or object is meant as one.
  JsonDocument parse() const {
    const size_t first = text_.find_first_not_of(" \t\r\n");
    const bool structured =
        first != std::string::npos && std::string_view("{[\"").find(text_[first]) != std::string_view::npos;
    try {
      return parse_json(text_, "");
    } catch (const Error& error) {
      if (structured)
        fail("", "the value is no JSON: column " + std::to_string(error.location().column) + ": " + error.message());
    }
    try {
      parse_json(canonical_json(json::value(text_)), "");  // refuses what no JSON string may hold
    } catch (const Error& error) {
      fail("", error.message());
    }
    return JsonDocument{json::value(text_), {{"", Location{}}}};
  }

  // nullptr = the manifest itself. Missing objects on the way are made.
  json::value* walk_to_parent(std::string& pointer) {
    json::value* parent = nullptr;
    for (size_t i = 0; i + 1 < path_.size(); ++i) {
      json::value& next = slot(parent, pointer, path_[i]);
      pointer = child(pointer, path_[i]);
      if (next.is_null()) {
        next = json::object();
        manifest_.places[pointer] = location_;
      }
      if (!next.is_structured()) fail(pointer, "is " + show_json(next) + ", neither an object nor a list");
      parent = &next;
    }
    return parent;
  }

  // The value of that name or index; made if it is missing (of a list, only one past the end).
  json::value& slot(json::value* parent, const std::string& pointer, const std::string& name) {
    if (!parent) return manifest_.root[name];
    if (parent->is_object()) return parent->get_object()[name];
    json::array& list = parent->get_array();
    const size_t index = index_in(list, pointer, name);
    if (index == list.size()) list.emplace_back(nullptr);
    return list[index];
  }

  size_t index_in(const json::array& list, const std::string& pointer, const std::string& name) const {
    size_t index = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), index);
    if (error != std::errc() || end != name.data() + name.size() || std::to_string(index) != name)
      fail(pointer, "is a list: expected an index, not " + quote(name));
    if (index > list.size())
      fail(pointer, "has " + std::to_string(list.size()) + " items: index " + name + " is past the end");
    return index;
  }

  void remove(json::value* parent, const std::string& pointer, const std::string& at) {
    if (parent && parent->is_array()) fail(pointer, "is a list: an item can't be deleted, set the whole list");
    (parent ? parent->get_object() : manifest_.root).erase(path_.back());
    forget(manifest_.places, at);
  }

  Manifest& manifest_;
  Location location_;
  std::vector<std::string> path_;
  std::string text_;
};

Manifest finish(Layer layer, const fs::path& path, const std::vector<std::string>& sets) {
  Manifest manifest{std::move(layer.root), std::move(layer.places), path};
  for (const std::string& set : sets) Setting(manifest, set).apply();
  return manifest;
}

}  // namespace

Manifest read_manifest(const fs::path& path, const std::vector<std::string>& sets) {
  return finish(Reader().read(path), path, sets);
}

Manifest parse_manifest(std::string_view text, const fs::path& name, const std::vector<std::string>& sets) {
  return finish(Reader().combine(parse_json(text, name.string()), name), name, sets);
}

}  // namespace vhost
