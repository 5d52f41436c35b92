#include "engine/dump.h"

#include <cstdio>
#include <cstdlib>

#include "base/files.h"

namespace vhost {

namespace fs = std::filesystem;

namespace {

void add_mix(NamedTensors& tensors, const MixDraw& mix) {
  tensors.emplace_back("mix.kind", at::tensor({static_cast<int64_t>(mix.kind)}, at::kLong));
  if (mix.kind == MixDraw::Kind::none) return;
  tensors.emplace_back("mix.partner", at::tensor(mix.partner, at::kLong));
  tensors.emplace_back("mix.own", at::tensor({mix.own}, at::kDouble));
  tensors.emplace_back("mix.box", at::tensor({mix.top, mix.left, mix.height, mix.width}, at::kLong));
}

}  // namespace

Dump::Dump() {
  if (const char* folder = std::getenv("VHOST_DUMP")) folder_ = folder;
}

void Dump::run(const Experiment& x, const DataSource& source, const Schedule& schedule,
               const Optimizer& optimizer) const {
  make_directories(folder_);
  json::array trained;
  for (const ParamRate& rate : optimizer.rates(0))
    trained.push_back(json::object{{"name", rate.name}, {"weight_decay", rate.weight_decay}});
  const json::object run{{"task", x.manifest.string("/task")},
                         {"classes", source.layout.classes},
                         {"total_steps", schedule.total_steps},
                         {"warmup_steps", schedule.warmup_steps},
                         {"trained", trained},
                         {"manifest", x.manifest.root}};
  write_file_atomically(fs::path(folder_) / "run.json", pretty_json(run) + "\n");
  write_safetensors(fs::path(folder_) / "weights.safetensors", x.named_weights());
}

void Dump::batch(const vh_map& unmixed, const MixDraw& mix, int64_t step, int64_t micro,
                 const std::vector<ParamRate>& rates) const {
  NamedTensors tensors{{"raw", *unmixed.find("raw")}};
  if (const at::Tensor* label = unmixed.find("batch.label")) tensors.emplace_back("label", *label);
  for (const char* key : {"mask.masked_index", "mask.bool"})
    if (const at::Tensor* mask = unmixed.find(key)) tensors.emplace_back(key, *mask);
  add_mix(tensors, mix);
  std::vector<double> values;
  for (const ParamRate& rate : rates) values.push_back(rate.lr);
  tensors.emplace_back("rates", at::tensor(values, at::kDouble));
  char name[48];
  std::snprintf(name, sizeof name, "step-%06lld%s.safetensors", static_cast<long long>(step),
                micro > 0 ? ("-" + std::to_string(micro)).c_str() : "");
  write_safetensors(fs::path(folder_) / name, tensors);
}

}  // namespace vhost
