#include "engine/matrix.h"

#include <algorithm>

#include "engine/experiment.h"

namespace vhost {

namespace {

using Uses = std::vector<std::string>;

json::object part(const std::string& use, const MatrixRequest& request) {
  json::object part{{"use", use}};
  if (const auto given = request.parameters.find(use); given != request.parameters.end())
    for (const auto& [key, value] : given->second) part[key] = value;
  return part;
}

json::object manifest_of(const Combination& one, const MatrixRequest& request) {
  json::object plugins, model, manifest{{"vhost", 1}, {"task", one.target.empty() ? "train" : "pretrain"}};
  for (const std::string& use : {one.backbone, one.mask, one.target, one.head, one.loss})
    if (!use.empty()) plugins[use.substr(0, use.find('/'))] = "*";
  manifest["plugins"] = std::move(plugins);
  model["backbone"] = part(one.backbone, request);
  if (!one.head.empty()) model["heads"] = json::object{{"main", part(one.head, request)}};
  manifest["model"] = std::move(model);
  if (!one.mask.empty()) {
    json::object mask = part(one.mask, request);
    mask["mode"] = one.mode;
    manifest["mask"] = std::move(mask);
  }
  if (!one.target.empty()) manifest["target"] = part(one.target, request);
  if (!one.loss.empty()) manifest["losses"] = json::array{part(one.loss, request)};
  return manifest;
}

// What a dataset of such inputs would state.
vh_specs fields_of(const MatrixInput& input) {
  vh_specs fields;
  Spec pixels, label;
  pixels.key = "pixels", pixels.semantic = "input", pixels.c.dtype = VH_U8;
  std::vector<int64_t> dim{1, input.frames, input.height, input.width, 3};
  pixels.axes = input.frames > 1 ? "VTHWC" : "VHWC";
  if (input.frames == 1) dim.erase(dim.begin() + 1);
  pixels.c.rank = static_cast<int32_t>(dim.size());
  std::copy(dim.begin(), dim.end(), pixels.c.dim);
  label.key = "label", label.semantic = "label", label.c.dtype = VH_I64, label.c.classes = input.classes;
  fields.add(pixels);
  fields.add(label);
  return fields;
}

class Finder {
 public:
  explicit Finder(const MatrixRequest& request) : request_(request), log_(RunLog::Options{}) {
    for (const Package& package : request.packages->packages) {
      if (&package != &resolve(*request.packages, package.name, "*")) continue;
      for (const Component& component : package.components)
        uses_[component.interface_id].push_back(package.name + "/" + component.name);
    }
  }

  void find() {
    for (const MatrixInput& input : request_.inputs)
      for (const std::string& backbone : parts(VH_BACKBONE_1)) {
        Combination one;
        one.input = &input, one.backbone = backbone;
        if (!judge(one)) continue;
        add_heads(one);
        add_masks(one);
      }
  }

 private:
  // Of one interface; the part that is asked for alone, where it is of that interface.
  const Uses& parts(const std::string& interface_id) {
    Uses& uses = uses_[interface_id];
    if (std::find(uses.begin(), uses.end(), request_.only) != uses.end()) uses = {request_.only};
    return uses;
  }

  void add_masks(const Combination& base) {
    for (const std::string& mask : parts(VH_MASK_1))
      for (const char* mode : {"drop", "replace"}) {
        Combination one = base;
        one.mask = mask, one.mode = mode;
        if (judge(one)) add_targets(one);
      }
  }

  void add_targets(const Combination& base) {
    for (const std::string& target : parts(VH_TARGET_1)) {
      Combination one = base;
      one.target = target;
      if (judge(one)) add_heads(one);
    }
  }

  void add_heads(const Combination& base) {
    for (const std::string& head : parts(VH_HEAD_1)) {
      Combination one = base;
      one.head = head;
      if (judge(one)) add_losses(one);
    }
  }

  void add_losses(const Combination& base) {
    for (const std::string& loss : parts(VH_LOSS_1)) {
      Combination one = base;
      one.loss = loss;
      judge(one);
    }
  }

  bool judge(Combination& one) {
    one.manifest = manifest_of(one, request_);
    one.fits = false;
    try {
      try_out(one);
      one.fits = true;
    } catch (const Error& error) {
      one.reason = error.message(), one.pointer = error.json_pointer();
    } catch (const std::exception& error) {
      one.reason = error.what();
    }
    request_.out->push_back(one);
    return one.fits;
  }

  // A dry run, without a dataset.
  void try_out(const Combination& one) {
    Manifest manifest;
    manifest.root = one.manifest;
    manifest.root["device"] = "cpu";
    manifest.root["threads"] = 1;  // there is nothing to compute
    manifest.root["optimizer"] = {{"lr", 1e-3}};
    validate(manifest, "", manifest.root, host_schema());
    const Resolution resolution = resolve_manifest(manifest, *request_.packages);
    RunRequest run;
    run.manifest = &manifest;
    run.resolution = &resolution;
    Experiment experiment(run, log_);
    const InputLayout layout = make_input_layout(manifest, "/data/train", fields_of(*one.input));
    experiment.open_mask(layout);
    experiment.check_on_meta(layout, /*training=*/!one.loss.empty());
  }

  const MatrixRequest& request_;
  RunLog log_;
  std::map<std::string, Uses> uses_;  // by interface
};

}  // namespace

void find_combinations(const MatrixRequest& request) {
  set_log_hooks({[](int, const std::string&, const std::string&) {}, [](const std::string&, vh_tensor*) {},
                 [](const std::string&, int64_t, int64_t) {}});
  Finder(request).find();
}

}  // namespace vhost
