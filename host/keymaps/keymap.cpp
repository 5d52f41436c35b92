#include "keymaps/keymap.h"

#include <algorithm>

#include "base/files.h"
#include "keymaps/schema.h"
#include "manifest/manifest.h"

namespace vhost {

namespace fs = std::filesystem;

namespace {

std::string text_of(const json::object& object, const char* key) {
  const json::value* value = object.if_contains(key);
  return value && value->is_string() ? std::string(value->get_string()) : std::string();
}

// A list of texts, or one alone; null is "".
std::vector<std::string> texts_of(const json::object& object, const char* key) {
  const json::value* value = object.if_contains(key);
  if (!value) return {};
  if (value->is_string()) return {std::string(value->get_string())};
  std::vector<std::string> texts;
  for (const json::value& item : value->as_array())
    texts.push_back(item.is_null() ? std::string() : std::string(item.as_string()));
  return texts;
}

// A copy of the pattern with the head's name in place, to be checked.
std::vector<std::string> variables_of(const std::string& text, const Variables& variables) {
  return KeyPattern(with_head(text, "main"), variables).variables();
}

class Reader {
 public:
  Reader(std::string_view text, const fs::path& file) {
    JsonDocument document = parse_json(text, file.string());
    if (!document.root.is_object()) throw Error({file.string(), 1, 1}, "", "a key map is an object");
    file_.root = document.root.as_object();
    file_.places = std::move(document.places);
    file_.path = file;
    validate(file_, "", file_.root, keymap_schema());
  }

  KeyMap map() {
    KeyMap map;
    const json::object& root = file_.root;
    map.family = text_of(root, "family"), map.title = text_of(root, "title"), map.backbone = text_of(root, "backbone");
    map.heads = texts_of(root, "heads"), map.exports = texts_of(root, "export"), map.under = texts_of(root, "under");
    for (const auto& [name, words] : root.at("variables").as_object())
      for (const json::value& word : words.as_array()) map.variables[name].emplace_back(word.as_string());
    map.detect = detection(root.at("detect").as_object(), map.variables);
    const json::array& rules = root.at("rules").as_array();
    for (size_t i = 0; i < rules.size(); ++i) map.rules.push_back(rule("/rules/" + std::to_string(i), map));
    const json::array& ignored = root.at("ignore").as_array();
    for (size_t i = 0; i < ignored.size(); ++i) {
      const json::object& entry = ignored[i].as_object();
      map.ignored.push_back({text_of(entry, "key"), text_of(entry, "because"), entry.at("zero").as_bool()});
      check("/ignore/" + std::to_string(i) + "/key", map.ignored.back().key, map.variables);
    }
    if (const json::value* given = root.if_contains("stages")) {
      const json::object& names = given->as_object();
      map.stages = Stages{text_of(names, "stage"), text_of(names, "block"), text_of(names, "width")};
      if (check("/stages/width", map.stages->width, {}) != std::vector<std::string>{"i"})
        throw file_.error("/stages/width", "needs {i} for the block, and nothing else");
    }
    if (root.contains("config")) map.config = config(map.variables);
    return map;
  }

 private:
  std::vector<std::string> check(const std::string& pointer, const std::string& text, const Variables& variables) {
    try {
      return variables_of(text, variables);
    } catch (const Error& error) {
      throw file_.error(pointer, error.message());
    }
  }

  Detection detection(const json::object& given, const Variables& variables) {
    Detection detect{texts_of(given, "has"), texts_of(given, "lacks"), {}, given.at("model_only").as_bool()};
    for (const std::string& text : detect.has) check("/detect/has", text, variables);
    for (const std::string& text : detect.lacks) check("/detect/lacks", text, variables);
    for (const auto& [name, sizes] : given.at("shapes").as_object())
      for (const json::value& size : sizes.as_array())
        detect.shapes[name].push_back(size.is_null() ? std::nullopt : std::optional(size.as_int64()));
    return detect;
  }

