// A file of torch.save, zip or the older stream: where each tensor lies in it, and what else it holds. Source:
// torch/serialization.py and torch/_utils.py of PyTorch 0.4 to 2.11.
#pragma once
#include <map>
#include <vector>

#include "base/json.h"
#include "checkpoint/file/bytes.h"
#include "checkpoint/file/element.h"

namespace vhost {

// Tensors that share a storage have the same `begin`. A tensor's elements lie inside its storage, and the storage in
// the file; a tensor that overlaps itself has at most kMostRepeated elements, or as many as its storage. All tensors of
// a file together, each copied out, have at most kMostCopied bytes and kCopiedPerByte per byte of its storages.
struct StoredTensor {
  static constexpr int64_t kMostRepeated = 1 << 20;
  static constexpr uint64_t kMostCopied = 256u << 20, kCopiedPerByte = 16;
  Element element = Element::kFloat32;
  uint64_t begin = 0, bytes = 0;  // its storage's, in the file
  int64_t offset = 0;             // of its first element in the storage, in elements
  std::vector<int64_t> sizes, strides;
};

struct TorchFile {
  std::string container;                        // "torch zip", "torch legacy"
  std::map<std::string, StoredTensor> tensors;  // by path, as ForeignCheckpoint has them
  std::map<std::string, std::string> unread;    // by path: tensors that are not read, and what they are
  json::object other;                           // as ForeignCheckpoint has it; `unread` too
};

bool looks_like_torch(Bytes file);  // a zip file, or a pickle

// Throws Error naming `name` (the file), and the byte or key. Memory and time: linear in the length of the pickle; no
// tensor's data is touched.
TorchFile read_torch_file(Bytes file, const std::string& name);

}  // namespace vhost
