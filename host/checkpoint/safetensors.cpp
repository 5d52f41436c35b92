#include "checkpoint/safetensors.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "base/fault.h"
#include "base/json.h"

namespace vhost {

namespace {

constexpr uint64_t kMaxHeader = 100u << 20;

struct TypeName {
  const char* name;
  at::ScalarType type;
};
constexpr TypeName kTypes[] = {{"F32", at::kFloat}, {"F64", at::kDouble}, {"F16", at::kHalf},  {"BF16", at::kBFloat16},
                               {"I64", at::kLong},  {"I32", at::kInt},    {"I16", at::kShort}, {"I8", at::kChar},
                               {"U8", at::kByte},   {"BOOL", at::kBool}};

const char* type_name(at::ScalarType type) {
  for (const TypeName& t : kTypes)
    if (t.type == type) return t.name;
  throw Error(std::string("safetensors can't hold elements of type ") + at::toString(type));
}

[[noreturn]] void fail_io(const std::string& what, const std::filesystem::path& path) {
  throw Error(path.string() + ": " + what + ": " + std::strerror(errno));
}

struct File {
  int fd = -1;
  ~File() {
    if (fd >= 0) ::close(fd);
  }
};

// Collects small pieces, so that a model of many small tensors is a few writes.
// Note [Past the page cache]
// A checkpoint is read again once at most, and copying a gigabyte into the page cache takes a core from the training
// threads in stretches that no priority cuts short. So full blocks go straight to the disk where the file system can do
// that; the last block is padded and the file cut to its length.
class Writer {
 public:
  explicit Writer(const std::filesystem::path& path) : path_(path), block_(allocate()) {
    fault_point();
    constexpr int kFlags = O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC;
    file_.fd = ::open(path.c_str(), kFlags | O_DIRECT, 0666);
    direct_ = file_.fd >= 0;
    if (!direct_) file_.fd = ::open(path.c_str(), kFlags, 0666);
    if (file_.fd < 0) fail_io("cannot write", path_);
  }
  void add(const void* data, size_t n) {
    for (const char* from = static_cast<const char*>(data); n > 0;) {
      const size_t part = std::min(n, kBlock - used_);
      std::memcpy(block_.get() + used_, from, part);
      used_ += part, from += part, n -= part, size_ += part;
      if (used_ == kBlock) flush();
    }
  }
  void finish() {
    if (used_ > 0) flush();
    if (::ftruncate(file_.fd, static_cast<off_t>(size_)) != 0) fail_io("cannot write", path_);
    fault_point();
    if (::fsync(file_.fd) != 0) fail_io("cannot sync", path_);
    fault_point();
  }

