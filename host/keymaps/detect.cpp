#include "keymaps/detect.h"

#include <algorithm>

namespace vhost {

namespace {

using Tensors = std::map<std::string, at::Tensor>;

std::string unwrapped(std::string name) {
  for (bool again = true; again;) {
    again = false;
    for (const std::string_view wrapper : {"module.", "_orig_mod."})
      if (name.rfind(wrapper, 0) == 0) name.erase(0, wrapper.size()), again = true;
  }
  return name;
}

// `twice`, if given, is set to a name that two of the file's become.
template <class Value>
std::map<std::string, Value> below(const std::map<std::string, Value>& all, const std::string& under,
                                   std::string* twice = nullptr) {
  const std::string prefix = under.empty() ? "" : under + ".";
  std::map<std::string, Value> found;
  for (auto it = all.lower_bound(prefix); it != all.end(); ++it) {
    if (it->first.rfind(prefix, 0) != 0) break;
    const auto [place, fresh] = found.emplace(unwrapped(it->first.substr(prefix.size())), it->second);
    if (!fresh && twice) *twice = place->first;
  }
  return found;
}

Family family_of(const KeyMap& map, const ForeignCheckpoint& from, const std::string& under, const std::string& file) {
  std::string twice;
  Family family{&map, below(from.tensors, under, &twice), under, below(from.unread, under)};
  if (!twice.empty())
    throw Error(file + ": holds " + quote(twice) + (under.empty() ? "" : " under " + quote(under)) +
                " twice, with and without \"module.\" or \"_orig_mod.\" in front; save one of them alone");
  return family;
}

bool any_matches(const std::string& text, const Tensors& tensors, const Variables& variables) {
  if (text.find('{') == std::string::npos) return tensors.count(text) > 0;
  const KeyPattern pattern(text, variables);
  return std::any_of(tensors.begin(), tensors.end(), [&](const auto& t) { return pattern.match(t.first).has_value(); });
}

bool shape_fits(const at::Tensor& tensor, const std::vector<std::optional<int64_t>>& sizes) {
  if (tensor.dim() != static_cast<int64_t>(sizes.size())) return false;
  for (size_t i = 0; i < sizes.size(); ++i)
    if (sizes[i] && *sizes[i] != tensor.size(static_cast<int64_t>(i))) return false;
  return true;
}

bool fits(const KeyMap& map, const Tensors& tensors) {
  const Detection& d = map.detect;
  const auto there = [&](const std::string& text) { return any_matches(text, tensors, map.variables); };
  const auto shaped = [&](const auto& entry) {
    const auto found = tensors.find(entry.first);
    return found != tensors.end() && shape_fits(found->second, entry.second);
  };
  return std::all_of(d.has.begin(), d.has.end(), there) && std::none_of(d.lacks.begin(), d.lacks.end(), there) &&
         std::all_of(d.shapes.begin(), d.shapes.end(), shaped);
}

// The first place where the family's names are; the root last, as module.x there may be a wrapper's or the map's.
std::optional<Family> at_some_place(const KeyMap& map, const ForeignCheckpoint& from, const std::string& file) {
  std::vector<std::string> places = map.under;
  std::stable_partition(places.begin(), places.end(), [](const std::string& under) { return !under.empty(); });
  for (const std::string& under : places)
    if (fits(map, below(from.tensors, under))) return family_of(map, from, under, file);
  return std::nullopt;
}

std::string title_of(const KeyMap& map) {
  return map.family + " (" + map.title + ", for " + map.backbone + ")";
}

std::string listed(const std::vector<const KeyMap*>& maps) {
  std::string text;
  for (const KeyMap* map : maps) text += "\n  " + title_of(*map);
  return text;
}

std::vector<const KeyMap*> all_of(const std::vector<KeyMap>& maps) {
  std::vector<const KeyMap*> all;
  for (const KeyMap& map : maps) all.push_back(&map);
  return all;
}

Family forced_family(const ForeignCheckpoint& from, const std::vector<KeyMap>& maps, const FamilyWish& wish) {
  std::vector<const KeyMap*> named;
  std::vector<std::string> known;
  for (const KeyMap& map : maps) {
    known.push_back(map.family);
    if (wish.forced == map.family || wish.forced == map.plugin + "/" + map.family) named.push_back(&map);
  }
  if (named.empty())
    throw Error(wish.key + ": there is no family " + quote(wish.forced) + did_you_mean(wish.forced, known) +
                "; there are:" + listed(all_of(maps)));
  if (named.size() > 1)
    throw Error(wish.key + ": several plugins ship a family " + quote(wish.forced) + "; say which: " +
                named[0]->plugin + "/" + named[0]->family + " or " + named[1]->plugin + "/" + named[1]->family);
  const KeyMap& map = *named.front();
  if (auto found = at_some_place(map, from, wish.file)) return std::move(*found);
  for (const std::string& under : map.under)  // as the user says: where the family would have its names
    if (!under.empty() && !below(from.tensors, under).empty()) return family_of(map, from, under, wish.file);
  return family_of(map, from, "", wish.file);
}

}  // namespace

std::string some_of(const std::vector<std::string>& names, size_t most) {
  std::string text;
  for (size_t i = 0; i < std::min(names.size(), most); ++i) text += (i ? ", " : "") + quote(names[i]);
  if (names.size() > most) text += " and " + std::to_string(names.size() - most) + " more";
  return text;
}

std::optional<Family> find_family(const ForeignCheckpoint& from, const std::vector<KeyMap>& maps,
                                  const FamilyWish& wish) {
  if (!wish.forced.empty()) return forced_family(from, maps, wish);
  std::vector<Family> found;
  std::vector<const KeyMap*> names, others;
  for (const KeyMap& map : maps) {
    if (map.detect.model_only && wish.backbone.empty()) continue;
    auto family = at_some_place(map, from, wish.file);
    if (!family) continue;
    if (!wish.backbone.empty() && map.backbone != wish.backbone) {
      others.push_back(&map);
      continue;
    }
    names.push_back(&map);
    found.push_back(std::move(*family));
  }
  if (found.size() > 1)
    throw Error(wish.file + ": its names are of several families; say which with " + wish.key + ":" + listed(names));
  if (found.size() == 1) return std::move(found.front());
  if (!others.empty())
    throw Error(wish.file + ": its names are those of another backbone than " + wish.backbone + ":" + listed(others));
  return std::nullopt;
}

Error no_family(const ForeignCheckpoint& from, const std::vector<KeyMap>& maps, const FamilyWish& wish) {
  if (from.tensors.empty()) return Error(wish.file + ": holds no tensors");
  std::string text = wish.file + ": its names are of no known family; looked for";
  for (const KeyMap& map : maps) {
    if (!wish.backbone.empty() && map.backbone != wish.backbone) continue;
    text += "\n  " + title_of(map) + ": " + some_of(map.detect.has);
    if (!map.detect.lacks.empty()) text += ", without " + some_of(map.detect.lacks);
  }
  std::vector<std::string> names;
  for (const auto& [name, tensor] : from.tensors) names.push_back(name);
  return Error(text + "\nThe file has " + some_of(names) + ". If it is of a family nevertheless, say so with " +
               wish.key);
}

}  // namespace vhost
