#include <filesystem>

#include "cli/commands.h"
#include "engine/convert_api.h"
#include "plugins/resolve_manifest.h"
#include "record/record.h"

namespace vhost {

namespace fs = std::filesystem;

namespace {

// "videomae/vit" of a part, with the plugin's own name where the manifest has an alias.
std::string component_of(const Manifest& manifest, const std::string& part) {
  const Use use = read_use(manifest, part);
  const json::value* range = manifest.find("/plugins/" + escape_pointer(use.plugin));  // "^1.0"; an alias: "toy@^1.0"
  const std::string text = range && range->is_string() ? std::string(range->get_string()) : "";
  const size_t at = text.find('@');
  return (at == std::string::npos ? use.plugin : text.substr(0, at)) + "/" + use.component;
}

void read_model(const Manifest& manifest, ConvertFileRequest& request) {
  request.backbone = component_of(manifest, "/model/backbone");
  for (const auto& [name, head] : manifest.at("/model/heads").as_object())
    request.heads.emplace_back(name, component_of(manifest, "/model/heads/" + escape_pointer(name)));
}

// The work-dir with record.json: of a checkpoint folder, the one that it lies in.
fs::path run_of(const fs::path& checkpoint) {
  const fs::path absolute = fs::absolute(checkpoint).lexically_normal();
  for (fs::path folder = absolute; folder.has_relative_path(); folder = folder.parent_path())
    if (fs::exists(folder / "record.json")) return folder;
  throw Error(checkpoint.string() +
              ": no record.json of a run lies there or above, which would tell the model; say it with --manifest FILE");
}

// As far as that goes: what is wrong with the data, say, is no matter here.
void fill_in_defaults(Manifest& manifest, const Found& packages) {
  try {
    Manifest filled = manifest;
    validate_host(filled);
    resolve_manifest(filled, packages);
    manifest = std::move(filled);
  } catch (const Error&) {
  }
}

int run_convert(const ConvertFileRequest& request) {
  return reinterpret_cast<decltype(&vhost_engine_convert)>(engine_door("vhost_engine_convert"))(&request);
}

}  // namespace

int convert_command(const Options& options) {
  const Found packages = find_packages(plugin_search_path(options.plugin_path));
  ConvertFileRequest request;
  request.packages = &packages;
  request.file = options.checkpoint, request.output = options.output;
  request.family = options.family, request.to = options.to, request.prefix = options.prefix;
  request.allow_unexpected = options.allow_unexpected, request.ema = !options.no_ema;
  request.classes = options.classes, request.class_names = options.class_names;
  Manifest manifest;
  if (!options.manifest.empty())
    manifest = read_manifest(options.manifest, {});
  else if (request.to.empty())
    return run_convert(request);
  else
    manifest = read_record(run_of(options.checkpoint)).manifest;
  read_model(manifest, request);
  if (!options.manifest.empty() && !request.to.empty()) fill_in_defaults(manifest, packages);
  request.manifest = &manifest.root;
  return run_convert(request);
}

}  // namespace vhost