 private:
  static constexpr size_t kBlock = 4u << 20, kAlignment = 4096;
  struct Free {
    void operator()(char* p) const { std::free(p); }
  };
  static char* allocate() {
    char* block = static_cast<char*>(std::aligned_alloc(kAlignment, kBlock));
    if (!block) throw std::bad_alloc();
    return block;
  }
  void flush() {
    fault_point();
    size_t n = used_;
    if (direct_) {
      n = (used_ + kAlignment - 1) / kAlignment * kAlignment;
      std::memset(block_.get() + used_, 0, n - used_);
    }
    for (size_t done = 0; done < n;) {
      const ssize_t now = ::write(file_.fd, block_.get() + done, n - done);
      if (now < 0 && errno == EINTR) continue;
      const bool refused = now < 0 && errno == EINVAL && direct_;  // the file system took the flag and not the write
      if (now < 0 && !refused) fail_io("cannot write", path_);
      if (!refused) done += static_cast<size_t>(now);
      if (direct_ && (refused || done % kAlignment != 0)) {
        ::fcntl(file_.fd, F_SETFL, ::fcntl(file_.fd, F_GETFL) & ~O_DIRECT);
        direct_ = false;
      }
    }
    used_ = 0;
    fault_point();
  }
  std::filesystem::path path_;
  File file_;
  bool direct_ = false;
  std::unique_ptr<char, Free> block_;
  size_t used_ = 0, size_ = 0;
};

struct Mapping {
  void* data = MAP_FAILED;
  size_t size = 0;
  ~Mapping() {
    if (data != MAP_FAILED) ::munmap(data, size);
  }
};

std::shared_ptr<Mapping> map_file(const std::filesystem::path& path) {
  File file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (file.fd < 0) fail_io("cannot open", path);
  struct stat info {};
  if (::fstat(file.fd, &info) != 0) fail_io("cannot read", path);
  if (!S_ISREG(info.st_mode)) throw Error(path.string() + ": is not a file");
  if (info.st_size < 8)
    throw Error(path.string() + ": is no safetensors file: only " + std::to_string(info.st_size) + " bytes");
  auto mapping = std::make_shared<Mapping>();
  mapping->size = static_cast<size_t>(info.st_size);
  mapping->data = ::mmap(nullptr, mapping->size, PROT_READ | PROT_WRITE, MAP_PRIVATE, file.fd, 0);
  if (mapping->data == MAP_FAILED) fail_io("cannot map", path);
  return mapping;
}

at::Tensor read_tensor(const std::string& place, const json::value& entry, uint8_t* data, uint64_t size,
                       const std::shared_ptr<Mapping>& mapping) {
  const json::object* fields = entry.if_object();
  const json::value* type_text = fields ? fields->if_contains("dtype") : nullptr;
  const json::value* shape_list = fields ? fields->if_contains("shape") : nullptr;
  const json::value* offsets = fields ? fields->if_contains("data_offsets") : nullptr;
  if (!type_text || !type_text->is_string() || !shape_list || !shape_list->is_array() || !offsets ||
      !offsets->is_array() || offsets->get_array().size() != 2)
    throw Error(place + ": its header entry needs dtype, shape and data_offsets");
  const TypeName* type = nullptr;
  for (const TypeName& t : kTypes)
    if (type_text->get_string() == t.name) type = &t;
  if (!type) throw Error(place + ": element type \"" + std::string(type_text->get_string()) + "\" is not supported");
  std::vector<int64_t> shape;
  uint64_t elements = 1;
  for (const json::value& v : shape_list->get_array()) {
    if (!v.is_int64() || v.get_int64() < 0) throw Error(place + ": its shape must hold non-negative integers");
    shape.push_back(v.get_int64());
    if (__builtin_mul_overflow(elements, static_cast<uint64_t>(v.get_int64()), &elements))
      throw Error(place + ": its shape is too large");
  }
  uint64_t bytes = 0, begin = 0, end = 0;
  const auto offset = [&](size_t i) {
    const json::value& v = offsets->get_array()[i];
    if (!v.is_int64() || v.get_int64() < 0) throw Error(place + ": data_offsets must be non-negative integers");
    return static_cast<uint64_t>(v.get_int64());
  };
  begin = offset(0), end = offset(1);
  if (__builtin_mul_overflow(elements, static_cast<uint64_t>(at::elementSize(type->type)), &bytes) || end < begin ||
      end > size || end - begin != bytes)
    throw Error(place + ": data_offsets [" + std::to_string(begin) + ", " + std::to_string(end) +
                ") do not fit its shape and the file (" + std::to_string(size) +
                " bytes of data): the file is cut or damaged");
  if (bytes == 0) return at::empty(shape, type->type);
  return at::from_blob(
      data + begin, shape, [mapping](void*) {}, at::TensorOptions().dtype(type->type));
}

}  // namespace

void write_safetensors(const std::filesystem::path& path, const NamedTensors& tensors,
                       const std::map<std::string, std::string>& metadata) {
  json::object header;
  json::object meta;
  for (const auto& [key, value] : metadata) meta[key] = value;
  if (!meta.empty()) header["__metadata__"] = meta;
  std::vector<at::Tensor> contiguous;
  int64_t offset = 0;
  for (const auto& [name, tensor] : tensors) {
    contiguous.push_back(tensor.detach().to(at::kCPU).contiguous());
    const int64_t bytes = static_cast<int64_t>(contiguous.back().nbytes());
    json::array shape(tensor.sizes().begin(), tensor.sizes().end());
    header[name] = {
        {"dtype", type_name(tensor.scalar_type())}, {"shape", shape}, {"data_offsets", {offset, offset + bytes}}};
    offset += bytes;
  }
  std::string text = json::serialize(header);
  text.append((8 - text.size() % 8) % 8, ' ');
  uint64_t length = text.size();
  std::string head(8, '\0');
  for (int i = 0; i < 8; ++i) head[i] = static_cast<char>(length >> (8 * i));
  head += text;

  Writer writer(path);
  writer.add(head.data(), head.size());
  for (const at::Tensor& tensor : contiguous) writer.add(tensor.data_ptr(), tensor.nbytes());
  writer.finish();
}

void write_synced(const std::filesystem::path& path, const std::string& text) {
  Writer writer(path);
  writer.add(text.data(), text.size());
  writer.finish();
}

std::map<std::string, at::Tensor> read_safetensors(const std::filesystem::path& path,
                                                   std::map<std::string, std::string>* metadata) {
  const std::shared_ptr<Mapping> mapping = map_file(path);
  uint8_t* bytes = static_cast<uint8_t*>(mapping->data);
  uint64_t length = 0;
  for (int i = 0; i < 8; ++i) length |= static_cast<uint64_t>(bytes[i]) << (8 * i);
  if (length > mapping->size - 8 || length > kMaxHeader)
    throw Error(path.string() + ": is no safetensors file, or is cut: its header says " + std::to_string(length) +
                " bytes of " + std::to_string(mapping->size - 8));
  JsonDocument header = parse_json({reinterpret_cast<const char*>(bytes) + 8, length}, path.string() + " (header)");
  if (!header.root.is_object()) throw Error(path.string() + ": its header is not a JSON object");
  std::map<std::string, at::Tensor> tensors;
  for (const auto& [key, value] : header.root.get_object()) {
    const std::string name(key);
    if (name == "__metadata__") {
      if (metadata && value.is_object())
        for (const auto& [k, v] : value.get_object())
          if (v.is_string()) (*metadata)[std::string(k)] = std::string(v.get_string());
      continue;
    }
    tensors[name] = read_tensor(path.string() + ": tensor \"" + name + "\"", value, bytes + 8 + length,
                                mapping->size - 8 - length, mapping);
  }
  return tensors;
}

}  // namespace vhost
