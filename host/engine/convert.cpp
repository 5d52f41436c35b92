#include "engine/convert.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>

#include "checkpoint/checkpoint.h"
#include "engine/param_rules.h"
#include "keymaps/classes.h"
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

Tensors our_weights(const ConvertFileRequest& request) {
  const fs::path place = weights_at(request.file);
  Tensors weights;
  if (!fs::is_directory(place)) {
    weights = read_safetensors(place);
  } else {
    LoadedCheckpoint loaded = load_checkpoint(place, /*with_optimizer=*/false);
    weights = std::move(loaded.model);
    if (request.ema && !loaded.ema.empty()) {
      for (auto& [name, value] : loaded.ema) weights[name] = value;
      std::printf("the averaged weights are taken (--no-ema: those that were trained)\n");
    }
  }
  std::erase_if(weights, [&](const auto& entry) { return entry.first.rfind(request.prefix, 0) != 0; });
  if (weights.empty()) throw Error(place.string() + ": holds no weights under " + quote(request.prefix));
  return weights;
}

}  // namespace

void convert_file(const ConvertFileRequest& from) {
  const std::vector<KeyMap> maps = newest_maps(*from.packages);
  const FamilyWish wish{from.family, from.backbone, from.file, "--family"};
  const ForeignCheckpoint foreign = read_foreign(weights_at(from.file));
  const auto family = find_family(foreign, maps, wish);
  if (!family) throw no_family(foreign, maps, wish);
  Converted converted = to_ours(*family->map, family->tensors, request_for(from, *family->map));
  check_unexpected(converted, from, *family->map);
  print_left_out(converted);
  take_classes(converted.tensors, from);
  if (converted.tensors.empty()) throw Error(from.file + ": nothing is left to be written");
  write_safetensors_whole(from.output, converted.tensors);
  std::printf("%s: %zu tensors of %s (%s)\n", from.output.c_str(), converted.tensors.size(),
              family->map->family.c_str(), family->map->title.c_str());
}

void export_file(const ConvertFileRequest& from) {
  const std::vector<KeyMap> maps = newest_maps(*from.packages);
  const KeyMap& map = map_for_export(maps, from);
  const Tensors theirs = to_theirs(map, our_weights(from), request_for(from, map));
  write_safetensors_whole(from.output, theirs);
  std::printf("%s: %zu tensors as %s (%s)\n", from.output.c_str(), theirs.size(), map.family.c_str(),
              map.title.c_str());
}

}  // namespace vhost
