// The element types that a checkpoint's tensors may have here, by the names of every format.
#pragma once
#include <cstdint>
#include <string_view>

namespace vhost {

enum class Element : uint8_t { kFloat64, kFloat32, kFloat16, kBFloat16, kInt64, kInt32, kInt16, kInt8, kUInt8, kBool };

struct ElementNames {
  Element element;
  uint8_t size;                  // bytes
  std::string_view torch;        // of torch.dtype: "float32"
  std::string_view storage;      // of torch's storage class: "FloatStorage"
  std::string_view safetensors;  // "F32"
};

inline constexpr ElementNames kElements[] = {{Element::kFloat64, 8, "float64", "DoubleStorage", "F64"},
                                             {Element::kFloat32, 4, "float32", "FloatStorage", "F32"},
                                             {Element::kFloat16, 2, "float16", "HalfStorage", "F16"},
                                             {Element::kBFloat16, 2, "bfloat16", "BFloat16Storage", "BF16"},
                                             {Element::kInt64, 8, "int64", "LongStorage", "I64"},
                                             {Element::kInt32, 4, "int32", "IntStorage", "I32"},
                                             {Element::kInt16, 2, "int16", "ShortStorage", "I16"},
                                             {Element::kInt8, 1, "int8", "CharStorage", "I8"},
                                             {Element::kUInt8, 1, "uint8", "ByteStorage", "U8"},
                                             {Element::kBool, 1, "bool", "BoolStorage", "BOOL"}};

constexpr const ElementNames& names_of(Element element) {
  return kElements[static_cast<size_t>(element)];
}

}  // namespace vhost
