// The assembled model: backbone, heads, target and losses, checked against each other before the first step.
#pragma once
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "assembly/input.h"
#include "assembly/part.h"

namespace vhost {

enum class MaskMode { none, replace, drop };

// What the mask plugin has said of its grid; filled in by the caller of Model::assemble (the data layer owns the mask).
struct MaskLayout {
  MaskMode mode = MaskMode::none;
  int64_t grid[3] = {0, 0, 0};
  int64_t min_masked = 0, max_masked = 0;
  int64_t cells() const { return grid[0] * grid[1] * grid[2]; }
  bool fixed() const { return min_masked == max_masked; }  // index lists exist
};

// The grid of mask cells that the backbone wants for this input, and the modes that it takes. Builds a throw-away
// instance on the meta device.
struct MaskNeeds {
  uint32_t modes = 0;
  int64_t grid[3] = {0, 0, 0};
};
MaskNeeds backbone_mask_needs(const Manifest& manifest, const Resolution& resolution, const InputLayout& layout);
// Drop if the backbone and the mask can, else replace; "mode" in the manifest's mask decides otherwise.
MaskMode choose_mask_mode(const Manifest& manifest, const MaskNeeds& needs, bool fixed_counts);

struct StepInfo {
  uint32_t mode = VH_TRAIN;
  int64_t step = 0, epoch = 0;
  double progress = 0;
  const uint64_t* seeds = nullptr;
  int64_t samples = 0;
  bool meta = false;
};

// What losses are divided by: sums over all micro-batches of the step.
struct Divisors {
  double samples = 1, masked = 1, micro_batches = 1;
};

struct LossScalar {
  std::string name;         // "loss.main", "part.x"
  at::Tensor value;         // detached, divided
  uint32_t normaliser = 0;  // VH_DIVIDE_*
  double weight = 0;        // in the total; 0 for parts
};

struct LossValues {
  at::Tensor total;  // weighted, divided, differentiable
  std::vector<LossScalar> scalars;
};

class Model {
 public:
  // classes: of the labels; 0 = unknown. with_losses: false for predict and extract. Task extract takes the backbone
  // alone, so that a pre-trained one needs neither mask nor head.
  static std::unique_ptr<Model> assemble(const Manifest& manifest, const Resolution& resolution,
                                         const InputLayout& layout, const MaskLayout& mask, const BuildOptions& options,
                                         bool with_losses);

  // Backbone and heads: reads input and mask.* from `all`, adds features.* and pred.<head>.*
  void forward(vh_map& all, const StepInfo& info) const;
  // Backbone alone.
  void features(vh_map& all, const StepInfo& info) const;
  // What is to be predicted, in fp32 with autocast off and without gradients.
  void targets(vh_map& all, const StepInfo& info) const;
  // Targets, then losses, in fp32 (or the model's float64) with autocast off.
  LossValues losses(vh_map& all, const StepInfo& info, const Divisors& divisors) const;
  // The total loss of answers that say nothing: predictions of zero, against the targets that losses() has put into
  // `all`. Of logits that is ln(classes), of a regression the targets' mean square. An untrained model begins near it.
  double loss_of_zeros(const vh_map& all, const StepInfo& info, const Divisors& divisors) const;
  void after_step(vh_map& all, const StepInfo& info) const;

  // From now on the part runs in evaluation mode, whatever the step's mode is; gradients pass through it only to parts
  // before it that learn.
  void freeze(const Part& part) { frozen_.push_back(&part); }

  std::vector<Param*> params() const;  // parameters and buffers of all parts
  const std::vector<std::unique_ptr<Part>>& parts() const { return parts_; }
  const vh_specs& feature_specs() const { return features_; }
  const vh_specs& prediction_specs() const { return predictions_; }  // keys "pred.<head>.NAME"
  const vh_specs& target_specs() const { return targets_; }
  const MaskLayout& mask() const { return mask_; }
  const BuildOptions& options() const { return options_; }
  // What the losses compare, in their order: full keys of predictions and targets ("batch.label" among them).
  struct Compared {
    std::string pred, target;
  };
  std::vector<Compared> compared() const;
  bool compares_labels() const;    // whether a loss does
  std::string logits_key() const;  // of the first head that gives logits; "" = none
  bool divides_by(uint32_t kind) const;

  // A batch of meta tensors with every key that forward() and losses() read.
  vh_map meta_batch(const InputLayout& layout, int64_t rows) const;

 private:
  struct Head {
    std::string name;
    Part* part;
  };
  struct Loss {
    std::string name;
    Part* part;
    double weight = 1;
    uint32_t normaliser = VH_DIVIDE_SAMPLES;
    std::string pred, target, target_weight;  // full keys; target_weight "" = none, "mask.bool" = the mask
    bool gather_target = false, gather_pred = false;
    double tokens_per_cell = 1;  // of the target, where the mask is its weight
  };
  Model(const MaskLayout& mask, const BuildOptions& options) : mask_(mask), options_(options) {}
  Part& add(const Manifest& manifest, const Resolution& resolution, const std::string& pointer,
            const std::string& interface_id);
  void build_backbone(const Manifest&, const Resolution&, const vh_specs& inputs);
  void build_target(const Manifest&, const Resolution&, const vh_specs& inputs);
  void build_heads(const Manifest&, const Resolution&, const vh_specs& inputs);
  void build_losses(const Manifest&, const Resolution&, const vh_specs& inputs);
  double tokens_per_cell(const Manifest&, const PartConfig&, const Spec& target) const;
  void bind_loss(const Manifest&, Loss& loss, const std::string& head, const vh_specs& inputs, vh_specs& in) const;
  void run(const Part& part, const vh_map& all, vh_map& out, const StepInfo& info,
           std::initializer_list<const char*> prefixes) const;
  bool frozen(const Part& part) const;
  LossValues one_loss(const Loss& loss, const vh_map& all, const StepInfo& info, const Divisors& divisors) const;

  MaskLayout mask_;
  bool soft_labels_ = false;
  BuildOptions options_;
  std::vector<std::unique_ptr<Part>> parts_;
  std::vector<const Part*> frozen_;
  Part* backbone_ = nullptr;
  Part* target_ = nullptr;
  std::vector<Head> heads_;
  std::vector<Loss> losses_;
  vh_specs features_, targets_, predictions_;
};

}  // namespace vhost
