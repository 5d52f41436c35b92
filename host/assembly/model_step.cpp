// What a model does at a step; model.cpp builds it.
#include <ATen/autocast_mode.h>

#include <algorithm>

#include "assembly/model.h"

namespace vhost {

namespace {

// [B, cells of `from`] -> [B, cells of `to`], nearest.
at::Tensor upsample_mask(const at::Tensor& mask, const int64_t from[3], const int64_t to[3]) {
  if (std::equal(from, from + 3, to)) return mask;
  at::Tensor grid = mask.reshape({mask.size(0), from[0], from[1], from[2]});
  for (int i = 0; i < 3; ++i)
    if (to[i] != from[i]) grid = grid.repeat_interleave(to[i] / from[i], i + 1);
  return grid.reshape({mask.size(0), -1});
}

at::Tensor gather_tokens(const at::Tensor& tokens, const at::Tensor& index) {  // B x N x C, B x M -> B x M x C
  if (tokens.dim() == 2) return tokens.gather(1, index);
  return tokens.gather(1, index.unsqueeze(-1).expand({-1, -1, tokens.size(2)}));
}

vh_step make_step(const StepInfo& info, const BuildOptions& options, const vh_map& in, vh_map& out) {
  vh_step step{};
  step.struct_size = sizeof step;
  step.mode = info.mode;
  step.flags = info.meta ? VH_STEP_META : 0;
  step.in = &in;
  step.out = &out;
  step.sample_seed = info.seeds;
  step.samples = info.samples;
  step.step = info.step;
  step.epoch = info.epoch;
  step.progress = info.progress;
  step.device_type = info.meta ? VH_META : options.device.is_cuda() ? VH_CUDA : VH_CPU;
  step.device_index = options.device.has_index() ? options.device.index() : 0;
  return step;
}

class AutocastOff {
 public:
  AutocastOff() {
    for (int i = 0; i < 2; ++i) {
      was_[i] = at::autocast::is_autocast_enabled(kTypes[i]);
      at::autocast::set_autocast_enabled(kTypes[i], false);
    }
  }
  ~AutocastOff() {
    for (int i = 0; i < 2; ++i) at::autocast::set_autocast_enabled(kTypes[i], was_[i]);
  }

