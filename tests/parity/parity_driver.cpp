// parity_driver PLUGINS DIR: builds the parts that DIR/case.json names as the host would, gives them DIR/weights.safetensors
// and DIR/inputs.safetensors, runs one training step without optimiser, and writes features, predictions, targets, the
// divided loss and every parameter's gradient to DIR/outputs.safetensors. See parity.py for the cases.
#include <iostream>

#include "assembly/part.h"
#include "safetensors.h"

namespace parity {

using namespace vhost;
namespace json = vhost::json;

Spec make_spec(const std::string& key, const std::string& semantic, const std::string& axes, const at::Tensor& like,
               int32_t dtype) {
  Spec spec;
  spec.key = key, spec.semantic = semantic, spec.axes = axes;
  spec.c.dtype = dtype;
  spec.c.rank = static_cast<int32_t>(like.dim());
  spec.c.dim[0] = VH_DIM_BATCH;
  for (int64_t i = 1; i < like.dim(); ++i) spec.c.dim[i] = like.size(i);
  return spec;
}

// A manifest made of the case's parts, so that parameters are validated and defaults filled in as ever.
Manifest case_manifest(const json::value& parts) {
  Manifest manifest;
  manifest.root["plugins"] = {{"videomae", "*"}, {"classify", "*"}};
  manifest.root["model"] = {{"backbone", parts.at("backbone")}, {"heads", {{"main", parts.at("head")}}}};
  manifest.root["target"] = parts.at("target");
  manifest.root["losses"] = json::array{parts.at("loss")};
  return manifest;
}

class Case {
 public:
  Case(const std::string& plugins, const std::filesystem::path& folder)
      : parts_(read_json((folder / "case.json").string()).root),
        manifest_(case_manifest(parts_)),
        packages_(find_packages({plugins})),
        inputs_(read_safetensors(folder / "inputs.safetensors")),
        weights_(read_safetensors(folder / "weights.safetensors")) {
    options_.dtype = parts_.at("dtype") == "fp64" ? at::kDouble : at::kFloat;
    in_.read_only = true;
    for (const auto& [key, tensor] : inputs_) in_.items.emplace_back(key, tensor);
  }

  Tensors run() {
    declare_inputs();
    build_backbone();
    if (!parts_.at("target").is_null()) build_target();
    build_head();
    build_loss();
    if (!weights_.empty()) throw Error("no part has a parameter " + weights_.begin()->first);
    step();
    collect_gradients();
    return outputs_;
  }

 private:
  void declare_inputs() {
    specs_.add(make_spec("input", "input", "BCTHW", inputs_.at("input"), VH_DTYPE_ANY));
    const std::string mode = std::string(parts_.at("mask").as_string());
    if (mode == "none") return;
    specs_.add(make_spec("mask.bool", "mask." + mode, "BN", inputs_.at("mask.bool"), VH_BOOL));
    for (const char* key : {"mask.visible_index", "mask.masked_index"})
      specs_.add(make_spec(key, "mask", "BN", inputs_.at(key), VH_I64));
  }

  std::unique_ptr<Part> part(const std::string& pointer, const char* interface_id, const std::string& prefix,
                             const vh_specs& in, const vh_specs& want) {
    PartConfig config = part_config(manifest_, packages_, pointer, interface_id);
    validate(manifest_, pointer, config.params, config.component->schema);
    auto made = std::make_unique<Part>(manifest_, std::move(config), interface_id);
    made->create(options_, prefix, in, want);
    load(*made);
    return made;
  }

  void load(const Part& part) {
    at::NoGradGuard no_grad;
    for (Param* param : part.scope()->all()) {
      if (param->role == VH_BUFFER_NOT_SAVED) continue;
      const auto found = weights_.find(param->name);
      if (found == weights_.end()) throw Error("the reference has no weight " + param->name);
      if (found->second.sizes() != param->value.sizes()) throw Error("sizes differ: " + param->name);
      param->value.copy_(found->second);
      weights_.erase(found);
    }
  }

  void build_backbone() {
    backbone_ = part("/model/backbone", VH_BACKBONE_1, "backbone.", specs_, {});
    for (const Spec& spec : backbone_->describe(specs_).list) specs_.add(spec);
  }

  void build_target() {
    vh_specs in = specs_;
    in.add(make_spec("raw", "input", "BTHWC", inputs_.at("raw"), VH_U8));
    target_ = part("/target", VH_TARGET_1, "target.", in, {});
    for (const Spec& spec : target_->describe(in).list) target_spec_ = spec;
  }

