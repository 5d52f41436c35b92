#include "checkpoint/safetensors.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "base/descriptor.h"
#include "base/fault.h"
#include "base/json.h"
#include "base/replaceable.h"
#include "checkpoint/file/safetensors_file.h"

namespace vhost {

at::ScalarType scalar_type(Element element) {
  constexpr at::ScalarType kTypes[] = {at::kDouble, at::kFloat, at::kHalf, at::kBFloat16, at::kLong,
                                       at::kInt,    at::kShort, at::kChar, at::kByte,     at::kBool};
  static_assert(std::size(kTypes) == std::size(kElements));
  return kTypes[static_cast<size_t>(element)];
}

namespace {

const char* type_name(at::ScalarType type) {
  for (const ElementNames& names : kElements)
    if (scalar_type(names.element) == type) return names.safetensors.data();
  throw Error(std::string("safetensors can't hold elements of type ") + at::toString(type));
}

[[noreturn]] void fail_io(const std::string& what, const std::filesystem::path& path) {
  throw Error(path.string() + ": " + what + ": " + std::strerror(errno));
}

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
  Descriptor file_;
  bool direct_ = false;
  std::unique_ptr<char, Free> block_;
  size_t used_ = 0, size_ = 0;
};

// Shares the file where it lies aligned in it, as in files of this format's own writers.
at::Tensor tensor_in(const std::shared_ptr<const MappedFile>& file, const SafeTensor& stored) {
  const at::TensorOptions options(scalar_type(stored.element));
  char* data = file->data() + stored.begin;
  if (stored.bytes > 0 && reinterpret_cast<uintptr_t>(data) % names_of(stored.element).size == 0)
    return at::from_blob(
        data, stored.sizes, [file](void*) {}, options);
  at::Tensor copy = at::empty(stored.sizes, options);
  if (stored.bytes > 0) std::memcpy(copy.data_ptr(), data, stored.bytes);
  return copy;
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

void write_safetensors_whole(const std::filesystem::path& path, const std::map<std::string, at::Tensor>& tensors,
                             const std::map<std::string, std::string>& metadata) {
  check_replaceable(path);
  const std::filesystem::path temporary = path.string() + ".writing";
  std::error_code ignored;
  try {
    write_safetensors(temporary, NamedTensors(tensors.begin(), tensors.end()), metadata);
    std::filesystem::rename(temporary, path);
  } catch (const std::filesystem::filesystem_error& error) {
    std::filesystem::remove(temporary, ignored);
    throw Error("can't write " + path.string() + ": " + error.code().message());
  } catch (...) {
    std::filesystem::remove(temporary, ignored);
    throw;
  }
}

void write_synced(const std::filesystem::path& path, const std::string& text) {
  Writer writer(path);
  writer.add(text.data(), text.size());
  writer.finish();
}

std::map<std::string, at::Tensor> read_safetensors(const std::filesystem::path& path,
                                                   std::map<std::string, std::string>* metadata) {
  const std::shared_ptr<const MappedFile> file = map_file(path);
  SafetensorsFile found = read_safetensors_file(file->bytes, path.string());
  if (metadata) metadata->merge(found.metadata);
  std::map<std::string, at::Tensor> tensors;
  for (const auto& [name, stored] : found.tensors) tensors[name] = tensor_in(file, stored);
  return tensors;
}

}  // namespace vhost
