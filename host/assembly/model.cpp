#include "assembly/model.h"

#include <algorithm>

namespace vhost {

namespace {

std::string join(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text.empty() ? "none" : text;
}

std::vector<std::string> keys_of(const vh_specs& specs) {
  std::vector<std::string> keys;
  for (const Spec& spec : specs.list) keys.push_back(spec.key);
  return keys;
}

void append(vh_specs& to, const vh_specs& from) {
  for (const Spec& spec : from.list) to.add(spec);
}

Spec renamed(const Spec& spec, const std::string& key) {
  Spec copy = spec;
  copy.key = key;
  return copy;
}

bool starts_with(const std::string& text, const std::string& prefix) {
  return text.compare(0, prefix.size(), prefix) == 0;
}

Spec mask_spec(const std::string& key, const std::string& semantic, int32_t dtype, int64_t n, const MaskLayout& mask) {
  Spec spec;
  spec.key = key, spec.semantic = semantic, spec.axes = "BN";
  spec.c.dtype = dtype, spec.c.rank = 2;
  spec.c.dim[0] = VH_DIM_BATCH, spec.c.dim[1] = n;
  std::copy(mask.grid, mask.grid + 3, spec.c.grid);
  return spec;
}

vh_specs mask_specs(const MaskLayout& mask) {
  vh_specs specs;
  if (mask.mode == MaskMode::none) return specs;
  const char* semantic = mask.mode == MaskMode::drop ? "mask.drop" : "mask.replace";
  specs.add(mask_spec("mask.bool", semantic, VH_BOOL, mask.cells(), mask));
  if (mask.fixed()) {
    specs.add(mask_spec("mask.visible_index", semantic, VH_I64, mask.cells() - mask.max_masked, mask));
    specs.add(mask_spec("mask.masked_index", semantic, VH_I64, mask.max_masked, mask));
  }
  return specs;
}

std::string grid_text(const int64_t grid[3]) {
  return std::to_string(grid[0]) + "x" + std::to_string(grid[1]) + "x" + std::to_string(grid[2]);
}

}  // namespace

MaskNeeds backbone_mask_needs(const Manifest& manifest, const Resolution& resolution, const InputLayout& layout) {
  PartConfig config = part_config(manifest, resolution, "/model/backbone");
  Part probe(manifest, config, VH_BACKBONE_1);
  BuildOptions meta;
  meta.meta = true;
  meta.device = at::kMeta;
  probe.create(meta, "", layout.model_specs(), {});
  MaskNeeds needs;
  int64_t unit[3] = {0, 0, 0};
  vh_error error = new_error();
  const auto* table = static_cast<const vh_backbone_1*>(probe.table());
  probe.check(table->mask_modes(probe.self(), &needs.modes, unit, &error), error);
  const int64_t size[3] = {layout.frames, layout.height, layout.width};
  for (int i = 0; i < 3; ++i) {
    if (unit[i] <= 0 || size[i] % unit[i] != 0)
      throw manifest.error("/model/backbone", config.use + ": its mask cells of " + std::to_string(unit[i]) +
                                                  " input samples do not divide the input's " +
                                                  std::to_string(size[i]) +
                                                  ": take an input that they divide, or smaller mask cells");
    needs.grid[i] = size[i] / unit[i];
  }
  return needs;
}

MaskMode choose_mask_mode(const Manifest& manifest, const MaskNeeds& needs, bool fixed_counts) {
  const bool drop = (needs.modes & VH_MASK_DROP) && fixed_counts, replace = needs.modes & VH_MASK_REPLACE;
  const std::string wish = manifest.has("/mask/mode") ? manifest.string("/mask/mode") : "auto";
  if (wish == "drop" && !drop)
    throw manifest.error("/mask/mode", fixed_counts ? "the backbone " + manifest.string("/model/backbone/use") +
                                                          " does not take \"drop\""
                                                    : "\"drop\" needs a mask with a fixed number of masked cells");
  if (wish == "replace" && !replace)
    throw manifest.error("/mask/mode",
                         "the backbone " + manifest.string("/model/backbone/use") + " does not take \"replace\"");
  if (wish == "drop" || (wish == "auto" && drop)) return MaskMode::drop;
  if (replace) return MaskMode::replace;
  throw manifest.error("/mask", "the backbone " + manifest.string("/model/backbone/use") +
                                    (needs.modes & VH_MASK_DROP
                                         ? " only drops masked tokens, which needs a mask with a fixed number of them"
                                         : " takes no mask: remove /mask or choose another backbone"));
}

std::unique_ptr<Model> Model::assemble(const Manifest& manifest, const Resolution& resolution,
                                       const InputLayout& layout, const MaskLayout& mask, const BuildOptions& options,
                                       bool with_losses) {
  std::unique_ptr<Model> model(new Model(mask, options));
  model->soft_labels_ = layout.mixed;
  vh_specs inputs = layout.model_specs();
  append(inputs, mask_specs(mask));
  model->build_backbone(manifest, resolution, inputs);
  const bool answers = !manifest.has("/task") || manifest.string("/task") != "extract";
  if (answers && manifest.has("/target")) model->build_target(manifest, resolution, inputs);
  if (answers && manifest.has("/model/heads")) model->build_heads(manifest, resolution, inputs);
  if (with_losses) model->build_losses(manifest, resolution, inputs);
  return model;
}

Part& Model::add(const Manifest& manifest, const Resolution& resolution, const std::string& pointer,
                 const std::string& interface_id) {
  parts_.push_back(std::make_unique<Part>(manifest, part_config(manifest, resolution, pointer), interface_id));
  return *parts_.back();
}

void Model::build_backbone(const Manifest& manifest, const Resolution& resolution, const vh_specs& inputs) {
  backbone_ = &add(manifest, resolution, "/model/backbone", VH_BACKBONE_1);
  backbone_->create(options_, "backbone.", inputs, {});
  features_ = backbone_->describe(inputs);
  if (!features_.find("features.0"))
    throw manifest.error("/model/backbone",
                         backbone_->config().use + ": states no \"features.0\", only " + join(keys_of(features_)));
}

void Model::build_target(const Manifest& manifest, const Resolution& resolution, const vh_specs& inputs) {
  target_ = &add(manifest, resolution, "/target", VH_TARGET_1);
  vh_specs in = inputs;
  append(in, features_);
  target_->create(options_, "target.", in, {});
  targets_ = target_->describe(in);
  for (const Spec& spec : targets_.list)
    if (!starts_with(spec.key, "target.") && !starts_with(spec.key, "weight."))
      throw manifest.error("/target", target_->config().use + ": states \"" + spec.key +
                                          "\"; keys of a target begin with target. or weight.");
}

void Model::build_heads(const Manifest& manifest, const Resolution& resolution, const vh_specs& inputs) {
  for (const auto& [key, value] : manifest.at("/model/heads").as_object()) {
    const std::string name(key), pointer = "/model/heads/" + escape_pointer(name);
    Part& part = add(manifest, resolution, pointer, VH_HEAD_1);
    vh_specs in = features_, want;
    append(in, mask_specs(mask_));
    if (target_) {
      for (const Spec& spec : targets_.list)
        if (starts_with(spec.key, "target.")) want.add(spec);
    } else if (const Spec* label = inputs.find("batch.label")) {
      want.add(*label);
    }
    part.create(options_, "heads." + name + ".", in, want);
    for (const Spec& spec : part.describe(in).list) {
      if (!starts_with(spec.key, "pred."))
        throw manifest.error(pointer,
                             part.config().use + ": states \"" + spec.key + "\"; keys of a head begin with pred.");
      predictions_.add(renamed(spec, "pred." + name + spec.key.substr(4)));
    }
    heads_.push_back({name, &part});
  }
}

// How many of the target's tokens lie in one cell of the mask, which may be coarser.
double Model::tokens_per_cell(const Manifest& manifest, const PartConfig& config, const Spec& target) const {
  double tokens = 1;
  for (int i = 0; i < 3; ++i) {
    if (target.c.grid[i] <= 0 || target.c.grid[i] % mask_.grid[i] != 0)
      throw manifest.error(config.pointer, "the target's grid of " + grid_text(target.c.grid) +
                                               " tokens isn't a multiple of the mask's " + grid_text(mask_.grid) +
                                               " cells along each axis");
    tokens *= static_cast<double>(target.c.grid[i] / mask_.grid[i]);
  }
  return tokens;
}

void Model::bind_loss(const Manifest& manifest, Loss& loss, const std::string& head, const vh_specs& inputs,
                      vh_specs& in) const {
  const PartConfig& config = loss.part->config();
  const auto bound = [&](const char* local) {
    const auto it = config.rebind.find(local);
    return it == config.rebind.end() ? std::string() : it->second;
  };
  vh_specs all = inputs;
  append(all, features_);
  append(all, predictions_);
  append(all, targets_);
  const auto must_find = [&](const std::string& key, const char* local) -> const Spec& {
    if (const Spec* spec = all.find(key)) return *spec;
    throw manifest.error(config.pointer, config.use + ": its \"" + local + "\" is \"" + key +
                                             "\", which nothing makes; there are: " + join(keys_of(all)));
  };
  loss.pred = bound("pred");
  std::vector<std::string> own;
  for (const Spec& spec : predictions_.list)
    if (starts_with(spec.key, "pred." + head + ".")) own.push_back(spec.key);
  if (loss.pred.empty()) {
    if (own.size() != 1)
      throw manifest.error(config.pointer,
                           "head \"" + head + "\" predicts " + join(own) + ": say which with \"in\": {\"pred\": ...}");
    loss.pred = own[0];
  }
  loss.target = bound("target");
  if (loss.target.empty() && target_) {
    std::vector<std::string> targets;
    for (const Spec& spec : targets_.list)
      if (starts_with(spec.key, "target.")) targets.push_back(spec.key);
    if (targets.size() != 1)
      throw manifest.error(config.pointer,
                           "the target makes " + join(targets) + ": say which with \"in\": {\"target\": ...}");
    loss.target = targets[0];
  } else if (loss.target.empty()) {
    loss.target = soft_labels_ ? "batch.label_soft" : "batch.label";
  }
  const Spec& pred = must_find(loss.pred, "pred");
  Spec target = must_find(loss.target, "target");
  if (pred.c.coverage == VH_VISIBLE)
    throw manifest.error(config.pointer,
                         "predictions of visible tokens only (" + loss.pred + ") can't be compared with a target");
  loss.gather_target = pred.c.coverage == VH_MASKED && target.c.coverage == VH_ALL && target.c.rank >= 2 && target_;
  loss.gather_pred = pred.c.coverage == VH_ALL && target.c.coverage == VH_MASKED;
  if ((loss.gather_target || loss.gather_pred) && !mask_.fixed())
    throw manifest.error(config.pointer, "gathering masked tokens needs a mask with a fixed number of them");
  const Spec& whole = loss.gather_target ? target : pred;
  if ((loss.gather_target || loss.gather_pred) && !std::equal(mask_.grid, mask_.grid + 3, whole.c.grid))
    throw manifest.error(config.pointer, "the masked tokens of " + whole.key + " can't be picked: its grid is " +
                                             grid_text(whole.c.grid) + ", the mask's " + grid_text(mask_.grid) +
                                             "; let one token be one mask cell of the backbone, or take a head that "
                                             "predicts all tokens");
  Spec pred_seen = renamed(pred, "pred");
  if (loss.gather_target) target.c.dim[1] = mask_.max_masked, target.c.coverage = VH_MASKED;
  if (loss.gather_pred)
    pred_seen.c.dim[1] = mask_.max_masked, pred_seen.c.coverage = VH_MASKED, pred_seen.c.prefix_tokens = 0;
  in.add(pred_seen);
  in.add(renamed(target, "target"));
  loss.target_weight = bound("weight");
  const std::string own_weight = "weight" + (starts_with(loss.target, "target.") ? loss.target.substr(6) : "");
  if (loss.target_weight.empty() && targets_.find(own_weight)) loss.target_weight = own_weight;
  if (loss.target_weight.empty() && target_ && mask_.mode != MaskMode::none && pred_seen.c.coverage == VH_ALL) {
    loss.target_weight = "mask.bool";
    Spec weight = mask_spec("weight", "weight", VH_F32, target.c.dim[1], mask_);
    std::copy(target.c.grid, target.c.grid + 3, weight.c.grid);
    in.add(weight);
    loss.tokens_per_cell = tokens_per_cell(manifest, config, target);
  } else if (!loss.target_weight.empty()) {
    in.add(renamed(must_find(loss.target_weight, "weight"), "weight"));
  }
}

void Model::build_losses(const Manifest& manifest, const Resolution& resolution, const vh_specs& inputs) {
  const json::array& list = manifest.at("/losses").as_array();
  for (size_t i = 0; i < list.size(); ++i) {
    const std::string pointer = "/losses/" + std::to_string(i);
    Loss loss;
    loss.part = &add(manifest, resolution, pointer, VH_LOSS_1);
    loss.weight = manifest.has(pointer + "/weight") ? manifest.number(pointer + "/weight") : 1.0;
    std::string head = manifest.has(pointer + "/head") ? manifest.string(pointer + "/head") : "";
    if (head.empty()) {
      if (heads_.size() != 1)
        throw manifest.error(pointer, "\"head\" is missing: say which of the heads this loss is for");
      head = heads_[0].name;
    }
    loss.name = list.size() == 1 ? head : head + "." + std::string(loss.part->config().component->name);
    for (const Loss& other : losses_)
      if (other.name == loss.name) loss.name += "." + std::to_string(i);
    vh_specs in;
    bind_loss(manifest, loss, head, inputs, in);
    Spec sample_weight;
    sample_weight.key = "sample_weight", sample_weight.semantic = "weight", sample_weight.axes = "B";
    sample_weight.c.dtype = VH_F32, sample_weight.c.rank = 1, sample_weight.c.dim[0] = VH_DIM_BATCH;
    in.add(sample_weight);
    loss.part->create(options_, "losses." + std::to_string(i) + ".", in, {});
    if (!loss.part->describe(in).find("loss.sum"))
      throw manifest.error(pointer, loss.part->config().use + ": states no \"loss.sum\"");
    vh_error error = new_error();
    const auto* table = static_cast<const vh_loss_1*>(loss.part->table());
    loss.part->check(table->normaliser(loss.part->self(), &loss.normaliser, &error), error);
    if (loss.normaliser == VH_DIVIDE_MASKED && mask_.mode == MaskMode::none)
      throw manifest.error(pointer,
                           loss.part->config().use + " divides by the number of masked tokens, and there is no mask");
    losses_.push_back(loss);
  }
}

std::vector<Param*> Model::params() const {
  std::vector<Param*> all;
  for (const auto& part : parts_)
    for (Param* param : part->scope()->all()) all.push_back(param);
  return all;
}

std::vector<Model::Compared> Model::compared() const {
  std::vector<Compared> all;
  for (const Loss& loss : losses_) all.push_back({loss.pred, loss.target});
  return all;
}

bool Model::compares_labels() const {
  return std::any_of(losses_.begin(), losses_.end(),
                     [](const Loss& loss) { return starts_with(loss.target, "batch.label"); });
}

std::string Model::logits_key() const {
  for (const Spec& spec : predictions_.list)
    if (spec.semantic == "logits") return spec.key;
  return "";
}

bool Model::divides_by(uint32_t kind) const {
  return std::any_of(losses_.begin(), losses_.end(), [&](const Loss& loss) { return loss.normaliser == kind; });
}

vh_map Model::meta_batch(const InputLayout& layout, int64_t rows) const {
  const auto meta = [](std::vector<int64_t> sizes, at::ScalarType type) {
    return at::empty(sizes, at::TensorOptions().device(at::kMeta).dtype(type));
  };
  vh_map all;
  vh_specs specs = layout.model_specs();
  append(specs, mask_specs(mask_));
  for (const Spec& spec : specs.list) {
    std::vector<int64_t> sizes;
    for (int i = 0; i < spec.c.rank; ++i)
      sizes.push_back(spec.c.dim[i] == VH_DIM_BATCH ? rows
                      : spec.c.dim[i] == VH_DIM_VAR ? spec.c.dim_max[i]
                                                    : spec.c.dim[i]);
    all.put(spec.key, meta(sizes, spec.c.dtype ? to_scalar_type(spec.c.dtype) : options_.dtype));
  }
  all.put("sample_weight", meta({rows}, at::kFloat));
  return all;
}

}  // namespace vhost
