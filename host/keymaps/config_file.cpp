#include "keymaps/config_file.h"

#include <algorithm>
#include <optional>

namespace vhost {

namespace {

using Known = std::optional<json::value>;

// The largest number of parts of at least `size` each that divide `whole`.
int64_t parts_of(int64_t whole, int64_t size) {
  int64_t parts = std::max<int64_t>(1, whole / size);
  while (whole % parts != 0) --parts;
  return parts;
}

class ConfigWriter {
 public:
  ConfigWriter(const KeyMap& map, const ConfigSource& source) : map_(map), source_(source) {}

  json::object values() const {
    json::object out;
    for (const auto& [key, alternatives] : map_.config->values) {
      Known found;
      for (const json::value& one : alternatives.as_array())
        if (!found) found = value_of(one.as_object());
      if (!found)
        throw Error(map_.config->file + ": nothing tells " + quote(std::string(key)) + " (" + map_.file.string() + ")");
      out[key] = *found;
    }
    return out;
  }

 private:
  size_t count(const std::string& text) const {
    const KeyPattern pattern(with_head(text, source_.head), map_.variables);
    return static_cast<size_t>(std::count_if(source_.ours.begin(), source_.ours.end(),
                                             [&](const auto& entry) { return pattern.match(entry.first); }));
  }

  bool applies(const json::object& one) const {
    const json::value *wanted = one.if_contains("if"), *unwanted = one.if_contains("unless");
    return (!wanted || count(std::string(wanted->as_string())) > 0) &&
           (!unwanted || count(std::string(unwanted->as_string())) == 0);
  }

  Known value_of(const json::object& one) const {
    if (!applies(one)) return std::nullopt;
    if (const json::value* value = one.if_contains("value")) return *value;
    if (const json::value* axis = one.if_contains("axis")) return size_of(axis->as_array(), one);
    if (const json::value* pattern = one.if_contains("count"))
      return json::value(count(std::string(pattern->as_string())));
    if (const json::value* param = one.if_contains("param")) return param_of(param->as_array(), one);
    if (const json::value* layer = one.if_contains("labels")) return labels(std::string(layer->as_string()), false);
    return labels(std::string(one.at("label_ids").as_string()), true);
  }

  Known size_of(const json::array& axis, const json::object& one) const {
    const auto tensor = source_.ours.find(with_head(std::string(axis.at(0).as_string()), source_.head));
    const int64_t at = axis.at(1).as_int64();
    if (tensor == source_.ours.end() || at >= tensor->second.dim()) return std::nullopt;
    const int64_t size = tensor->second.size(at);
    const json::value* per = one.if_contains("per");
    return json::value(per ? parts_of(size, per->as_int64()) : size);
  }

  Known param_of(const json::array& pointers, const json::object& one) const {
    for (const json::value& text : pointers) {
      const json::value* found = find_pointer(source_.manifest, with_head(std::string(text.as_string()), source_.head));
      if (!found || found->is_null()) continue;
      const json::value* words = one.if_contains("words");
      if (!words) return *found;
      const json::value* word = found->is_string() ? words->as_object().if_contains(found->get_string()) : nullptr;
      if (word) return *word;
    }
    return std::nullopt;
  }

  // {"0": "archery", ...} of as many classes as the layer has rows, or the other way round.
  Known labels(const std::string& layer, bool ids) const {
    const auto tensor = source_.ours.find(with_head(layer, source_.head));
    if (tensor == source_.ours.end() || tensor->second.dim() == 0) return std::nullopt;
    json::object out;
    for (int64_t i = 0; i < tensor->second.size(0); ++i) {
      const auto at = static_cast<size_t>(i);
      const bool named = at < source_.class_names.size() && !source_.class_names[at].empty();
      const std::string name = named ? source_.class_names[at] : "LABEL_" + std::to_string(i);
      if (ids)
        out[name] = i;
      else
        out[std::to_string(i)] = name;
    }
    return json::value(out);
  }

  const KeyMap& map_;
  const ConfigSource& source_;
};

}  // namespace

json::object config_values(const KeyMap& map, const ConfigSource& source) {
  return ConfigWriter(map, source).values();
}

}  // namespace vhost
