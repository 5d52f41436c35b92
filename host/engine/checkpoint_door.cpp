#include "checkpoint/inspect.h"
#include "checkpoint/safetensors.h"
#include "engine/checkpoint_api.h"
#include "engine/door.h"
#include "record/weights.h"

namespace vhost {

namespace {

void average(const CheckpointRequest& request) {
  std::vector<ForeignCheckpoint> all;
  for (const std::string& file : request.files) all.push_back(read_foreign(weights_at(file)));
  const std::map<std::string, at::Tensor> mean = average_checkpoints(all, request.files);
  int64_t parameters = 0;
  for (const auto& [name, tensor] : mean) parameters += tensor.numel();
  write_safetensors_whole(request.output, mean);
  *request.report = {{"output", request.output}, {"tensors", mean.size()}, {"parameters", parameters}};
}

void run_checkpoint_command(const CheckpointRequest& request) {
  if (request.command == "inspect") *request.report = inspect_checkpoint(read_foreign(weights_at(request.files.at(0))));
  if (request.command == "diff")
    *request.report =
        diff_checkpoints(read_foreign(weights_at(request.files.at(0))), read_foreign(weights_at(request.files.at(1))));
  if (request.command == "average") average(request);
}

}  // namespace

}  // namespace vhost

VHOST_DOOR int vhost_engine_checkpoint(const vhost::CheckpointRequest* request) {
  return vhost::behind_door([&] {
    vhost::run_checkpoint_command(*request);
    return 0;
  });
}
