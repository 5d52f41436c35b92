// What torch's pickles call a tensor: storages by their ids, and the functions that rebuild tensors on them.
#pragma once
#include <optional>

#include "checkpoint/file/pickle.h"
#include "checkpoint/file/torch_file.h"

namespace vhost {

// What a persistent id says.
struct StorageId {
  std::string_view key;
  std::string type;                        // of its class: "torch.FloatStorage"
  const ElementNames* elements = nullptr;  // nullptr: of a type that is not read
  uint64_t element_bytes = 0;              // 0: not known
  uint64_t count = 0;                      // elements of the whole storage
  // The part that is meant, in elements: older files have views of storages.
  uint64_t view_offset = 0, view_size = 0;
};

struct StoragePlace {
  uint64_t begin = 0, bytes = 0;  // in the file
};

// A tensor; or one that is not read, and what it is.
struct TensorFound {
  std::optional<StoredTensor> tensor;
  std::string opaque;  // "complex64 tensor [2, 3]"
};

class TensorReader {
 public:
  TensorReader(const Pickle& pickle, const std::map<std::string, StoragePlace, std::less<>>& storages)
      : pickle_(pickle), storages_(storages) {}

  // The tensor or parameter that the value is rebuilt to, if it is one. `place` is what errors begin with: file and
  // key.
  std::optional<TensorFound> tensor(Ref ref, const std::string& place) const;
  uint64_t stored_bytes() const;  // of all storages

 private:
  struct Call {
    std::string_view function;  // of torch._utils
    Ref arguments = kNoValue;
  };
  std::optional<Call> rebuild_call(Ref ref, const std::string& place) const;
  TensorFound rebuild(const Call& call, const std::string& place) const;
  std::vector<int64_t> lengths(Ref ref, const std::string& place) const;

  const Pickle& pickle_;
  const std::map<std::string, StoragePlace, std::less<>>& storages_;
};

// Of a persistent id; throws Error if it is none of torch's. nullopt: an id of something else than a storage.
std::optional<StorageId> storage_id(const Pickle& pickle, Ref persistent, const std::string& place);

}  // namespace vhost
