// parity_driver PLUGINS DIR: assembles the model that DIR/case.json names, gives it DIR/weights.safetensors and
// DIR/inputs.safetensors, runs one training step without optimiser, and writes features, predictions, targets, the
// divided loss and every parameter's gradient to DIR/outputs.safetensors. See parity.py for the cases.
#include <c10/core/GradMode.h>

#include <iostream>

#include "assembly/model.h"
#include "checkpoint/safetensors.h"
#include "keymaps/convert.h"
#include "keymaps/detect.h"

namespace parity {

using namespace vhost;
namespace json = vhost::json;
using Tensors = std::map<std::string, at::Tensor>;

// The plugins of all parts, at any version: "videomae" of "videomae/vit".
json::object plugins_of(const json::value& parts) {
  json::object plugins;
  for (const char* part : {"backbone", "head", "target", "loss"}) {
    const json::value& given = parts.at(part);
    if (given.is_null()) continue;
    const std::string use(given.at("use").as_string());
    plugins[use.substr(0, use.find('/'))] = "*";
  }
  return plugins;
}

// A manifest made of the case's parts.
Manifest case_manifest(const json::value& parts) {
  Manifest manifest;
  manifest.root["plugins"] = plugins_of(parts);
  manifest.root["data"] = {{"normalize", {{"mean", {0.0}}, {"std", {1.0}}}}};
  manifest.root["model"] = {{"backbone", parts.at("backbone")}, {"heads", {{"main", parts.at("head")}}}};
  manifest.root["losses"] = json::array{parts.at("loss")};
  if (!parts.at("target").is_null()) manifest.root["target"] = parts.at("target");
  return manifest;
}

// One field of a sample: the batch tensor's spec without the axis B.
Spec field(const std::string& name, const std::string& semantic, const std::string& axes, const at::Tensor& batch) {
  Spec spec;
  spec.key = name, spec.semantic = semantic, spec.axes = axes;
  spec.c.dtype = from_scalar_type(batch.scalar_type());
  spec.c.rank = static_cast<int32_t>(batch.dim() - 1);
  for (int64_t i = 1; i < batch.dim(); ++i) spec.c.dim[i - 1] = batch.size(i);
  return spec;
}

InputLayout case_layout(const Manifest& manifest, const Tensors& inputs, int64_t classes) {
  vh_specs fields;
  const at::Tensor& raw = inputs.at("raw");
  fields.add(field("video", "input", "VTHWC", raw.unsqueeze(1)));
  fields.add(field("label", "label", "", inputs.at("batch.label"))).c.classes = classes;
  if (inputs.count("batch.label_soft"))
    fields.add(field("label_soft", "label", "K", inputs.at("batch.label_soft"))).c.classes = classes;
  return make_input_layout(manifest, "/data/train", fields);
}

MaskLayout case_mask(const std::string& mode, const MaskNeeds& needs, const Tensors& inputs) {
  MaskLayout mask;
  if (mode == "none") return mask;
  mask.mode = mode == "drop" ? MaskMode::drop : MaskMode::replace;
  std::copy(needs.grid, needs.grid + 3, mask.grid);
  const auto index = inputs.find("mask.masked_index");  // without it the number of masked cells varies
  mask.min_masked = index == inputs.end() ? 0 : index->second.size(1);
  mask.max_masked = index == inputs.end() ? mask.cells() : mask.min_masked;
  return mask;
}

Divisors case_divisors(const Tensors& inputs) {
  const at::Tensor weight = inputs.at("sample_weight").to(at::kDouble);
  Divisors divisors;
  divisors.samples = weight.sum().item<double>();
  if (const auto mask = inputs.find("mask.bool"); mask != inputs.end())
    divisors.masked = (mask->second.sum(1) * weight).sum().item<double>();
  return divisors;
}

// The case's "family" set: weights.safetensors has that family's names, which must be told by them, and comes back by
// its map as back.safetensors. Returns the weights by our names, with those of rest.safetensors that it doesn't hold.
Tensors through_the_map(const Model& model, const Resolution& resolution, const json::value& parts,
                        const std::filesystem::path& folder) {
  std::vector<const Package*> packages;
  for (const ResolvedPlugin& plugin : resolution.plugins) packages.push_back(plugin.package);
  const std::vector<KeyMap> maps = keymaps_of(packages);
  const std::filesystem::path file = folder / "weights.safetensors";
  const FamilyWish wish{"", std::string(parts.at("backbone").at("use").as_string()), file.string(), "init.family"};
  const auto family = find_family(read_foreign(file), maps, wish);
  const std::string want(parts.at("family").as_string());
  if (!family || family->map->family != want)
    throw Error("took the file for " + (family ? family->map->family : "none") + ", not " + want);
  ConvertRequest request;
  request.file = file.string(), request.components = {std::string(parts.at("head").at("use").as_string())};
  request.model.emplace();
  for (const Param* param : model.params())
    if (param->role != VH_BUFFER_NOT_SAVED) request.model->insert(param->name);
  Converted converted = to_ours(*family->map, family->tensors, request);
  if (!converted.unexpected.empty()) throw Error("unexpected: " + some_of(converted.unexpected));
  NamedTensors back;
  if (const json::value& name = parts.at("export"); !name.is_null()) {
    request.export_as = name.as_string();
    for (const auto& [key, value] : to_theirs(*family->map, converted.tensors, request)) back.emplace_back(key, value);
    write_safetensors(folder / "back.safetensors", back);
  }
  if (const auto rest = folder / "rest.safetensors"; std::filesystem::exists(rest))
    converted.tensors.merge(read_safetensors(rest));
  return converted.tensors;
}

void load_weights(const Model& model, Tensors weights) {
  c10::NoGradGuard no_grad;
  for (Param* param : model.params()) {
    if (param->role == VH_BUFFER_NOT_SAVED) continue;
    const auto found = weights.find(param->name);
    if (found == weights.end()) throw Error("the reference has no weight " + param->name);
    if (found->second.sizes() != param->value.sizes()) throw Error("sizes differ: " + param->name);
    param->value.copy_(found->second);
    weights.erase(found);
  }
  if (!weights.empty()) throw Error("the model has no parameter " + weights.begin()->first);
}

NamedTensors run_case(const std::string& plugins, const std::filesystem::path& folder) {
  const json::value parts = read_json((folder / "case.json").string()).root;
  const Tensors inputs = read_safetensors(folder / "inputs.safetensors");
  const Found packages = find_packages({plugins});
  Manifest manifest = case_manifest(parts);
  const Resolution resolution = resolve_manifest(manifest, packages);
  const InputLayout layout = case_layout(manifest, inputs, parts.at("classes").as_int64());
  const std::string mode(parts.at("mask").as_string());
  const MaskNeeds needs = mode == "none" ? MaskNeeds() : backbone_mask_needs(manifest, resolution, layout);
  const MaskLayout mask = case_mask(mode, needs, inputs);
  BuildOptions options;
  options.dtype = parts.at("dtype") == "fp64" ? at::kDouble : at::kFloat;
  const auto model = Model::assemble(manifest, resolution, layout, mask, options, /*with_losses=*/true);
  const bool mapped = parts.as_object().contains("family");
  load_weights(*model, mapped ? through_the_map(*model, resolution, parts, folder)
                              : read_safetensors(folder / "weights.safetensors"));

  vh_map all;
  for (const auto& [key, tensor] : inputs) all.put(key, tensor);
  StepInfo info;
  info.samples = inputs.at("input").size(0);
  const Divisors divisors = case_divisors(inputs);
  model->forward(all, info);
  const LossValues loss = model->losses(all, info, divisors);
  loss.total.backward();

  NamedTensors outputs{{"loss", loss.total.detach()}};
  for (const auto& [key, tensor] : all.items)
    if (!inputs.count(key)) outputs.emplace_back(key, tensor.detach());
  for (const Param* param : model->params()) {
    if (param->role != VH_PARAMETER) continue;
    if (!param->value.grad().defined()) throw Error("no gradient: " + param->name);
    outputs.emplace_back("grad." + param->name, param->value.grad());
  }
  return outputs;
}

}  // namespace parity

int main(int argc, char** argv) {
  if (argc != 3) return std::cerr << "usage: parity_driver PLUGINS DIR\n", 2;
  try {
    vhost::register_gateway();
    const std::filesystem::path folder = argv[2];
    vhost::write_safetensors(folder / "outputs.safetensors", parity::run_case(argv[1], folder));
    return 0;
  } catch (const std::exception& error) {
    return std::cerr << error.what() << "\n", 1;
  }
}
