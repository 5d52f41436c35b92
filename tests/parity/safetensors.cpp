#include "safetensors.h"

#include <array>
#include <cstring>
#include <fstream>

#include "base/files.h"
#include "base/json.h"

namespace parity {

namespace {

using vhost::Error;
namespace json = vhost::json;

const std::array<std::pair<const char*, at::ScalarType>, 5> kTypes{{{"F32", at::kFloat},
                                                                    {"F64", at::kDouble},
                                                                    {"I64", at::kLong},
                                                                    {"U8", at::kByte},
                                                                    {"BOOL", at::kBool}}};

at::ScalarType type_named(std::string_view name, const std::string& where) {
  for (const auto& [text, type] : kTypes)
    if (name == text) return type;
  throw Error(where + ": element type " + std::string(name) + " is not one of F32, F64, I64, U8, BOOL");
}

std::string name_of(at::ScalarType type, const std::string& where) {
  for (const auto& [text, candidate] : kTypes)
    if (candidate == type) return text;
  throw Error(where + ": element type " + at::toString(type) + " can't be written");
}

}  // namespace

Tensors read_safetensors(const std::filesystem::path& path) {
  const std::string bytes = vhost::read_file(path), where = path.string();
  uint64_t header_size = 0;
  if (bytes.size() < sizeof header_size) throw Error(where + ": shorter than a safetensors header");
  std::memcpy(&header_size, bytes.data(), sizeof header_size);
  if (header_size > bytes.size() - sizeof header_size) throw Error(where + ": the header runs past the end of the file");
  const json::value header = json::parse(std::string_view(bytes).substr(sizeof header_size, header_size));
  const std::string_view data = std::string_view(bytes).substr(sizeof header_size + header_size);
  Tensors tensors;
  for (const auto& [name, entry] : header.as_object()) {
    if (name == "__metadata__") continue;
    const auto type = type_named(entry.at("dtype").as_string(), where);
    const auto shape = json::value_to<std::vector<int64_t>>(entry.at("shape"));
    const auto range = json::value_to<std::array<uint64_t, 2>>(entry.at("data_offsets"));
    at::Tensor tensor = at::empty(shape, type);
    if (range[0] > range[1] || range[1] > data.size() || range[1] - range[0] != tensor.nbytes())
      throw Error(where + ": tensor " + std::string(name) + " lies outside the file");
    if (tensor.nbytes()) std::memcpy(tensor.data_ptr(), data.data() + range[0], tensor.nbytes());
    tensors.emplace(name, std::move(tensor));
  }
  return tensors;
}

void write_safetensors(const std::filesystem::path& path, const Tensors& tensors) {
  json::object header;
  Tensors contiguous;
  uint64_t offset = 0;
  for (const auto& [name, tensor] : tensors) {
    const at::Tensor copy = tensor.detach().to(at::kCPU).contiguous();
    header[name] = {{"dtype", name_of(copy.scalar_type(), path.string())},
                    {"shape", json::value_from(copy.sizes().vec())},
                    {"data_offsets", {offset, offset + copy.nbytes()}}};
    offset += copy.nbytes();
    contiguous.emplace(name, copy);
  }
  std::string text = json::serialize(header);
  text.resize((text.size() + 7) / 8 * 8, ' ');
  const uint64_t header_size = text.size();
  std::ofstream file(path, std::ios::binary);
  file.write(reinterpret_cast<const char*>(&header_size), sizeof header_size);
  file.write(text.data(), static_cast<std::streamsize>(text.size()));
  for (const auto& [name, tensor] : contiguous)
    file.write(static_cast<const char*>(tensor.const_data_ptr()), static_cast<std::streamsize>(tensor.nbytes()));
  if (!file.flush()) throw Error(path.string() + ": can't be written");
}

}  // namespace parity
