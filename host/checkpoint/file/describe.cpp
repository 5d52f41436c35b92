#include "checkpoint/file/describe.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include "base/json.h"
#include "base/json_number.h"
#include "checkpoint/file/element.h"

namespace vhost {

namespace {

constexpr size_t kMostText = 200;
constexpr uint64_t kMostNumbers = 8;  // of a NumPy array

// The first `most` bytes of bytes, or of a text that protocol 2 has in their place: _codecs.encode(text, "latin1").
std::string bytes_of(const Pickle& pickle, Ref ref, size_t most) {
  if (pickle[ref].kind == PickleKind::kBytes || pickle[ref].kind == PickleKind::kText)
    return std::string(pickle.text(ref).substr(0, most));  // a text: as Python 2 has bytes
  const bool encoded =
      pickle[ref].kind == PickleKind::kObject && pickle.is_class(pickle[ref].first, "_codecs", "encode");
  const auto& arguments = encoded ? pickle.items(pickle[ref].second) : pickle.items(ref);
  if (!encoded || arguments.empty()) return "";
  const std::string_view text = pickle.text(arguments[0]);
  std::string bytes;
  for (size_t at = 0; at < text.size() && bytes.size() < most;) {
    const auto lead = static_cast<uint8_t>(text[at]);
    const bool two = lead >= 0x80;
    if (two && (lead < 0xC2 || lead > 0xC3 || at + 1 >= text.size())) return "";
    bytes += static_cast<char>(two ? (lead << 6 | (static_cast<uint8_t>(text[at + 1]) & 0x3F)) : lead);
    at += two ? 2 : 1;
  }
  return bytes;
}

struct NumpyType {
  std::string code;  // "f8"
  bool big_endian = false;
};

std::optional<NumpyType> numpy_type(const Pickle& pickle, Ref ref) {
  if (pickle[ref].kind != PickleKind::kObject || !pickle.is_class(pickle[ref].first, "numpy", "dtype"))
    return std::nullopt;
  const auto& arguments = pickle.items(pickle[ref].second);
  if (arguments.empty() || pickle[arguments[0]].kind != PickleKind::kText) return std::nullopt;
  NumpyType type{printable(pickle.text(arguments[0]), 20)};
  const Ref state = pickle.parts(ref).state;
  if (state != kNoValue && pickle.items(state).size() > 1) type.big_endian = pickle.text(pickle.items(state)[1]) == ">";
  return type;
}

template <class T>
T from_bytes(std::string_view bytes) {
  T value;
  std::memcpy(&value, bytes.data(), sizeof value);
  return value;
}

float half_value(uint16_t bits) {
  const int exponent = bits >> 10 & 31, mantissa = bits & 1023;
  const float sign = bits & 0x8000 ? -1.0f : 1.0f;
  if (exponent == 31) return mantissa ? NAN : sign * INFINITY;
  if (exponent == 0) return sign * std::ldexp(static_cast<float>(mantissa), -24);
  return sign * std::ldexp(static_cast<float>(mantissa + 1024), exponent - 25);
}

size_t size_of(const NumpyType& type) {
  for (const char* code : {"f8", "f4", "f2", "i8", "i4", "i2", "i1", "u8", "u4", "u2", "u1", "b1"})
    if (type.code == code) return static_cast<size_t>(code[1] - '0');
  return 0;
}

json::value element(const NumpyType& type, std::string_view bytes) {
  const std::string& code = type.code;
  if (code == "f8") return number_json(from_bytes<double>(bytes));
  if (code == "f4") return number_json(from_bytes<float>(bytes));
  if (code == "f2") return number_json(half_value(from_bytes<uint16_t>(bytes)));
  if (code == "i8") return from_bytes<int64_t>(bytes);
  if (code == "i4") return from_bytes<int32_t>(bytes);
  if (code == "i2") return from_bytes<int16_t>(bytes);
  if (code == "i1") return from_bytes<int8_t>(bytes);
  if (code == "u8") return from_bytes<uint64_t>(bytes);
  if (code == "u4") return from_bytes<uint32_t>(bytes);
  if (code == "u2") return from_bytes<uint16_t>(bytes);
  if (code == "b1") return bytes[0] != 0;
  return from_bytes<uint8_t>(bytes);
}

// Of `count` elements in a row; nullopt if they are of a type that is not read, too many, or not all there.
std::optional<json::array> elements(const Pickle& pickle, const NumpyType& type, Ref data, uint64_t count) {
  const size_t size = size_of(type);
  if (size == 0 || count > kMostNumbers || (type.big_endian && size > 1)) return std::nullopt;
  const std::string bytes = bytes_of(pickle, data, count * size);
  if (bytes.size() < count * size) return std::nullopt;
  json::array values;
  for (uint64_t i = 0; i < count; ++i) values.push_back(element(type, std::string_view(bytes).substr(i * size, size)));
  return values;
}

json::value describe_array(const Pickle& pickle, Ref shape, Ref type_ref, Ref data) {
  const auto& sizes = pickle.items(shape);
  const std::optional<NumpyType> type = numpy_type(pickle, type_ref);
  std::string text = "numpy array of " + (type ? type->code : std::string("an unknown type")) + ", [";
  uint64_t count = 1;
  for (size_t i = 0; i < sizes.size() && i < 32; ++i) {
    const PickleValue& size = pickle[sizes[i]];
    const bool whole = size.kind == PickleKind::kInt && size.number >= 0;
    text += (i ? ", " : "") + (whole ? std::to_string(size.number) : std::string("?"));
    if (!whole || __builtin_mul_overflow(count, static_cast<uint64_t>(size.number), &count)) count = UINT64_MAX;
  }
  if (type && sizes.size() == 1)
    if (std::optional<json::array> values = elements(pickle, *type, data, count)) return *values;
  return json::value(text + "]");
}

bool from_numpy(const Pickle& pickle, Ref function, std::string_view name) {
  for (const char* module :
       {"numpy.core.multiarray", "numpy._core.multiarray", "numpy.core.numeric", "numpy._core.numeric"})
    if (pickle.is_class(function, module, name)) return true;
  return false;
}

std::optional<json::value> describe_numpy(const Pickle& pickle, Ref ref) {
  const PickleValue& value = pickle[ref];
  if (value.kind != PickleKind::kObject) return std::nullopt;
  const auto& arguments = pickle.items(value.second);
  if (from_numpy(pickle, value.first, "scalar") && arguments.size() == 2) {
    const std::optional<NumpyType> type = numpy_type(pickle, arguments[0]);
    const std::optional<json::array> one = type ? elements(pickle, *type, arguments[1], 1) : std::nullopt;
    return one ? one->at(0) : json::value("numpy scalar of " + (type ? type->code : std::string("an unknown type")));
  }
  if (from_numpy(pickle, value.first, "_frombuffer") && arguments.size() >= 3)
    return describe_array(pickle, arguments[2], arguments[1], arguments[0]);
  const Ref state = pickle.parts(ref).state;
  if (from_numpy(pickle, value.first, "_reconstruct") && state != kNoValue && pickle.items(state).size() == 5) {
    const auto& parts = pickle.items(state);
    return describe_array(pickle, parts[1], parts[2], parts[4]);
  }
  if (numpy_type(pickle, ref)) return json::value("numpy dtype " + numpy_type(pickle, ref)->code);
  return std::nullopt;
}

}  // namespace

std::optional<json::value> describe_leaf(const Pickle& pickle, Ref ref) {
  const PickleValue& value = pickle[ref];
  switch (value.kind) {
    case PickleKind::kNone:
      return json::value(nullptr);
    case PickleKind::kBool:
      return json::value(value.number != 0);
    case PickleKind::kInt:
      return json::value(value.number);
    case PickleKind::kFloat:
      return number_json(value.real);
    case PickleKind::kBigInt:
      return json::value("integer of " + std::to_string(value.pool) + " bytes");
    case PickleKind::kText:
      return json::value(printable(pickle.text(ref), kMostText));
    case PickleKind::kBytes:
      return json::value(std::to_string(value.pool) + " bytes");
    case PickleKind::kClass:
      return json::value(describe_kind(pickle, ref));
    case PickleKind::kObject:
      return describe_numpy(pickle, ref);
    default:
      return std::nullopt;
  }
}

std::string describe_kind(const Pickle& pickle, Ref ref) {
  const PickleValue& value = pickle[ref];
  const std::string count = " of " + std::to_string(pickle.items(ref).size());
  switch (value.kind) {
    case PickleKind::kTuple:
      return "tuple" + count;
    case PickleKind::kList:
      return "list" + count;
    case PickleKind::kSet:
      return "set" + count;
    case PickleKind::kDict:
      return "dict of " + std::to_string(pickle.items(ref).size() / 2);
    case PickleKind::kPersistent:
      return "reference outside of the pickle";
    case PickleKind::kObject: {
      const PickleValue& made_by = pickle[value.first];
      if (made_by.kind == PickleKind::kPersistent) {  // older files have a module's class with its source
        const auto& id = pickle.items(made_by.first);
        if (id.size() > 1 && pickle[id[1]].kind == PickleKind::kClass) return describe_kind(pickle, id[1]);
      }
      return made_by.kind == PickleKind::kClass ? describe_kind(pickle, value.first) : "object";
    }
    case PickleKind::kClass:
      return printable(pickle.text(value.first), kMostText) + "." + printable(pickle.text(value.second), kMostText);
    default:
      return "value";
  }
}

}  // namespace vhost
