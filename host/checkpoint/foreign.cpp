#include "checkpoint/foreign.h"

#include <algorithm>
#include <cstring>

#include "checkpoint/checkpoint.h"
#include "checkpoint/file/container.h"
#include "checkpoint/file/describe.h"
#include "checkpoint/file/torch_file.h"

namespace vhost {

namespace fs = std::filesystem;

namespace {

ForeignCheckpoint read_folder(const fs::path& path) {
  LoadedCheckpoint loaded = load_checkpoint(path, /*with_optimizer=*/false);
  ForeignCheckpoint all{"vhost", std::move(loaded.model), {}, {}};
  for (const auto& [key, value] : loaded.state)
    if (!value.is_structured()) all.other[key] = value;
  if (!loaded.ema.empty()) all.other["ema"] = std::to_string(loaded.ema.size()) + " tensors in ema.safetensors";
  if (fs::exists(path / "optimizer.safetensors")) all.other["optimizer"] = "in optimizer.safetensors";
  return all;
}

ForeignCheckpoint read_flat(const fs::path& path) {
  ForeignCheckpoint all{"safetensors", {}, {}, {}};
  std::map<std::string, std::string> metadata;
  for (auto& [name, tensor] : read_safetensors(path, &metadata))
    if (!all.tensors.emplace(printable(name), tensor).second)
      throw Error(path.string() + ": two tensors have the name " + quote(printable(name)) +
                  ", when control characters are written out; save it with other names");
  for (const auto& [key, value] : metadata) all.other["__metadata__." + printable(key)] = printable(value);
  return all;
}

// Storages as tensors of bytes: those that lie aligned share the file, the older stream's others are copied, once each.
class StorageMemory {
 public:
  explicit StorageMemory(std::shared_ptr<const MappedFile> file) : file_(std::move(file)) {}

  char* at(const StoredTensor& tensor, std::shared_ptr<const void>& owner) {
    char* data = file_->data() + tensor.begin;
    owner = file_;
    if (reinterpret_cast<uintptr_t>(data) % names_of(tensor.element).size == 0) return data;
    auto& copy = copies_[{tensor.begin, tensor.bytes}];
    if (!copy) {
      copy = std::make_shared<std::vector<double>>((tensor.bytes + sizeof(double) - 1) / sizeof(double));
      std::memcpy(copy->data(), data, tensor.bytes);
    }
    owner = copy;
    return reinterpret_cast<char*>(copy->data());
  }

 private:
  std::shared_ptr<const MappedFile> file_;
  std::map<std::pair<uint64_t, uint64_t>, std::shared_ptr<std::vector<double>>> copies_;
};

at::Tensor as_tensor(const StoredTensor& stored, StorageMemory& memory) {
  const at::ScalarType type = scalar_type(stored.element);
  if (std::find(stored.sizes.begin(), stored.sizes.end(), 0) != stored.sizes.end())
    return at::empty(stored.sizes, type);
  std::shared_ptr<const void> owner;
  char* data = memory.at(stored, owner) + stored.offset * names_of(stored.element).size;
  return at::from_blob(
      data, stored.sizes, stored.strides, [owner](void*) {}, at::TensorOptions().dtype(type));
}

ForeignCheckpoint read_torch(const fs::path& path, const std::shared_ptr<const MappedFile>& file) {
  TorchFile found = read_torch_file(file->bytes, path.string());
  ForeignCheckpoint all{std::move(found.container), {}, std::move(found.other), std::move(found.unread)};
  StorageMemory memory(file);
  for (const auto& [name, stored] : found.tensors) all.tensors.emplace(name, as_tensor(stored, memory));
  return all;
}

}  // namespace

ForeignCheckpoint read_foreign(const fs::path& path) {
  if (!fs::exists(path)) throw Error(path.string() + ": there is no such checkpoint");
  if (fs::is_directory(path)) return read_folder(path);
  const std::shared_ptr<const MappedFile> file = map_file(path);
  if (container_of(file->bytes, path.string()) == Container::kTorch) return read_torch(path, file);
  return read_flat(path);
}

}  // namespace vhost