  ConfigFile config(const Variables& variables) {
    const json::object& given = file_.at("/config").as_object();
    ConfigFile config{text_of(given, "file"), text_of(given, "beside"), given.at("values").as_object()};
    for (const auto& [key, alternatives] : config.values)
      for (size_t i = 0; i < alternatives.as_array().size(); ++i) {
        const std::string pointer = "/config/values/" + escape_pointer(key) + "/" + std::to_string(i);
        const json::object& one = alternatives.as_array()[i].as_object();
        for (const char* name : {"if", "unless", "count"})
          if (const std::string text = text_of(one, name); !text.empty()) check(pointer, text, variables);
        const json::value* axis = one.if_contains("axis");
        if (axis && !(axis->as_array()[0].is_string() && axis->as_array()[1].is_int64()))
          throw file_.error(pointer + "/axis", "must be a name and the number of an axis");
        const auto is_source = [&](const char* name) { return one.contains(name); };
        const std::vector<const char*> sources{"value", "axis", "count", "param", "labels", "label_ids"};
        if (std::count_if(sources.begin(), sources.end(), is_source) != 1)
          throw file_.error(pointer,
                            "must have one of \"value\", \"axis\", \"count\", \"param\", \"labels\" and \"label_ids\"");
      }
    return config;
  }

  KeyRule rule(const std::string& pointer, const KeyMap& map) {
    const json::object& given = file_.at(pointer).as_object();
    KeyRule rule;
    rule.from = texts_of(given, "from"), rule.to = texts_of(given, "to");
    if (const json::value* reshape = given.if_contains("reshape")) {
      for (const json::value& size : reshape->at("theirs").as_array()) rule.theirs.push_back(size.as_int64());
      for (const json::value& size : reshape->at("ours").as_array()) rule.ours.push_back(size.as_int64());
    }
    const std::string kernel = text_of(given, "kernel");
    rule.kernel = kernel == "2d"         ? KeyRule::Kernel::flat
                  : kernel == "2d or 3d" ? KeyRule::Kernel::either
                                         : KeyRule::Kernel::same;
    rule.spare = text_of(given, "spare");
    rule.heads = texts_of(given, "heads"), rule.option = text_of(given, "option");
    rule.because = text_of(given, "because"), rule.exports = texts_of(given, "export");
    rule.rows_as = text_of(given, "rows_as");
    check_rule(pointer, rule, map);
    return rule;
  }

  void check_rule(const std::string& pointer, const KeyRule& rule, const KeyMap& map) {
    if (rule.from.size() > 1 && rule.to.size() > 1)
      throw file_.error(pointer, "has several names on both sides; rows can be joined or split, not both");
    if (!rule.heads.empty() && rule.because.empty())
      throw file_.error(pointer, "is for some heads only; say in \"because\" why others do without");
    for (const auto* shape : {&rule.theirs, &rule.ours})
      if (std::count(shape->begin(), shape->end(), -1) > 1)
        throw file_.error(pointer + "/reshape", "holds more than one -1; what remains must be told in both directions");
    if (rule.from.front().empty() || rule.to.front().empty())
      throw file_.error(pointer, "begins with null; the first name must be there, the others are told by it");
    for (const std::string& name : rule.exports)
      if (std::find(map.exports.begin(), map.exports.end(), name) == map.exports.end())
        throw file_.error(pointer + "/export", quote(name) + " isn't among the map's \"export\"");
    std::vector<std::string> names = rule.from;
    if (!rule.rows_as.empty()) names.push_back(rule.rows_as);
    names.insert(names.end(), rule.to.begin(), rule.to.end());
    const std::vector<std::string> first = check(pointer + "/from", names[0], map.variables);
    for (const std::string& name : names)
      if (!name.empty() && check(pointer, name, map.variables) != first)
        throw file_.error(pointer, quote(name) + " has other variables than " + quote(names[0]) +
                                       "; both directions need the same on both sides");
  }

  Manifest file_;
};

}  // namespace

std::string with_head(std::string text, const std::string& head) {
  static const std::string kHead = "{head}";
  for (size_t at = 0; (at = text.find(kHead, at)) != std::string::npos; at += head.size())
    text.replace(at, kHead.size(), head);
  return text;
}

KeyMap parse_keymap(std::string_view text, const fs::path& file, const std::string& plugin) {
  KeyMap map = Reader(text, file).map();
  map.plugin = plugin;
  map.file = file;
  return map;
}

KeyMap read_keymap(const fs::path& file, const std::string& plugin) {
  return parse_keymap(read_file(file), file, plugin);
}

std::vector<KeyMap> keymaps_of(const std::vector<const Package*>& packages) {
  std::vector<KeyMap> maps;
  for (const Package* package : packages) {
    std::vector<fs::path> files;
    std::error_code none;
    for (const auto& entry : fs::directory_iterator(package->folder / "keymaps", none))
      if (entry.path().extension() == ".json") files.push_back(entry.path());
    std::sort(files.begin(), files.end());
    for (const fs::path& file : files) maps.push_back(read_keymap(file, package->name));
  }
  return maps;
}

}  // namespace vhost
