// hog_driver DIR...: runs maskfeat/hog with the parameters of each DIR/case.json ({"token": [t, h, w], "hog": {...},
// "fp64": false}) on DIR/inputs.safetensors ("raw" u8 [B,T,H,W,C] or "input" [B,C,T,H,W]) and writes
// DIR/outputs.safetensors.
#include <algorithm>
#include <chrono>
#include <functional>
#include <iostream>

#include "checkpoint/safetensors.h"
#include "support/plugin_parts.h"

namespace {

using namespace plugin_parts;

vh_specs specs_of(const std::map<std::string, at::Tensor>& inputs, const std::vector<int64_t>& token) {
  const auto& [key, pixels] = *inputs.begin();
  const bool raw = key == "raw";
  std::vector<int64_t> dim = pixels.sizes().vec();
  dim[0] = VH_DIM_BATCH;
  Spec features = spec("features.0", "features", "BNC", {VH_DIM_BATCH, 1, 8});
  for (int64_t i = 0; i < 3; ++i) {
    features.c.stride[i] = token[i];
    features.c.grid[i] = pixels.size(raw ? i + 1 : i + 2) / token[i];
  }
  features.c.dim[1] = features.c.grid[0] * features.c.grid[1] * features.c.grid[2];
  return specs({features, spec(key, "input", raw ? "BTHWC" : "BCTHW", dim, raw ? VH_U8 : VH_DTYPE_ANY)});
}

double median_milliseconds(int64_t repeat, const std::function<void()>& work) {
  std::vector<double> times;
  for (int64_t i = 0; i < repeat; ++i) {
    const auto start = std::chrono::steady_clock::now();
    work();
    times.push_back(std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count());
  }
  std::nth_element(times.begin(), times.begin() + repeat / 2, times.end());
  return times[static_cast<size_t>(repeat / 2)];
}

void run(const std::filesystem::path& folder) {
  const json::value about = vhost::read_json((folder / "case.json").string()).root;
  const auto inputs = vhost::read_safetensors(folder / "inputs.safetensors");
  const auto token = json::value_to<std::vector<int64_t>>(about.at("token"));
  vhost::BuildOptions options;
  options.dtype = about.at("fp64").as_bool() ? at::kDouble : at::kFloat;
  TestPart hog(VH_TARGET_1, "maskfeat/hog", about.at("hog").as_object());
  hog.create(specs_of(inputs, token), {}, options);
  if (const json::value* repeat = about.as_object().if_contains("repeat"))
    std::cout << folder.string() << ": " << median_milliseconds(repeat->as_int64(), [&] { hog.run(inputs); })
              << " ms\n";
  vhost::NamedTensors outputs;
  for (const auto& [key, value] : hog.run(inputs)) outputs.emplace_back(key, value);
  vhost::write_safetensors(folder / "outputs.safetensors", outputs);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return std::cerr << "usage: hog_driver DIR...\n", 2;
  try {
    for (int i = 1; i < argc; ++i) run(argv[i]);
    return 0;
  } catch (const std::exception& error) {
    return std::cerr << error.what() << "\n", 1;
  }
}
