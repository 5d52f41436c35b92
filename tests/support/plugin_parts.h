// Makes and runs single parts of built plugins, as the assembly would, for the plugins' own tests.
#pragma once
#include <cstdlib>

#include "assembly/part.h"

namespace plugin_parts {

using vhost::Spec;
namespace json = vhost::json;

// The plugins of the build tree.
inline const vhost::Found& packages() {
  static const vhost::Found found = [] {
    vhost::register_gateway();
    const char* build = std::getenv("VHOST_BUILD_DIR");
    return vhost::find_packages({std::filesystem::path(build ? build : ".") / "plugins"});
  }();
  return found;
}

inline Spec spec(const std::string& key, const std::string& semantic, const std::string& axes, std::vector<int64_t> dim,
                 int32_t dtype = VH_DTYPE_ANY) {
  Spec s;
  s.key = key, s.semantic = semantic, s.axes = axes;
  s.c.dtype = dtype, s.c.rank = static_cast<int32_t>(dim.size());
  std::copy(dim.begin(), dim.end(), s.c.dim);
  return s;
}

inline vh_specs specs(std::initializer_list<Spec> list) {
  vh_specs all;
  for (const Spec& s : list) all.add(s);
  return all;
}

inline Spec input(int64_t frames, int64_t size, int64_t channels = 3) {
  return spec("input", "input", "BCTHW", {VH_DIM_BATCH, channels, frames, size, size});
}

inline Spec label(int64_t classes) {
  Spec s = spec("batch.label", "label", "B", {VH_DIM_BATCH}, VH_I64);
  s.c.classes = classes;
  return s;
}

// Specs of a mask of `masked` among `cells`; mode "drop" or "replace".
inline void add_mask(vh_specs& all, const std::string& mode, int64_t cells, int64_t masked) {
  all.add(spec("mask.bool", "mask." + mode, "BN", {VH_DIM_BATCH, cells}, VH_BOOL));
  all.add(spec("mask.visible_index", "mask." + mode, "BN", {VH_DIM_BATCH, cells - masked}, VH_I64));
  all.add(spec("mask.masked_index", "mask." + mode, "BN", {VH_DIM_BATCH, masked}, VH_I64));
}

// One part with its manifest. Parameters are validated, and defaults filled in.
class TestPart {
 public:
  TestPart(const std::string& interface_id, const std::string& use, json::object params = {}) {
    params["use"] = use;
    manifest_.root["part"] = params;
    const auto [plugin, component] = vhost::read_use(manifest_, "/part");
    const vhost::Package& package = vhost::resolve(packages(), plugin, "*");
    vhost::Resolution resolution;
    resolution.parts.push_back({"/part", &package, package.find(interface_id, component)});
    vhost::PartConfig config = vhost::part_config(manifest_, resolution, "/part");
    vhost::validate(manifest_, "/part", config.params, config.component->schema);
    part_ = std::make_unique<vhost::Part>(manifest_, std::move(config), interface_id);
  }
  TestPart& create(const vh_specs& in, const vh_specs& want = {}, const vhost::BuildOptions& options = {}) {
    part_->create(options, "", in, want);
    return *this;
  }
  TestPart& create_meta(const vh_specs& in, const vh_specs& want = {}) {
    vhost::BuildOptions options;
    options.meta = true;
    return create(in, want, options);
  }
  vh_specs describe(const vh_specs& in) const { return part_->describe(in); }

  std::map<std::string, at::Tensor> run(const std::map<std::string, at::Tensor>& in, uint32_t mode = VH_TRAIN) const {
    vh_map inputs, outputs;
    for (const auto& [key, tensor] : in) inputs.put(key, tensor);
    inputs.read_only = true;
    vh_step step{};
    step.struct_size = sizeof step;
    step.mode = mode;
    step.in = &inputs;
    step.out = &outputs;
    step.samples = in.begin()->second.size(0);
    part_->run(step);
    return {outputs.items.begin(), outputs.items.end()};
  }

  std::vector<vhost::Param*> params() const { return part_->scope()->all(); }
  const vhost::Param& param(const std::string& name) const {
    for (const vhost::Param* p : params())
      if (p->name == name) return *p;
    throw std::runtime_error("there is no parameter " + name);
  }
  int64_t parameter_count() const {
    int64_t n = 0;
    for (const vhost::Param* p : params())
      if (p->role == VH_PARAMETER) n += p->value.numel();
    return n;
  }
  template <class Table>
  const Table& table() const {
    return *static_cast<const Table*>(part_->table());
  }
  vhost::Part& part() const { return *part_; }

 private:
  vhost::Manifest manifest_;
  std::unique_ptr<vhost::Part> part_;
};

// For BOOST_CHECK_EXCEPTION: does the message contain the text?
struct HasReason {
  std::string reason;
  bool operator()(const std::exception& error) const {
    const bool found = std::string(error.what()).find(reason) != std::string::npos;
    if (!found) std::fprintf(stderr, "message: %s\n", error.what());
    return found;
  }
};

}  // namespace plugin_parts