 private:
  static constexpr at::DeviceType kTypes[2] = {at::kCPU, at::kCUDA};
  bool was_[2];
};

}  // namespace

void Model::run(const Part& part, const vh_map& all, vh_map& out, const StepInfo& info,
                std::initializer_list<const char*> prefixes) const {
  vh_map in;
  in.read_only = true;
  for (const auto& item : all.items)
    for (const char* prefix : prefixes)
      if (item.first.starts_with(prefix)) {
        in.items.push_back(item);
        break;
      }
  for (const auto& [local, full] : part.config().rebind) {
    const at::Tensor* value = all.find(full);
    if (!value && all.find(local)) continue;  // a loss's: bound already, and perhaps gathered
    if (!value)
      throw part.manifest().error(part.config().pointer + "/in/" + escape_pointer(local),
                                  "nothing makes \"" + full + "\"");
    in.put(local, *value);
  }
  if (!frozen(part)) return part.run(make_step(info, options_, in, out));
  StepInfo still = info;
  still.mode = VH_EVAL;
  const bool passes_gradients =
      std::any_of(in.items.begin(), in.items.end(), [](const auto& item) { return item.second.requires_grad(); });
  const at::AutoGradMode grad(passes_gradients && at::GradMode::is_enabled());
  part.run(make_step(still, options_, in, out));
}

bool Model::frozen(const Part& part) const {
  return std::find(frozen_.begin(), frozen_.end(), &part) != frozen_.end();
}

void Model::features(vh_map& all, const StepInfo& info) const {
  vh_map out;
  run(*backbone_, all, out, info, {"input", "mask."});
  for (auto& [key, value] : out.items) all.put(key, value);
}

void Model::forward(vh_map& all, const StepInfo& info) const {
  features(all, info);
  for (const Head& head : heads_) {
    vh_map out;
    const bool labels = (head.part->caps() & VH_CAP_LABELS) && info.mode == VH_TRAIN && !frozen(*head.part);
    run(*head.part, all, out, info, {"features.", "mask.", labels ? "batch.label" : "mask."});
    for (auto& [key, value] : out.items) all.put("pred." + head.name + key.substr(4), value);
  }
}

LossValues Model::one_loss(const Loss& loss, const vh_map& all, const StepInfo& info, const Divisors& divisors) const {
  const auto get = [&](const std::string& key) {
    const at::Tensor* value = all.find(key);
    if (!value)
      throw Error({}, loss.part->config().pointer, loss.part->config().use + ": nothing made \"" + key + "\"");
    return *value;
  };
  at::Tensor pred = get(loss.pred), target = get(loss.target);
  if (pred.is_floating_point() && pred.scalar_type() != options_.dtype) pred = pred.to(options_.dtype);
  if (loss.gather_target) target = gather_tokens(target, get("mask.masked_index"));
  if (loss.gather_pred) {
    const int64_t prefix = predictions_.find(loss.pred)->c.prefix_tokens;
    pred = gather_tokens(pred.slice(1, prefix), get("mask.masked_index"));
  }
  vh_map in, out;
  in.put("pred", pred);
  in.put("target", target);
  if (loss.target_weight == "mask.bool") {
    const Spec* spec = targets_.find(loss.target);
    in.put("weight", upsample_mask(get("mask.bool"), mask_.grid, spec->c.grid).to(options_.dtype));
  } else if (!loss.target_weight.empty()) {
    in.put("weight", loss.gather_target ? gather_tokens(get(loss.target_weight), get("mask.masked_index"))
                                        : get(loss.target_weight));
  }
  in.put("sample_weight", get("sample_weight"));
  run(*loss.part, in, out, info, {"pred", "target", "weight", "sample_weight"});
  const double divisor = loss.normaliser == VH_DIVIDE_SAMPLES  ? divisors.samples
                         : loss.normaliser == VH_DIVIDE_MASKED ? divisors.masked * loss.tokens_per_cell
                                                               : divisors.micro_batches;
  LossValues values;
  for (const auto& [key, value] : out.items) {
    const at::Tensor scaled = value / divisor;
    const bool sum = key == "loss.sum";
    if (sum) values.total = scaled * loss.weight;
    values.scalars.push_back(
        {sum ? "loss." + loss.name : key, scaled.detach(), loss.normaliser, sum ? loss.weight : 0});
  }
  if (!values.total.defined())
    throw Error({}, loss.part->config().pointer, loss.part->config().use + ": gave no \"loss.sum\"");
  return values;
}

void Model::targets(vh_map& all, const StepInfo& info) const {
  if (!target_) return;
  AutocastOff fp32;
  at::NoGradGuard no_grad;
  vh_map out;
  run(*target_, all, out, info, {"input", "raw", "mask.", "batch."});
  for (auto& [key, value] : out.items) all.put(key, value);
}

LossValues Model::losses(vh_map& all, const StepInfo& info, const Divisors& divisors) const {
  AutocastOff fp32;
  targets(all, info);
  LossValues sum;
  for (const Loss& loss : losses_) {
    LossValues one = one_loss(loss, all, info, divisors);
    sum.total = sum.total.defined() ? sum.total + one.total : one.total;
    for (auto& scalar : one.scalars) sum.scalars.push_back(std::move(scalar));
  }
  return sum;
}

double Model::loss_of_zeros(const vh_map& all, const StepInfo& info, const Divisors& divisors) const {
  AutocastOff fp32;
  at::NoGradGuard no_grad;
  vh_map zeros = all;
  for (const Spec& spec : predictions_.list)
    if (const at::Tensor* pred = all.find(spec.key)) zeros.put(spec.key, at::zeros_like(*pred));
  double total = 0;
  for (const Loss& loss : losses_) total += one_loss(loss, zeros, info, divisors).total.item<double>();
  return total;
}

void Model::after_step(vh_map& all, const StepInfo& info) const {
  if (!target_) return;
  const auto* table = static_cast<const vh_target_1*>(target_->table());
  if (!VH_HAS(table, after_step) || !table->after_step) return;
  vh_map out;
  const vh_step step = make_step(info, options_, all, out);
  vh_error error = new_error();
  target_->check(table->after_step(target_->self(), &step, &error), error);
}

}  // namespace vhost
