#include "assembly/part.h"

#include <algorithm>
#include <cstddef>

namespace vhost {

static_assert(offsetof(PartTable, run) == offsetof(vh_backbone_1, run));
static_assert(offsetof(PartTable, run) == offsetof(vh_target_1, run));
static_assert(offsetof(PartTable, run) == offsetof(vh_head_1, run));
static_assert(offsetof(PartTable, run) == offsetof(vh_loss_1, run));
static_assert(offsetof(PartTable, describe) == offsetof(vh_head_1, describe));
static_assert(offsetof(vh_dataset_1, destroy) == offsetof(PartTable, destroy));
static_assert(offsetof(vh_mask_1, destroy) == offsetof(PartTable, destroy));

PartConfig part_config(const Manifest& manifest, const Resolution& resolution, const std::string& pointer) {
  const ResolvedPart& part = resolution.part(pointer);
  PartConfig config;
  config.pointer = pointer;
  config.use = manifest.string(pointer + "/use");
  config.package = part.package;
  config.component = part.component;
  json::object params;
  const std::vector<std::string>& host_keys = part_host_keys(pointer);
  for (const auto& [key, value] : manifest.at(pointer).as_object()) {
    if (key == "in") {
      for (const auto& [local, full] : value.as_object()) config.rebind[local] = std::string(full.as_string());
    } else if (std::find(host_keys.begin(), host_keys.end(), std::string(key)) == host_keys.end()) {
      params[key] = value;
    }
  }
  config.params = std::move(params);
  return config;
}

Part::Part(const Manifest& manifest, PartConfig config, const std::string& interface_id)
    : manifest_(manifest), config_(std::move(config)) {
  try {
    const LoadedPlugin& plugin = load_plugin(*config_.package, host_table());
    table_ = plugin.entry->get(interface_id.c_str(), config_.component->name.c_str());
  } catch (const Error& error) {
    throw manifest_.error(config_.pointer + "/use", error.message());
  }
  if (!table_)
    throw manifest_.error(config_.pointer + "/use", "the library of " + config_.use + " does not serve " +
                                                        interface_id +
                                                        " although its plugin.json says so: rebuild the package");
}

Part::~Part() {
  if (self_) part_table()->destroy(self_);
}

void Part::check(int32_t status, const vh_error& error) const {
  if (status == VH_OK) return;
  std::string message = config_.use + ": " + (error.message[0] ? error.message : "failed without a message");
  if (config_.use != error.where && message.find(error.where) == std::string::npos)
    message += " (" + std::string(error.where) + ")";
  throw manifest_.error(config_.pointer + error.json_pointer, message);
}

void Part::create(const BuildOptions& options, const std::string& prefix, const vh_specs& in, const vh_specs& want) {
  scope_ = std::make_unique<vh_scope>(prefix, options.seed, options.device, options.dtype, options.meta);
  const std::string package_dir = config_.package->folder.string();
  vh_build build{};
  build.struct_size = sizeof build;
  build.flags = options.meta ? VH_BUILD_META : 0;
  build.host = host_table();
  build.params = node_of(config_.params);
  build.scope = scope_.get();
  build.in = &in;
  build.want = &want;
  build.package_dir = package_dir.c_str();
  build.cache_dir = options.cache_dir.c_str();
  build.device_type = options.meta ? VH_META : options.device.is_cuda() ? VH_CUDA : VH_CPU;
  build.device_index = options.device.has_index() ? options.device.index() : 0;
  build.dtype = from_scalar_type(options.dtype);
  vh_error error = new_error();
  void* self = nullptr;
  check(part_table()->create(&build, &self, &error), error);
  self_ = self;
}

vh_specs Part::describe(const vh_specs& in) const {
  vh_specs out;
  SpecCollector sink(out);
  vh_error error = new_error();
  check(part_table()->describe(self_, &in, &sink, &error), error);
  return out;
}

void Part::run(const vh_step& step) const {
  const PartScope part(config_.use);  // errors of its operators name it, also in backward
  vh_error error = new_error();
  check(part_table()->run(self_, &step, &error), error);
}

}  // namespace vhost
