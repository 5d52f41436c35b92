#include "checkpoint/file/container.h"

#include "base/error.h"
#include "checkpoint/file/torch_file.h"

namespace vhost {

namespace {

struct Other {
  size_t at;
  std::string_view bytes;
  const char* what;
};

// What people give instead of a checkpoint.
constexpr Other kOthers[] = {
    {0, "\x1f\x8b", "is compressed with gzip; unpack it"},
    {0, "\x28\xb5\x2f\xfd", "is compressed with zstd; unpack it"},
    {0,
     "\xfd"
     "7zXZ",
     "is compressed with xz; unpack it"},
    {0, "BZh", "is compressed with bzip2; unpack it"},
    {257, "ustar", "is a tar archive; unpack it and give the checkpoint in it"},
    {0, "\x89HDF", "is an HDF5 file (Keras); load it and save it as safetensors"},
    {0, "version https://git-lfs", "is a Git LFS pointer, not the file itself; fetch that with `git lfs pull`"},
    {0, "<", "is a web page, not a checkpoint; fetch the file itself"},
    {0, "L119547037146038801333356L\n",
     "is of torch.save with pickle protocol 0 or 1; load it and save it again with pickle_protocol=2"},
    {0, "\x93NUMPY", "is a NumPy array; save it as safetensors with a name"},
};

bool looks_like_safetensors(Bytes file) {
  return file.size() > 8 && little_endian(file, 0, 8) <= UINT32_MAX && (file[8] == '{' || file[8] == ' ');
}

}  // namespace

Container container_of(Bytes file, const std::string& name) {
  if (looks_like_torch(file)) return Container::kTorch;
  if (looks_like_safetensors(file)) return Container::kSafetensors;
  if (file.empty()) throw Error(name + ": is empty; fetch it again");
  for (const Other& other : kOthers)
    if (file.size() > other.at && file.substr(other.at).starts_with(other.bytes)) throw Error(name + ": " + other.what);
  throw Error(name + ": is no checkpoint: neither safetensors nor a file of torch.save");
}

}  // namespace vhost