  void build_head() {
    vh_specs want, in;
    for (const Spec& spec : specs_.list)
      if (spec.key != "input") in.add(spec);
    if (!target_) {
      target_spec_ = inputs_.count("batch.label_soft")
                         ? make_spec("batch.label_soft", "label", "BK", inputs_.at("batch.label_soft"), VH_F32)
                         : make_spec("batch.label", "label", "B", inputs_.at("batch.label"), VH_I64);
      target_spec_.c.classes = parts_.at("classes").as_int64();
    }
    Spec wanted = target_spec_;
    if (!target_) wanted = make_spec("batch.label", "label", "B", inputs_.at("batch.label"), VH_I64);
    wanted.c.classes = target_spec_.c.classes;
    want.add(wanted);
    head_ = part("/model/heads/main", VH_HEAD_1, "heads.main.", in, want);
    for (const Spec& spec : head_->describe(in).list) pred_spec_ = spec;
  }

  void build_loss() {
    vh_specs in;
    if (pred_spec_.c.coverage != target_spec_.c.coverage && target_) throw Error("coverage differs: " + pred_spec_.str());
    Spec pred = pred_spec_, target = target_spec_;
    pred.key = "pred", target.key = "target";
    in.add(pred);
    in.add(target);
    in.add(make_spec("sample_weight", "weight", "B", inputs_.at("sample_weight"), VH_F32));
    loss_ = part("/losses/0", VH_LOSS_1, "losses.0.", in, {});
    loss_->describe(in);
    vh_error error = new_error();
    const auto* table = static_cast<const vh_loss_1*>(loss_->table());
    loss_->check(table->normaliser(loss_->self(), &divisor_kind_, &error), error);
  }

  // Runs a part; its outputs are kept, and seen by the parts that follow.
  vh_map run_part(const Part& part, const vh_map& in) {
    vh_map out;
    vh_step step{};
    step.struct_size = sizeof step;
    step.mode = VH_TRAIN;
    step.in = &in;
    step.out = &out;
    step.samples = inputs_.at("input").size(0);
    part.run(step);
    return out;
  }

  void step() {
    for (const auto& [key, tensor] : run_part(*backbone_, in_).items) in_.items.emplace_back(key, outputs_[key] = tensor);
    at::Tensor target = inputs_.count("batch.label_soft") ? inputs_.at("batch.label_soft") : inputs_.at("batch.label");
    if (target_) {
      at::NoGradGuard no_grad;
      target = outputs_[target_spec_.key] = run_part(*target_, in_).items.at(0).second;
    }
    const at::Tensor pred = run_part(*head_, in_).items.at(0).second;
    outputs_["pred.main." + pred_spec_.key.substr(5)] = pred;
    vh_map in;
    for (const auto& [key, tensor] : Tensors{{"pred", pred}, {"target", target}}) in.items.emplace_back(key, tensor);
    in.items.emplace_back("sample_weight", inputs_.at("sample_weight"));
    const vh_map out = run_part(*loss_, in);
    at::Tensor loss = *out.find("loss.sum") / divisor();
    outputs_["loss"] = loss;
    loss.backward();
  }

  double divisor() const {
    const double samples = inputs_.at("sample_weight").sum().item<double>();
    if (divisor_kind_ == VH_DIVIDE_OWN) return 1;
    if (divisor_kind_ == VH_DIVIDE_SAMPLES) return samples;
    return samples * static_cast<double>(inputs_.at("mask.masked_index").size(1));
  }

  void collect_gradients() {
    for (const Part* part : {backbone_.get(), head_.get()})
      for (const Param* param : part->scope()->all()) {
        if (param->role != VH_PARAMETER) continue;
        if (!param->value.grad().defined()) throw Error("no gradient: " + param->name);
        outputs_["grad." + param->name] = param->value.grad();
      }
  }

  json::value parts_;
  Manifest manifest_;
  Found packages_;
  Tensors inputs_, weights_, outputs_;
  BuildOptions options_;
  vh_specs specs_;
  vh_map in_;
  Spec target_spec_, pred_spec_;
  uint32_t divisor_kind_ = 0;
  std::unique_ptr<Part> backbone_, target_, head_, loss_;
};

}  // namespace parity

int main(int argc, char** argv) {
  if (argc != 3) return std::cerr << "usage: parity_driver PLUGINS DIR\n", 2;
  try {
    vhost::register_gateway();
    const std::filesystem::path folder = argv[2];
    parity::write_safetensors(folder / "outputs.safetensors", parity::Case(argv[1], folder).run());
    return 0;
  } catch (const std::exception& error) {
    return std::cerr << error.what() << "\n", 1;
  }
}
