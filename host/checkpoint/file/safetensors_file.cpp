#include "checkpoint/file/safetensors_file.h"

#include "base/json.h"
#include "checkpoint/file/describe.h"

namespace vhost {

namespace {

constexpr uint64_t kMostHeader = 32u << 20;  // a hundred thousand tensors and more

const ElementNames& element_type(const std::string& place, std::string_view type) {
  for (const ElementNames& names : kElements)
    if (type == names.safetensors) return names;
  throw Error(place + ": element type " + quote(type) +
              " is not read; save it as F32, or as another of torch's common types");
}

std::vector<int64_t> shape_of(const std::string& place, const json::array& list, uint64_t& elements) {
  std::vector<int64_t> shape;
  elements = 1;
  for (const json::value& v : list) {
    if (!v.is_int64() || v.get_int64() < 0) throw Error(place + ": its shape must hold non-negative integers");
    shape.push_back(v.get_int64());
    if (__builtin_mul_overflow(elements, static_cast<uint64_t>(v.get_int64()), &elements))
      throw Error(place + ": its shape is too large");
  }
  return shape;
}

// `data` is where the tensors begin in the file, `size` how many bytes follow.
SafeTensor read_entry(const std::string& place, const json::value& entry, uint64_t data, uint64_t size) {
  const json::object* fields = entry.if_object();
  const json::value* type_text = fields ? fields->if_contains("dtype") : nullptr;
  const json::value* shape_list = fields ? fields->if_contains("shape") : nullptr;
  const json::value* offsets = fields ? fields->if_contains("data_offsets") : nullptr;
  if (!type_text || !type_text->is_string() || !shape_list || !shape_list->is_array() || !offsets ||
      !offsets->is_array() || offsets->get_array().size() != 2)
    throw Error(place + ": its header entry needs dtype, shape and data_offsets");
  const ElementNames& type = element_type(place, type_text->get_string());
  SafeTensor tensor;
  tensor.element = type.element;
  uint64_t elements = 0;
  tensor.sizes = shape_of(place, shape_list->get_array(), elements);
  const auto offset = [&](size_t i) {
    const json::value& v = offsets->get_array()[i];
    if (!v.is_int64() || v.get_int64() < 0) throw Error(place + ": data_offsets must be non-negative integers");
    return static_cast<uint64_t>(v.get_int64());
  };
  const uint64_t begin = offset(0), end = offset(1);
  if (__builtin_mul_overflow(elements, uint64_t{type.size}, &tensor.bytes) || end < begin || end > size ||
      end - begin != tensor.bytes)
    throw Error(place + ": data_offsets [" + std::to_string(begin) + ", " + std::to_string(end) +
                ") do not fit its shape and the file (" + std::to_string(size) +
                " bytes of data): the file is cut or damaged");
  tensor.begin = data + begin;
  return tensor;
}

}  // namespace

SafetensorsFile read_safetensors_file(Bytes file, const std::string& name) {
  if (file.size() < 8) throw Error(name + ": is no safetensors file: only " + std::to_string(file.size()) + " bytes");
  const uint64_t length = little_endian(file, 0, 8);
  if (length > file.size() - 8 || length > kMostHeader)
    throw Error(name + ": is no safetensors file, or is cut: its header says " + std::to_string(length) + " bytes of " +
                std::to_string(file.size() - 8));
  const JsonDocument header = parse_json(file.substr(8, length), name + " (header)", /*item_places=*/false);
  if (!header.root.is_object()) throw Error(name + ": its header is not a JSON object");
  SafetensorsFile found;
  for (const auto& [key, value] : header.root.get_object()) {
    const std::string tensor(key);
    if (tensor == "__metadata__") {
      if (!value.is_object()) continue;
      for (const auto& [k, v] : value.get_object())
        if (v.is_string()) found.metadata[std::string(k)] = std::string(v.get_string());
      continue;
    }
    found.tensors[tensor] =
        read_entry(name + ": tensor \"" + printable(tensor, 200) + "\"", value, 8 + length, file.size() - 8 - length);
  }
  return found;
}

}  // namespace vhost
