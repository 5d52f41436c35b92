#include "engine/experiment.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/autocast_mode.h>

#include <algorithm>
#include <cstdlib>
#include <thread>

#include "engine/freeze.h"
#include "engine/param_rules.h"
#include "engine/resize.h"
#include "keymaps/detect.h"

namespace vhost {

namespace {

std::string cache_folder() {
  if (const char* set = std::getenv("VHOST_CACHE_DIR")) return set;
  if (const char* xdg = std::getenv("XDG_CACHE_HOME")) return std::string(xdg) + "/vhost/data";
  const char* home = std::getenv("HOME");
  return home ? std::string(home) + "/.cache/vhost/data" : ".vhost-cache";
}

at::Device choose_device(const Manifest& manifest) {
  const std::string wish = manifest.string("/device");
  const bool cuda = at::hasCUDA();
  if (wish == "cpu" || (wish == "auto" && !cuda)) return at::kCPU;
  if (!cuda)
    throw manifest.error("/device",
                         "\"" + wish + "\" is not here: this build computes on the CPU; say \"auto\" or \"cpu\"");
  return wish == "auto" || wish == "cuda" ? at::Device(at::kCUDA, 0) : at::Device(wish);
}

}  // namespace

Runtime make_runtime(const Manifest& manifest) {
  Runtime runtime;
  runtime.device = choose_device(manifest);
  const std::string precision = manifest.string("/precision");
  runtime.precision = precision == "bf16"   ? Precision::bf16
                      : precision == "fp16" ? Precision::fp16
                      : precision == "fp64" ? Precision::fp64
                                            : Precision::fp32;
  runtime.seed = static_cast<uint64_t>(manifest.integer("/seed"));
  const int64_t threads = manifest.integer("/threads");
  at::set_num_threads(threads > 0 ? static_cast<int>(threads)
                                  : static_cast<int>(std::max(1u, std::thread::hardware_concurrency())));
  return runtime;
}

AutocastScope::AutocastScope(const Runtime& runtime) : type_(runtime.device.type()) {
  on_ = runtime.precision == Precision::bf16 || runtime.precision == Precision::fp16;
  if (!on_) return;
  at::autocast::set_autocast_enabled(type_, true);
  at::autocast::set_autocast_dtype(type_, runtime.precision == Precision::bf16 ? at::kBFloat16 : at::kHalf);
  at::autocast::increment_nesting();
}

AutocastScope::~AutocastScope() {
  if (!on_) return;
  if (at::autocast::decrement_nesting() == 0) at::autocast::clear_cache();
  at::autocast::set_autocast_enabled(type_, false);
}

void seed_generators(uint64_t seed) {
  at::Generator cpu = at::globalContext().defaultGenerator(at::kCPU);
  cpu.set_current_seed(seed);
  if (!at::hasCUDA()) return;
  at::Generator cuda = at::globalContext().defaultGenerator(at::kCUDA);
  cuda.set_current_seed(seed);
}

namespace {
std::vector<std::pair<std::string, at::Tensor>>& plugin_scalars() {
  static std::vector<std::pair<std::string, at::Tensor>> scalars;
  return scalars;
}
}  // namespace

void log_plugin_scalar(const std::string& name, const at::Tensor& value) {
  if (value.defined() && !value.is_meta()) plugin_scalars().emplace_back(name, value.detach());
}

std::map<std::string, double> take_plugin_scalars() {
  std::map<std::string, double> sums;
  for (const auto& [name, value] : plugin_scalars()) sums[name] += value.item<double>();
  plugin_scalars().clear();
  return sums;
}

Experiment::Experiment(const RunRequest& request_in, RunLog& log_in)
    : request(request_in), manifest(*request_in.manifest), log(log_in), runtime(make_runtime(manifest)) {
  build.device = runtime.device;
  build.dtype = runtime.dtype();
  build.seed = runtime.seed;
  build.cache_dir = cache_folder();
}

void Experiment::warn(const std::string& text) {
  log.message(VH_LOG_WARN, "data", text);
}

DataSource Experiment::open(const std::string& pointer, uint32_t pass, const std::vector<std::string>& files) {
  DataSource source;
  source.dataset =
      std::make_unique<Dataset>(manifest, part_config(manifest, *request.resolution, pointer), pass, build, files);
  if (files.empty() && !manifest.string(pointer + "/skip").empty())
    log.message(VH_LOG_INFO, "data",
                pointer + ": " + std::to_string(source.dataset->skipped()) + " samples are left out, by " +
                    manifest.string(pointer + "/skip"));
  source.layout = make_input_layout(manifest, pointer, source.dataset->fields());
  if (pass == VH_PASS_PREDICT) source.layout.mixed = false;  // without labels
  if (pass == VH_PASS_TRAIN) source.augment = batch_augment(manifest, source.layout);
  data[pointer] = {source.dataset->fingerprint(), files_of(manifest, pointer)};
  return source;
}

void Experiment::open_mask(const InputLayout& layout) {
  if (!manifest.has("/mask")) return;
  mask = std::make_unique<Mask>(manifest, part_config(manifest, *request.resolution, "/mask"), build);
  const MaskNeeds needs = backbone_mask_needs(manifest, *request.resolution, layout);
  mask->set_grid(needs.grid);
  std::copy(needs.grid, needs.grid + 3, mask_layout.grid);
  mask_layout.min_masked = mask->min_masked();
  mask_layout.max_masked = mask->max_masked();
  mask_layout.mode = choose_mask_mode(manifest, needs, mask_layout.fixed());
}

std::unique_ptr<Model> Experiment::check_on_meta(const InputLayout& layout, bool training) {
  BuildOptions meta = build;
  meta.meta = true;
  meta.device = at::kMeta;
  std::unique_ptr<Model> shape = Model::assemble(manifest, *request.resolution, layout, mask_layout, meta, training);
  if (training) freeze(manifest, *shape);
  bool runs_on_meta = true, dynamic = false;
  for (const auto& part : shape->parts()) {
    runs_on_meta &= (part->caps() & VH_CAP_META) != 0;
    dynamic |= (part->caps() & VH_CAP_DYNAMIC_PARAMS) != 0;
  }
  parameters = trainable = 0;
  for (const Param* param : shape->params()) {
    if (param->role != VH_PARAMETER) continue;
    parameters += param->value.numel();
    if (!(param->flags & VH_PARAM_FROZEN)) trainable += param->value.numel();
  }
  frozen = parameters - trainable;
  if (training)
    param_settings(manifest, trained_params(shape->params()),
                   layers_of(shape->params()));  // throws at a rule that matches nothing
  if (!runs_on_meta) return shape;
  StepInfo info;
  info.meta = true;
  info.mode = training ? VH_TRAIN : VH_EVAL;
  vh_map all = shape->meta_batch(layout, 1);
  FlopCounter::start();
  shape->forward(all, info);
  forward_flops = FlopCounter::so_far();
  if (!training) {
    FlopCounter::stop();
    return shape;
  }
  const at::Tensor loss = shape->losses(all, info, {}).total.sum();
  FlopCounter::stop();
  activation_bytes = FlopCounter::activation_bytes();
  loss.backward();
  if (dynamic) return shape;
  for (const Param* param : shape->params())
    if (param->role == VH_PARAMETER && !(param->flags & VH_PARAM_FROZEN) && !param->value.grad().defined())
      throw Error("parameter \"" + param->name +
                  "\" gets no gradient from any loss: the configuration makes a parameter that it does not use");
  return shape;
}

void Experiment::build_model(const InputLayout& layout, bool with_losses) {
  model = Model::assemble(manifest, *request.resolution, layout, mask_layout, build, with_losses);
  const std::string task = manifest.string("/task");
  if (task == "pretrain" || task == "train") freeze(manifest, *model);
}

NamedTensors Experiment::named_weights() const {
  NamedTensors all;
  for (Param* param : model->params())
    if (param->role != VH_BUFFER_NOT_SAVED) all.emplace_back(param->name, param->value.detach());
  return all;
}

namespace {

bool may_be_missing(const std::string& name, const LoadRules& rules) {
  return rules.fresh.count(name) || matches_any(rules.allow_missing, name);
}

bool has_other_rows(const at::Tensor& stored, const Param& param) {
  return param.name.rfind("heads.", 0) == 0 && stored.dim() > 0 && stored.dim() == param.value.dim() &&
         stored.sizes().slice(1) == param.value.sizes().slice(1);
}

// Undefined if it may be missing and doesn't fit.
at::Tensor fitted(const at::Tensor& stored, const Param& param, const std::string& file, const LoadRules& rules) {
  if (stored.sizes() == param.value.sizes()) return stored;
  const at::Tensor value = resized(stored, param);
  if (!value.defined() && !may_be_missing(param.name, rules))
    throw Error(file + ": \"" + param.name + "\" has shape " + c10::str(stored.sizes()) + ", the model's is " +
                c10::str(param.value.sizes()) + (has_other_rows(stored, param) ? rules.rows_remedy : ""));
  return value;
}

}  // namespace

void Experiment::load_weights(const std::map<std::string, at::Tensor>& weights, const std::string& file,
                              const LoadRules& rules) {
  at::NoGradGuard no_grad;
  std::vector<std::string> missing, kept;
  int64_t loaded = 0;
  for (Param* param : model->params()) {
    if (param->role == VH_BUFFER_NOT_SAVED || param->name.rfind(rules.prefix, 0) != 0) continue;
    const auto it = weights.find(param->name);
    const at::Tensor value = it == weights.end() ? at::Tensor() : fitted(it->second, *param, file, rules);
    if (!value.defined()) {
      (may_be_missing(param->name, rules) ? kept : missing).push_back(param->name);
      continue;
    }
    param->value.copy_(value);
    if (it->second.sizes() != param->value.sizes())
      log.message(VH_LOG_INFO, "init",
                  file + ": \"" + param->name + "\" was resized from " + c10::str(it->second.sizes()) + " to " +
                      c10::str(param->value.sizes()));
    ++loaded;
  }
  if (loaded == 0)
    throw Error(file + ": holds no weights of this model" +
                (rules.prefix.empty() ? "" : " under the prefix \"" + rules.prefix + "\""));
  if (rules.strict && !missing.empty())
    throw Error(file + ": lacks " + std::to_string(missing.size()) + " of the model's weights: " + some_of(missing, 8) +
                rules.remedy);
  kept.insert(kept.end(), missing.begin(), missing.end());
  if (!kept.empty())
    log.message(VH_LOG_WARN, "init",
                file + ": " + std::to_string(kept.size()) +
                    " weights were not in it, or of other sizes, and keep their initial values: " + some_of(kept));
}

}  // namespace vhost
