#include <cstdio>

#include "base/files.h"
#include "checkpoint/npy.h"
#include "engine/evaluate.h"
#include "engine/output_file.h"
#include "engine/predict.h"
#include "engine/record.h"

namespace vhost {

namespace fs = std::filesystem;

namespace {

enum class Pool { mean, cls, none };

Pool pool_of(const Manifest& manifest, const Spec& features) {
  const std::string name = manifest.string("/extract/pool");
  if (name == "none") return Pool::none;
  if (name == "mean") return Pool::mean;
  if (features.axes != "BNC" || features.c.prefix_tokens < 1)
    throw manifest.error("/extract/pool", "\"cls\" needs a class token, and the backbone gives " + features.str() +
                                              "; say \"mean\" or \"none\"");
  return Pool::cls;
}

// features.0 of one batch, f32: [samples, C], the mean over the views; or with `none` [samples, views, ...].
at::Tensor pooled(const at::Tensor& features, const Spec& spec, Pool pool, int64_t views) {
  at::Tensor value = features.to(at::kFloat);
  if (pool == Pool::none) {
    std::vector<int64_t> shape = value.sizes().vec();
    shape[0] = -1;
    shape.insert(shape.begin() + 1, views);
    return value.view(shape);
  }
  if (pool == Pool::cls) value = value.select(1, 0);  // R x C
  if (value.dim() == 3) value = value.slice(1, spec.c.prefix_tokens).mean(1);
  if (value.dim() == 5) value = value.mean(std::vector<int64_t>{2, 3, 4});
  return value.view({-1, views, value.size(1)}).mean(1);  // B x C
}

std::string names_json(const std::vector<std::string>& names) {
  json::array list;
  for (const std::string& name : names) list.push_back(json::value(valid_utf8(name)));
  return json::serialize(list);
}

fs::path checked_output(const RunRequest& request) {
  const fs::path out = output_of(request);
  if (out.extension() != ".safetensors" && out.extension() != ".npy" && out.extension() != ".npz")
    throw Error("--output " + out.string() + ": features are written as .safetensors, .npy or .npz");
  check_output_file(out);
  return out;
}

void write_features(const fs::path& out, const at::Tensor& features, const std::vector<std::string>& names) {
  if (out.extension() == ".safetensors")
    return write_safetensors_whole(out, {{"features", features}}, {{"names", names_json(names)}});
  if (out.extension() == ".npz")
    return write_npz(out, {{"features", npy_array(features)}, {"names", npy_array(names)}});
  write_npy(out, npy_array(features));
  write_file_atomically(fs::path(out).replace_extension(".names.json"), names_json(names) + "\n");
}

}  // namespace

int run_extract(Experiment& x) {
  const fs::path out = checked_output(x.request);  // before the work
  LoadedCheckpoint loaded;
  const DataSource source = open_for_inference(x, loaded);
  const Spec& spec = *x.model->feature_specs().find("features.0");
  const Pool pool = pool_of(x.manifest, spec);
  std::vector<at::Tensor> features;
  std::vector<std::string> names;
  int64_t unreadable = 0;
  each_batch(x, source, /*heads=*/false, [&](vh_map& all, const Batch& batch) {
    const at::Tensor value = pooled(*all.find("features.0"), spec, pool, source.layout.views).to(at::kCPU);
    for (int64_t row = 0; row < batch.rows; ++row) {
      unreadable += batch.weight[row] <= 0;
      if (batch.weight[row] <= 0) continue;
      features.push_back(value[row].clone());
      names.push_back(file_of(x.request, *source.dataset, batch.index[row]));
    }
  });
  if (features.empty()) throw Error("none of the inputs could be read");
  const at::Tensor all = at::stack(features);
  write_features(out, all, names);
  std::string shape;
  for (const int64_t size : all.sizes()) shape += (shape.empty() ? "" : " x ") + std::to_string(size);
  std::printf("%s features -> %s\n", shape.c_str(), out.c_str());
  if (unreadable == 0) return 0;
  std::fprintf(stderr, "error: %lld of %lld inputs could not be read; the features are those of the others\n",
               static_cast<long long>(unreadable), static_cast<long long>(source.dataset->length()));
  return 1;
}

}  // namespace vhost
