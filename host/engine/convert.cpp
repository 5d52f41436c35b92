#include "engine/convert.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>

#include "base/files.h"
#include "checkpoint/checkpoint.h"
#include "engine/param_rules.h"
#include "keymaps/classes.h"
#include "keymaps/config_file.h"
#include "keymaps/convert.h"
#include "keymaps/detect.h"
#include "record/weights.h"

namespace vhost {

namespace fs = std::filesystem;

namespace {

using Tensors = std::map<std::string, at::Tensor>;

std::vector<KeyMap> newest_maps(const Found& found) {
  std::vector<const Package*> newest;
  for (const Package& package : found.packages) {
    const auto same =
        std::find_if(newest.begin(), newest.end(), [&](const Package* p) { return p->name == package.name; });
    if (same == newest.end())
      newest.push_back(&package);
    else if (compare_versions((*same)->version, package.version) < 0)
      *same = &package;
  }
  return keymaps_of(newest);
}

bool holds(const std::vector<std::string>& list, const std::string& word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

ConvertRequest request_for(const ConvertFileRequest& from, const KeyMap& map) {
  ConvertRequest request;
  request.file = from.file, request.prefix = from.prefix, request.export_as = from.to;
  request.options.insert(from.take.begin(), from.take.end());
  name_heads(request, map, from.heads);
  return request;
}

void print_left_out(const Converted& converted) {
  for (const auto& [because, names] : left_out_by_reason(converted))
    std::printf("left out %s: %s\n", some_of(names).c_str(), because.c_str());
}

void check_unexpected(const Converted& converted, const ConvertFileRequest& from, const KeyMap& map) {
  std::vector<std::string> refused, allowed;
  for (const std::string& name : converted.unexpected)
    (matches_any(from.allow_unexpected, name) ? allowed : refused).push_back(name);
  if (!allowed.empty()) std::printf("left out %s: allowed\n", some_of(allowed).c_str());
  if (!refused.empty())
    throw Error(from.file + " (" + map.family + "): the key map knows nothing of " + some_of(refused, 8) +
                " (--allow-unexpected leaves names out by pattern)");
}

void check_unread(const Family& family, const ConvertFileRequest& from) {
  for (const auto& [name, what] : family.unread)
    if (!matches_any(from.allow_unexpected, name))
      throw Error(from.file + ": tensor " + quote(name) + " can't be read (" + what +
                  "); --allow-unexpected leaves it out");
}

void take_classes(std::map<std::string, at::Tensor>& weights, const ConvertFileRequest& from) {
  if (from.classes.empty()) return;
  const ClassRows classes = read_class_rows(from.classes, [&] {
    if (from.class_names.empty())
      throw Error(from.classes + " lists names: give ours with --class-names FILE, in their order");
    return read_names(from.class_names);
  });
  for (const std::string& line : take_class_rows(weights, classes, from.file, std::nullopt))
    std::printf("%s\n", line.c_str());
}

std::string listed(const std::vector<KeyMap>& maps, const std::string& backbone) {
  std::string text;
  for (const KeyMap& map : maps)
    if (map.backbone == backbone)
      for (const std::string& name : map.exports)
        text += "\n  --to " + name + ": " + map.family + " (" + map.title + ")";
  return text.empty() ? " there is none for that backbone" : text;
}

bool has_a_head_of(const KeyMap& map, const ConvertFileRequest& request) {
  return map.heads.empty() || request.heads.empty() ||
         std::any_of(request.heads.begin(), request.heads.end(),
                     [&](const auto& head) { return holds(map.heads, head.second); });
}

const KeyMap& map_for_export(const std::vector<KeyMap>& maps, const ConvertFileRequest& request) {
  std::vector<const KeyMap*> fitting;
  for (const KeyMap& map : maps) {
    const bool named = request.family.empty() ? request.prefix == "backbone." || has_a_head_of(map, request)
                                              : request.family == map.family;
    if (map.backbone == request.backbone && holds(map.exports, request.to) && named) fitting.push_back(&map);
  }
  std::stable_partition(fitting.begin(), fitting.end(),
                        [&](const KeyMap* map) { return has_a_head_of(*map, request); });
  if (!fitting.empty() && (fitting.size() == 1 || !has_a_head_of(*fitting[1], request))) return *fitting.front();
  std::string model = request.backbone;
  for (const auto& [name, component] : request.heads) model += " with " + component;
  if (fitting.empty())
    throw Error(
        "--to " + request.to + ": no key map writes " + model +
        " so (--prefix backbone. leaves the heads out); for this backbone there are:" + listed(maps, request.backbone));
  throw Error("--to " + request.to + ": several key maps write " + model + ": say --family " + fitting[0]->family +
              " or " + fitting[1]->family);
}

struct OurWeights {
  Tensors tensors;
  std::vector<std::string> class_names;  // by class; empty = unknown
};

std::vector<std::string> class_names_of(const json::object& state) {
  std::vector<std::string> names;
  if (const json::value* list = state.if_contains("class_names"); list && list->is_array())
    for (const json::value& name : list->get_array())
      names.push_back(name.is_string() ? std::string(name.get_string()) : std::string());
  return names;
}

OurWeights our_weights(const ConvertFileRequest& request) {
  const fs::path place = weights_at(request.file);
  OurWeights ours;
  if (!fs::is_directory(place)) {
    ours.tensors = read_safetensors(place);
  } else {
    LoadedCheckpoint loaded = load_checkpoint(place, /*with_optimizer=*/false);
    ours.tensors = std::move(loaded.model);
    ours.class_names = class_names_of(loaded.state);
    if (request.ema && !loaded.ema.empty()) {
      for (auto& [name, value] : loaded.ema) ours.tensors[name] = value;
      std::printf("the averaged weights are taken (--no-ema: those that were trained)\n");
    }
  }
  std::erase_if(ours.tensors, [&](const auto& entry) { return entry.first.rfind(request.prefix, 0) != 0; });
  if (ours.tensors.empty()) throw Error(place.string() + ": holds no weights under " + quote(request.prefix));
  return ours;
}

// --output as it is if it names a file; in a folder the name that the project expects.
fs::path weights_file(const ConvertFileRequest& request, const KeyMap& map) {
  const fs::path output = request.output;
  if (output.extension() == ".safetensors") return output;
  make_directories(output);
  return output / (map.config ? map.config->weights : "model.safetensors");
}

bool is_named(const std::string& name) {
  return !name.empty();
}

// The text of the file that the project wants beside the weights; "" = none.
std::string config_text(const ConvertFileRequest& request, const KeyMap& map, const OurWeights& ours,
                        const fs::path& weights, const std::string& head) {
  if (!map.config || weights.filename() != map.config->weights) return "";
  const json::value manifest = request.manifest ? json::value(*request.manifest) : json::value(json::object());
  return pretty_json(config_values(map, {ours.tensors, manifest, head, ours.class_names})) + "\n";
}

void write_config(const KeyMap& map, const OurWeights& ours, const fs::path& weights, const std::string& text) {
  if (!map.config) return;
  const std::string& file = map.config->file;
  if (text.empty()) {
    std::printf("no %s beside it: that belongs to a folder with %s, as -o FOLDER writes\n", file.c_str(),
                map.config->weights.c_str());
    return;
  }
  const fs::path path = weights.parent_path() / file;
  write_file_atomically(path, text);
  const bool named = std::any_of(ours.class_names.begin(), ours.class_names.end(), is_named);
  std::printf("%s: the model's sizes%s\n", path.c_str(), named ? " and names of classes" : "");
}

}  // namespace

void convert_file(const ConvertFileRequest& from) {
  const std::vector<KeyMap> maps = newest_maps(*from.packages);
  const FamilyWish wish{from.family, from.backbone, from.file, "--family"};
  const ForeignCheckpoint foreign = read_foreign(weights_at(from.file));
  const auto family = find_family(foreign, maps, wish);
  if (!family) throw no_family(foreign, maps, wish);
  check_unread(*family, from);
  Converted converted = to_ours(*family->map, family->tensors, request_for(from, *family->map));
  check_unexpected(converted, from, *family->map);
  print_left_out(converted);
  take_classes(converted.tensors, from);
  if (converted.tensors.empty()) throw Error(from.file + ": nothing is left to be written");
  write_safetensors_whole(from.output, converted.tensors);
  const std::string place = family->under.empty() ? "" : ", from under " + quote(family->under);
  std::printf("%s: %zu tensors of %s (%s)%s\n", from.output.c_str(), converted.tensors.size(),
              family->map->family.c_str(), family->map->title.c_str(), place.c_str());
}

void export_file(const ConvertFileRequest& from) {
  const std::vector<KeyMap> maps = newest_maps(*from.packages);
  const KeyMap& map = map_for_export(maps, from);
  const OurWeights ours = our_weights(from);
  const ConvertRequest request = request_for(from, map);
  const Tensors theirs = to_theirs(map, ours.tensors, request);
  const fs::path output = weights_file(from, map);
  const std::string config = config_text(from, map, ours, output, request.head);
  write_safetensors_whole(output, theirs);
  std::printf("%s: %zu tensors as %s (%s)\n", output.c_str(), theirs.size(), map.family.c_str(), map.title.c_str());
  write_config(map, ours, output, config);
}

}  // namespace vhost
