#include "engine/init_weights.h"

#include <algorithm>

#include "engine/guard.h"
#include "engine/param_rules.h"
#include "keymaps/classes.h"
#include "keymaps/convert.h"
#include "keymaps/detect.h"
#include "record/weights.h"

namespace vhost {

namespace fs = std::filesystem;

namespace {

constexpr const char* kRemedy =
    " (init's \"prefix\": \"backbone.\" takes the backbone alone, \"allow_missing\" allows names by pattern)";

constexpr const char* kRowsRemedy =
    " (\"init.classes\" takes the rows of a head with other classes, \"allow_missing\" keeps the model's own)";

struct InitOptions {
  std::string family;
  LoadRules rules;
  std::vector<std::string> allow_unexpected;
  std::set<std::string> take;
  std::optional<ClassRows> classes;
};

std::vector<std::string> texts(const Manifest& manifest, const std::string& pointer) {
  std::vector<std::string> list;
  for (const json::value& item : manifest.at(pointer).as_array()) list.emplace_back(item.as_string());
  return list;
}

InitOptions init_options(const Manifest& m) {
  InitOptions o;
  if (m.has("/init/family")) o.family = m.string("/init/family");
  o.rules = {
      m.string("/init/prefix"), m.boolean("/init/strict"), texts(m, "/init/allow_missing"), {}, kRemedy, kRowsRemedy};
  o.allow_unexpected = texts(m, "/init/allow_unexpected");
  for (const std::string& name : texts(m, "/init/take")) o.take.insert(name);
  return o;
}

std::vector<const Package*> packages_of(const Resolution& resolution) {
  std::vector<const Package*> packages;
  for (const ResolvedPlugin& plugin : resolution.plugins)
    if (std::find(packages.begin(), packages.end(), plugin.package) == packages.end())
      packages.push_back(plugin.package);
  return packages;
}

std::string component_at(const Experiment& x, const std::string& pointer) {
  const ResolvedPart& part = x.request.resolution->part(pointer);
  return part.package->name + "/" + part.component->name;
}

ConvertRequest request_for(const Experiment& x, const KeyMap& map, const InitOptions& options,
                           const std::string& file) {
  ConvertRequest request;
  request.file = file, request.prefix = options.rules.prefix, request.options = options.take;
  request.model.emplace();
  for (const Param* param : x.params())
    if (param->role != VH_BUFFER_NOT_SAVED) request.model->insert(param->name);
  std::vector<std::pair<std::string, std::string>> heads;
  for (const auto& [name, head] : x.manifest.at("/model/heads").as_object())
    heads.emplace_back(name, component_at(x, "/model/heads/" + escape_pointer(name)));
  name_heads(request, map, heads);
  return request;
}

void say(Experiment& x, const std::string& text) {
  x.log.message(VH_LOG_INFO, "init", text);
}

void check_unexpected(Experiment& x, const Converted& converted, const Family& family, const InitOptions& options,
                      const std::string& file) {
  std::vector<std::string> refused, allowed;
  for (const std::string& name : converted.unexpected)
    (matches_any(options.allow_unexpected, name) ? allowed : refused).push_back(name);
  if (!allowed.empty()) say(x, file + ": left out as allowed: " + some_of(allowed, 8));
  if (refused.empty()) return;
  const std::string text = file + " (" + family.map->family + "): the model has no place for " + some_of(refused, 8);
  if (options.rules.strict) throw Error(text + " (\"init.allow_unexpected\" allows names by pattern)");
  x.log.message(VH_LOG_WARN, "init", text);
}

void say_left_out(Experiment& x, const Converted& converted, const std::string& file) {
  for (const auto& [because, names] : left_out_by_reason(converted))
    say(x, file + ": left out " + some_of(names) + ": " + because);
}

void check_options(const Experiment& x, const KeyMap& map, const std::set<std::string>& take) {
  std::vector<std::string> known;
  for (const KeyRule& rule : map.rules)
    if (!rule.option.empty() && std::find(known.begin(), known.end(), rule.option) == known.end())
      known.push_back(rule.option);
  for (const std::string& name : take)
    if (std::find(known.begin(), known.end(), name) == known.end())
      throw x.manifest.error("/init/take", quote(name) + " is no option of " + map.family + did_you_mean(name, known) +
                                               (known.empty() ? "; it has none" : "; it has " + some_of(known, 8)));
}

// The rows of the file's layers of classes that init.classes names for ours.
void take_classes(Experiment& x, std::map<std::string, at::Tensor>& weights, const InitOptions& options,
                  const std::string& file) {
  if (!options.classes) return;
  std::map<std::string, int64_t> rows;
  for (const Param* param : x.params())
    if (param->value.dim() > 0) rows[param->name] = param->value.size(0);
  for (const std::string& line : take_class_rows(weights, *options.classes, file, rows)) say(x, file + ": " + line);
}

void load_family(Experiment& x, const Family& family, InitOptions options, const std::string& file) {
  say(x, file + ": is of the family " + family.map->family + " (" + family.map->title + ")" +
             (family.under.empty() ? "" : ", under " + quote(family.under)));
  check_options(x, *family.map, options.take);
  Converted converted = to_ours(*family.map, family.tensors, request_for(x, *family.map, options, file));
  say_left_out(x, converted, file);
  options.rules.fresh = converted.fresh;
  check_unexpected(x, converted, family, options, file);
  take_classes(x, converted.tensors, options, file);
  x.load_weights(converted.tensors, file, options.rules);
}

// Whether the file names at least one of the model's parameters as we do.
bool has_our_names(const Experiment& x, const std::map<std::string, at::Tensor>& tensors) {
  const std::vector<Param*> params = x.params();
  return std::any_of(params.begin(), params.end(), [&](const Param* param) { return tensors.count(param->name) > 0; });
}

// Of files with our own names: a pre-training's head, say, that a classifier doesn't have.
void say_surplus(Experiment& x, const std::map<std::string, at::Tensor>& tensors, const std::string& prefix,
                 const std::string& file) {
  std::set<std::string> ours;
  for (const Param* param : x.params()) ours.insert(param->name);
  std::vector<std::string> surplus;
  for (const auto& [name, tensor] : tensors)
    if (name.rfind(prefix, 0) == 0 && !ours.count(name)) surplus.push_back(name);
  if (!surplus.empty()) say(x, file + ": the model has no place for " + some_of(surplus, 8));
}

void load_ours(Experiment& x, std::map<std::string, at::Tensor> weights, const InitOptions& options,
               const std::string& file) {
  take_classes(x, weights, options, file);
  x.load_weights(weights, file, options.rules);
}

void load_any(Experiment& x, const LoadedCheckpoint& from, const InitOptions& options) {
  const std::string file = from.folder.string();
  if (fs::exists(from.folder / "state.json") && options.family.empty()) return load_ours(x, from.model, options, file);
  const std::vector<KeyMap> maps = keymaps_of(packages_of(*x.request.resolution));
  const FamilyWish wish{options.family, component_at(x, "/model/backbone"), file, "init.family"};
  const ForeignCheckpoint foreign{"", from.model, {}, {}};
  if (const auto family = find_family(foreign, maps, wish)) return load_family(x, *family, options, file);
  if (!has_our_names(x, from.model)) throw no_family(foreign, maps, wish);
  say_surplus(x, from.model, options.rules.prefix, file);
  load_ours(x, from.model, options, file);
}

// Those of init.class_names, or else the dataset's.
std::vector<std::string> our_classes(const Manifest& manifest, const DataSource& source) {
  if (manifest.has("/init/class_names")) return read_names(manifest.string("/init/class_names"));
  std::vector<std::string> names;
  for (int64_t i = 0; i < source.layout.classes; ++i) names.push_back(source.dataset->class_name(i));
  if (names.empty() || std::find(names.begin(), names.end(), "") != names.end())
    throw manifest.error("/init/classes",
                         manifest.string("/init/classes") +
                             " lists names, and the dataset names no classes: give init.class_names, a "
                             "file with ours");
  return names;
}

void read_classes(Experiment& x, const DataSource& source, InitOptions& options) {
  const Manifest& m = x.manifest;
  if (!m.has("/init/classes")) return;
  options.classes = read_class_rows(m.string("/init/classes"), [&] { return our_classes(m, source); });
  for (const char* key : {"/init/classes", "/init/class_names"})
    if (m.has(key)) x.weights[key] = {m.string(key), weights_sha256(m.string(key))};
}

}  // namespace

LoadedCheckpoint load_weights_from(const std::string& path) {
  const fs::path place = weights_at(path);
  if (fs::is_directory(place)) return load_checkpoint(place, /*with_optimizer=*/false);
  LoadedCheckpoint loaded;
  loaded.folder = place;
  loaded.model = read_foreign(place).tensors;
  return loaded;
}

void load_init(Experiment& x, const DataSource& source) {
  InitOptions options = init_options(x.manifest);
  read_classes(x, source, options);
  const LoadedCheckpoint from = load_weights_from(x.manifest.string("/init/from"));
  load_any(x, from, options);
  x.weights["/init/from"] = {from.folder.string(), weights_sha256(from.folder)};
  say(x, "weights from " + from.folder.string());
}

void load_trained(Experiment& x, const LoadedCheckpoint& loaded) {
  load_any(x, loaded, {});
}

}  // namespace vhost
