#include "checkpoint/npy.h"

#include <zlib.h>

#include <algorithm>

#include "base/files.h"
#include "base/json.h"

namespace vhost {

namespace {

constexpr uint16_t kZip64 = 45;               // version of the format that has 64-bit sizes
constexpr uint16_t kFirstOfJanuary1980 = 33;  // no clock, so that equal arrays give equal files
constexpr uint32_t kElsewhere = 0xFFFFFFFF;   // the size stands in the 64-bit field
constexpr size_t kAlignment = 64;

std::string dtype_name(at::ScalarType type) {
  switch (type) {
    case at::kFloat:
      return "<f4";
    case at::kDouble:
      return "<f8";
    case at::kLong:
      return "<i8";
    case at::kByte:
      return "|u1";
    case at::kBool:
      return "|b1";
    default:
      throw Error(std::string("NumPy arrays of ") + at::toString(type) + " are not written");
  }
}

template <class T>
void put(std::string& out, T value) {
  for (size_t i = 0; i < sizeof value; ++i) out += static_cast<char>(static_cast<uint64_t>(value) >> (8 * i) & 0xFF);
}

// Decodes what utf8_length has found well-formed.
uint32_t code_point(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<uint32_t>(static_cast<unsigned char>(text[i])); };
  uint32_t point = text.size() == 1 ? byte(0) : byte(0) & (0x7Fu >> text.size());
  for (size_t i = 1; i < text.size(); ++i) point = point << 6 | (byte(i) & 0x3F);
  return point;
}

std::vector<uint32_t> code_points(std::string_view text) {
  std::vector<uint32_t> points;
  for (size_t at = 0; at < text.size();) {
    const size_t length = utf8_length(text, at);
    points.push_back(length ? code_point(text.substr(at, length)) : 0xDC00u + static_cast<unsigned char>(text[at]));
    at += std::max<size_t>(1, length);
  }
  return points;
}

struct Entry {
  std::string name;
  uint32_t crc = 0;
  uint64_t size = 0, offset = 0;
};

void put_common(std::string& out, const Entry& entry, uint16_t extra) {
  put<uint16_t>(out, kZip64);
  put<uint32_t>(out, 0);  // no flags; stored
  put<uint16_t>(out, 0);
  put<uint16_t>(out, kFirstOfJanuary1980);
  put<uint32_t>(out, entry.crc);
  put<uint32_t>(out, kElsewhere);
  put<uint32_t>(out, kElsewhere);
  put<uint16_t>(out, static_cast<uint16_t>(entry.name.size()));
  put<uint16_t>(out, extra);
}

void put_file(std::string& out, Entry& entry, const std::string& bytes) {
  entry.offset = out.size();
  entry.size = bytes.size();
  entry.crc = static_cast<uint32_t>(crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
  put<uint32_t>(out, 0x04034b50);
  put_common(out, entry, 20);
  out += entry.name;
  put<uint16_t>(out, 1);
  put<uint16_t>(out, 16);
  put<uint64_t>(out, entry.size);
  put<uint64_t>(out, entry.size);
  out += bytes;
}

void put_directory_entry(std::string& out, const Entry& entry) {
  put<uint32_t>(out, 0x02014b50);
  put<uint16_t>(out, kZip64);
  put_common(out, entry, 28);
  put<uint16_t>(out, 0);  // no comment
  put<uint32_t>(out, 0);  // first disk; binary
  put<uint32_t>(out, 0);
  put<uint32_t>(out, kElsewhere);
  out += entry.name;
  put<uint16_t>(out, 1);
  put<uint16_t>(out, 24);
  put<uint64_t>(out, entry.size);
  put<uint64_t>(out, entry.size);
  put<uint64_t>(out, entry.offset);
}

void put_end(std::string& out, uint64_t begin, uint64_t entries) {
  const uint64_t end = out.size();
  put<uint32_t>(out, 0x06064b50);
  put<uint64_t>(out, 44);
  put<uint16_t>(out, kZip64);
  put<uint16_t>(out, kZip64);
  put<uint64_t>(out, 0);  // one disk
  put<uint64_t>(out, entries);
  put<uint64_t>(out, entries);
  put<uint64_t>(out, end - begin);
  put<uint64_t>(out, begin);
  put<uint32_t>(out, 0x07064b50);
  put<uint32_t>(out, 0);
  put<uint64_t>(out, end);
  put<uint32_t>(out, 1);
  put<uint32_t>(out, 0x06054b50);
  put<uint32_t>(out, 0);
  put<uint16_t>(out, static_cast<uint16_t>(entries));
  put<uint16_t>(out, static_cast<uint16_t>(entries));
  put<uint32_t>(out, kElsewhere);
  put<uint32_t>(out, kElsewhere);
  put<uint16_t>(out, 0);
}

}  // namespace

NpyArray npy_array(const at::Tensor& tensor) {
  const at::Tensor own = tensor.detach().to(at::kCPU).contiguous();
  return {dtype_name(own.scalar_type()), own.sizes().vec(),
          std::string(static_cast<const char*>(own.data_ptr()), own.nbytes())};
}

NpyArray npy_array(const std::vector<std::string>& texts) {
  std::vector<std::vector<uint32_t>> all;
  size_t longest = 1;
  for (const std::string& text : texts) longest = std::max(longest, all.emplace_back(code_points(text)).size());
  NpyArray array{"<U" + std::to_string(longest), {static_cast<int64_t>(texts.size())}, {}};
  for (std::vector<uint32_t>& points : all) {
    points.resize(longest);
    for (const uint32_t point : points) put<uint32_t>(array.bytes, point);
  }
  return array;
}

std::string npy_bytes(const NpyArray& array) {
  std::string shape;
  for (const int64_t size : array.shape) shape += std::to_string(size) + (array.shape.size() == 1 ? "," : ", ");
  if (array.shape.size() > 1) shape.resize(shape.size() - 2);
  std::string header = "{'descr': '" + array.dtype + "', 'fortran_order': False, 'shape': (" + shape + "), }";
  const size_t before = 10;  // magic, version, length
  header.append(kAlignment - (before + header.size() + 1) % kAlignment, ' ');
  header += '\n';
  std::string out("\x93NUMPY\x01\x00", 8);
  put<uint16_t>(out, static_cast<uint16_t>(header.size()));
  return out + header + array.bytes;
}

void write_npy(const std::filesystem::path& path, const NpyArray& array) {
  write_file_atomically(path, npy_bytes(array));
}

void write_npz(const std::filesystem::path& path, const std::vector<std::pair<std::string, NpyArray>>& arrays) {
  std::string out;
  std::vector<Entry> entries;
  for (const auto& [name, array] : arrays)
    put_file(out, entries.emplace_back(Entry{name + ".npy", 0, 0, 0}), npy_bytes(array));
  const uint64_t begin = out.size();
  for (const Entry& entry : entries) put_directory_entry(out, entry);
  put_end(out, begin, entries.size());
  write_file_atomically(path, out);
}

}  // namespace vhost
