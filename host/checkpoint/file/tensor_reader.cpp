#include "checkpoint/file/tensor_reader.h"

#include <algorithm>

namespace vhost {

namespace {

constexpr size_t kMostDimensions = 64;   // as torch
constexpr size_t kLongestKey = 4096;     // of a storage; torch writes numbers
constexpr int kMostNestedRebuilds = 16;  // a parameter of a subclass of a tensor ...

std::string shape_text(const std::vector<int64_t>& sizes) {
  std::string text = "[";
  for (size_t i = 0; i < sizes.size(); ++i) text += (i ? ", " : "") + std::to_string(sizes[i]);
  return text + "]";
}

std::string_view last_name(std::string_view type) {
  return type.substr(type.rfind('.') + 1);
}

const ElementNames* element_of_storage(std::string_view type) {
  const std::string_view name = last_name(type);
  if (name == "UntypedStorage") return &names_of(Element::kUInt8);
  for (const ElementNames& names : kElements)
    if (name == names.storage) return &names;
  return nullptr;
}

// Of types whose tensors are not read; 0 if unknown.
uint64_t bytes_of_unread(std::string_view type) {
  const std::string_view name = last_name(type);
  if (name == "ComplexDoubleStorage") return 16;
  if (name == "ComplexFloatStorage") return 8;
  if (name == "QInt32Storage") return 4;
  for (const char* byte : {"QInt8Storage", "QUInt8Storage", "QUInt4x2Storage", "QUInt2x4Storage"})
    if (name == byte) return 1;
  return 0;
}

// A view whose elements are stored with the other sign: what metadata of a rebuilt tensor, a dict, says.
bool is_negated(const Pickle& pickle, const std::vector<Ref>& arguments, size_t metadata) {
  if (arguments.size() <= metadata) return false;
  const auto& entries = pickle.items(arguments[metadata]);
  for (size_t i = 0; i + 1 < entries.size(); i += 2)
    if (pickle.text(entries[i]) == "neg" && pickle[entries[i + 1]].kind == PickleKind::kBool)
      return pickle[entries[i + 1]].number != 0;
  return false;
}

uint64_t count_of(const Pickle& pickle, Ref ref, const std::string& what) {
  if (pickle[ref].kind != PickleKind::kInt || pickle[ref].number < 0)
    throw Error(what + " is no number of elements: the file is damaged; fetch it again");
  return static_cast<uint64_t>(pickle[ref].number);
}

// The number of elements, and the place behind the last one, seen from the storage's first; false if either overflows.
bool extent(const StoredTensor& tensor, int64_t& elements, int64_t& end) {
  elements = 1, end = tensor.offset;
  bool fits = true;
  for (size_t i = 0; i < tensor.sizes.size(); ++i) {
    int64_t reach = 0;
    const int64_t size = tensor.sizes[i];
    fits = fits && !__builtin_mul_overflow(std::max<int64_t>(size, 1), elements, &elements) &&
           !__builtin_mul_overflow(std::max<int64_t>(size - 1, 0), tensor.strides[i], &reach) &&
           !__builtin_add_overflow(end, reach, &end);
  }
  fits = fits && !__builtin_add_overflow(end, 1, &end);
  if (std::find(tensor.sizes.begin(), tensor.sizes.end(), 0) != tensor.sizes.end()) elements = 0;
  return fits;
}

void check_extent(const StoredTensor& tensor, const std::string& place) {
  const int64_t size = names_of(tensor.element).size;
  const int64_t stored = static_cast<int64_t>(tensor.bytes) / size;
  int64_t elements = 0, end = 0;
  const bool fits = extent(tensor, elements, end);
  if (!fits || (elements > 0 && end > stored))
    throw Error(place + ": shape " + shape_text(tensor.sizes) + " with strides " + shape_text(tensor.strides) +
                " from element " + std::to_string(tensor.offset) + " on goes beyond its storage of " +
                std::to_string(stored) + " elements: the file is damaged; fetch it again");
  if (elements > std::max(stored, StoredTensor::kMostRepeated))
    throw Error(place + ": repeats " + std::to_string(stored) + " stored elements to " + std::to_string(elements) +
                " by its strides; save it as it is used, with .contiguous()");
}

}  // namespace

std::optional<StorageId> storage_id(const Pickle& pickle, Ref persistent, const std::string& place) {
  const auto& parts = pickle.items(pickle[persistent].first);
  if (parts.empty() || pickle.text(parts[0]) != "storage") return std::nullopt;
  if (parts.size() < 5 || pickle[parts[1]].kind != PickleKind::kClass || pickle[parts[2]].kind != PickleKind::kText)
    throw Error(place + ": a storage without type, key and size: the file is damaged; fetch it again");
  if (pickle.text(parts[2]).size() > kLongestKey)
    throw Error(place + ": a storage whose key has more than " + std::to_string(kLongestKey) +
                " bytes: the file is damaged; fetch it again");
  StorageId id;
  id.type = pickle.class_name(parts[1]);
  id.elements = id.type.starts_with("torch.") ? element_of_storage(id.type) : nullptr;
  id.element_bytes = id.elements ? id.elements->size : bytes_of_unread(id.type);
  id.key = pickle.text(parts[2]);
  id.count = id.view_size = count_of(pickle, parts[4], place + ": the size of storage " + quote(id.key));
  if (parts.size() > 5 && pickle.items(parts[5]).size() == 3) {
    const auto& view = pickle.items(parts[5]);
    id.view_offset = count_of(pickle, view[1], place + ": the begin of a view of storage " + quote(id.key));
    id.view_size = count_of(pickle, view[2], place + ": the size of a view of storage " + quote(id.key));
    if (!lies_in(id.view_offset, id.view_size, id.count))
      throw Error(place + ": a view goes beyond storage " + quote(id.key) + ": the file is damaged; fetch it again");
  }
  return id;
}

std::optional<TensorFound> TensorReader::tensor(Ref ref, const std::string& place) const {
  if (const std::optional<Call> call = rebuild_call(ref, place)) return rebuild(*call, place);
  const Ref function = pickle_[ref].first;
  if (pickle_[ref].kind != PickleKind::kObject || pickle_[function].kind != PickleKind::kClass) return std::nullopt;
  const bool torch = pickle_.text(pickle_[function].first).starts_with("torch.");
  if (!torch || !pickle_.text(pickle_[function].second).starts_with("_rebuild_")) return std::nullopt;
  return TensorFound{std::nullopt, pickle_.class_name(ref)};  // sparse, quantised, of a device, ...
}

uint64_t TensorReader::stored_bytes() const {
  uint64_t bytes = 0;
  for (const auto& storage : storages_) bytes += storage.second.bytes;
  return bytes;
}

// Through parameters and subclasses to the call that makes the tensor.
std::optional<TensorReader::Call> TensorReader::rebuild_call(Ref ref, const std::string& place) const {
  if (pickle_[ref].kind != PickleKind::kObject) return std::nullopt;
  Ref function = pickle_[ref].first, arguments = pickle_[ref].second;
  for (int i = 0; i < kMostNestedRebuilds; ++i) {
    const auto& values = pickle_.items(arguments);
    if (pickle_.is_class(function, "torch._tensor", "_rebuild_from_type_v2")) {
      if (values.size() < 3 || pickle_[values[2]].kind != PickleKind::kTuple) return std::nullopt;
      function = values[0], arguments = values[2];
    } else if (pickle_.is_class(function, "torch._utils", "_rebuild_parameter") ||
               pickle_.is_class(function, "torch._utils", "_rebuild_parameter_with_state")) {
      if (values.empty() || pickle_[values[0]].kind != PickleKind::kObject) return std::nullopt;
      function = pickle_[values[0]].first, arguments = pickle_[values[0]].second;
    } else {
      for (const char* name : {"_rebuild_tensor", "_rebuild_tensor_v2", "_rebuild_tensor_v3"})
        if (pickle_.is_class(function, "torch._utils", name)) return Call{name, arguments};
      return std::nullopt;
    }
  }
  throw Error(place + ": a tensor inside of more than " + std::to_string(kMostNestedRebuilds) +
              " parameters: the file is damaged; fetch it again");
}

std::vector<int64_t> TensorReader::lengths(Ref ref, const std::string& place) const {
  const bool is_size = pickle_.class_name(ref) == "torch.Size" && pickle_.items(pickle_[ref].second).size() == 1;
  const auto& items = pickle_.items(is_size ? pickle_.items(pickle_[ref].second)[0] : ref);
  if (items.size() > kMostDimensions)
    throw Error(place + ": has " + std::to_string(items.size()) + " dimensions; at most " +
                std::to_string(kMostDimensions) + " are possible");
  std::vector<int64_t> lengths;
  for (const Ref item : items)
    lengths.push_back(static_cast<int64_t>(count_of(pickle_, item, place + ": one of its sizes or strides")));
  return lengths;
}

TensorFound TensorReader::rebuild(const Call& call, const std::string& place) const {
  const auto& values = pickle_.items(call.arguments);
  const bool untyped = call.function == "_rebuild_tensor_v3";
  if (values.size() < (untyped ? 7u : 4u) || pickle_[values[0]].kind != PickleKind::kPersistent)
    throw Error(place + ": a tensor without storage, offset, shape and strides: the file is damaged; fetch it again");
  const std::optional<StorageId> id = storage_id(pickle_, values[0], place);
  if (!id) throw Error(place + ": a tensor of something that is no storage: the file is damaged; fetch it again");
  StoredTensor tensor;
  tensor.sizes = lengths(values[2], place), tensor.strides = lengths(values[3], place);
  tensor.offset = static_cast<int64_t>(count_of(pickle_, values[1], place + ": its place in the storage"));
  if (tensor.sizes.size() != tensor.strides.size())
    throw Error(place + ": has " + std::to_string(tensor.sizes.size()) + " sizes and " +
                std::to_string(tensor.strides.size()) + " strides: the file is damaged; fetch it again");
  const ElementNames* elements = id->elements;
  std::string type = id->type;
  if (untyped) {
    type = pickle_.class_name(values[6]), elements = nullptr;
    for (const ElementNames& names : kElements)
      if (pickle_.is_class(values[6], "torch", names.torch)) elements = &names;
  }
  if (!elements || !id->elements) return {std::nullopt, "tensor of " + type + ", " + shape_text(tensor.sizes)};
  if (is_negated(pickle_, values, untyped ? 7 : 6))
    return {std::nullopt, "negated view of " + type + ", " + shape_text(tensor.sizes)};
  const auto storage = storages_.find(id->key);
  uint64_t wanted = 0;
  if (storage == storages_.end())
    throw Error(place + ": its storage " + quote(id->key) + " is missing in the file: it is cut; fetch it again");
  if (__builtin_mul_overflow(id->count, uint64_t{id->elements->size}, &wanted) || wanted > storage->second.bytes)
    throw Error(place + ": storage " + quote(id->key) + " should have " + std::to_string(id->count) +
                " elements and has " + std::to_string(storage->second.bytes) +
                " bytes: the file is cut or damaged; fetch it again");
  tensor.element = elements->element;
  tensor.begin = storage->second.begin + id->view_offset * id->elements->size;
  tensor.bytes = id->view_size * id->elements->size;
  check_extent(tensor, place);
  return {std::move(tensor), ""};
}

}  // namespace vhost
