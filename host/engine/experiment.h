// Everything a task computes with: data, mask, model, device and precision, built from the manifest in one order.
#pragma once
#include <ATen/core/grad_mode.h>

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "assembly/model.h"
#include "checkpoint/safetensors.h"
#include "data/loader.h"
#include "engine/augment.h"
#include "engine/engine_api.h"
#include "report/run_log.h"

namespace vhost {

enum class Precision { fp32, bf16, fp16, fp64 };

struct Runtime {
  at::Device device = at::kCPU;
  Precision precision = Precision::fp32;
  uint64_t seed = 0;
  at::ScalarType dtype() const { return precision == Precision::fp64 ? at::kDouble : at::kFloat; }
};
Runtime make_runtime(const Manifest& manifest);  // sets the number of threads too

// Autocast for backbone and heads; nothing for fp32 and fp64.
class AutocastScope {
 public:
  explicit AutocastScope(const Runtime& runtime);
  ~AutocastScope();

 private:
  bool on_ = false;
  at::DeviceType type_ = at::kCPU;
};

// Seeds LibTorch's default generators, before every micro-step.
void seed_generators(uint64_t seed);

// What parts have logged through vh.log/1 since the last call of take_plugin_scalars, summed by name.
void log_plugin_scalar(const std::string& name, const at::Tensor& value);
std::map<std::string, double> take_plugin_scalars();

struct LoadRules {
  std::string prefix;                      // only names that begin so
  bool strict = true;                      // every parameter must be found, but for ...
  std::vector<std::string> allow_missing;  // ... names that match one of these patterns, and ...
  std::set<std::string> fresh;             // ... these names
  std::string remedy;                      // ends the error about missing ones
  std::string rows_remedy;                 // ends that about a head's tensor with another number of rows
};

struct DataSource {
  std::unique_ptr<Dataset> dataset;
  InputLayout layout;
  std::optional<BatchAugment> augment;  // of the training pass
  const BatchAugment* batch_augment() const { return augment ? &*augment : nullptr; }
};

class Experiment {
 public:
  Experiment(const RunRequest& request, RunLog& log);

  // Opens the dataset at the pointer ("/data/train"). files: replaces its list.
  DataSource open(const std::string& pointer, uint32_t pass, const std::vector<std::string>& files = {});
  // The mask of the manifest on the backbone's grid; leaves mask_layout.mode none if the manifest has none.
  void open_mask(const InputLayout& layout);
  // On the meta device: forward, losses and one backward; refuses parameters that get no gradient. Counts FLOPs.
  // Returns the model: all names and shapes, no values.
  std::unique_ptr<Model> check_on_meta(const InputLayout& layout, bool training);
  void build_model(const InputLayout& layout, bool with_losses);
  // Copies weights into the model, interpolating tables that their plugin lets be. Throws Error naming all that is
  // missing or of another shape.
  void load_weights(const std::map<std::string, at::Tensor>& weights, const std::string& file,
                    const LoadRules& rules = {});
  std::vector<Param*> params() const { return model->params(); }
  NamedTensors named_weights() const;  // what a checkpoint holds
  void warn(const std::string& text);

  // For the record: what was opened, and the weights that were loaded, by "/init/from" or "--checkpoint".
  std::map<std::string, RecordedData> data;
  std::map<std::string, RecordedWeights> weights;
  const RunRequest& request;
  const Manifest& manifest;
  RunLog& log;
  Runtime runtime;
  BuildOptions build;
  std::unique_ptr<Mask> mask;
  MaskLayout mask_layout;
  std::unique_ptr<Model> model;
  // Of one sample (one row of the model), in fp32, from check_on_meta.
  int64_t forward_flops = 0, activation_bytes = 0;
  int64_t parameters = 0, trainable = 0, frozen = 0;
};

}  // namespace vhost
