#include "hostile.h"

#include <malloc.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <memory>
#include <new>

#include "checkpoint/file/container.h"
#include "checkpoint/file/safetensors_file.h"
#include "checkpoint/file/torch_file.h"

namespace {

std::atomic<size_t> live{0}, most{0}, base{0};

void* counted(size_t size) {
  void* data = std::malloc(size ? size : 1);
  if (!data) throw std::bad_alloc();
  const size_t now = live += malloc_usable_size(data);
  for (size_t seen = most; now > seen && !most.compare_exchange_weak(seen, now);) {
  }
  return data;
}

void uncounted(void* data) {
  if (data) live -= malloc_usable_size(data);
  std::free(data);
}

}  // namespace

void* operator new(size_t size) {
  return counted(size);
}
void* operator new[](size_t size) {
  return counted(size);
}
void operator delete(void* data) noexcept {
  uncounted(data);
}
void operator delete[](void* data) noexcept {
  uncounted(data);
}
void operator delete(void* data, size_t) noexcept {
  uncounted(data);
}
void operator delete[](void* data, size_t) noexcept {
  uncounted(data);
}

namespace vhost::testing {

void reset_peak() {
  base = live.load();
  most = live.load();
}

size_t peak_bytes() {
  return most - base;
}

std::string seed(const std::string& name) {
  const char* source = std::getenv("VHOST_SOURCE_DIR");
  const std::string path = std::string(source ? source : ".") + "/host/checkpoint/file/tests/seeds/" + name;
  std::ifstream file(path, std::ios::binary);
  std::string bytes{std::istreambuf_iterator<char>(file), {}};
  if (bytes.empty()) throw std::runtime_error(path + " is missing");
  return bytes;
}

std::string stream_of(const std::string& pickle) {
  const std::string whole = seed("stream2.pth");
  const size_t magic = whole.find('.') + 1, version = whole.find('.', magic) + 1;
  const size_t machine = whole.find("u.", version) + 2;
  return whole.substr(0, machine) + pickle + std::string("\x80\x02].");
}

namespace {

void touch(Bytes file, uint64_t at, uint64_t n) {
  if (!lies_in(at, n, file.size())) throw std::logic_error("a tensor outside of the file");
  volatile char sink = 0;
  if (n == 0) return;
  sink = file[at];
  sink = file[at + n - 1];
  static_cast<void>(sink);
}

void touch(Bytes file, const StoredTensor& tensor) {
  const int64_t size = names_of(tensor.element).size;
  int64_t last = tensor.offset;
  for (size_t i = 0; i < tensor.sizes.size(); ++i) {
    if (tensor.sizes[i] == 0) return;
    last += (tensor.sizes[i] - 1) * tensor.strides[i];
  }
  const auto at = [&](int64_t element) { return tensor.begin + static_cast<uint64_t>(element * size); };
  if (at(last) + static_cast<uint64_t>(size) > tensor.begin + tensor.bytes)
    throw std::logic_error("a tensor outside of its storage");
  touch(file, at(tensor.offset), static_cast<uint64_t>(size));
  touch(file, at(last), static_cast<uint64_t>(size));
}

}  // namespace

ReadResult read_bytes(const std::string& bytes) {
  const std::unique_ptr<char[]> exact(new char[bytes.size()]);
  std::copy(bytes.begin(), bytes.end(), exact.get());
  const Bytes file(exact.get(), bytes.size());
  if (container_of(file, "x.pth") == Container::kSafetensors) {
    const SafetensorsFile found = read_safetensors_file(file, "x.pth");
    for (const auto& [name, tensor] : found.tensors) touch(file, tensor.begin, tensor.bytes);
    return {found.tensors.size(), {}};
  }
  TorchFile found = read_torch_file(file, "x.pth");
  for (const auto& [name, tensor] : found.tensors) touch(file, tensor);
  return {found.tensors.size(), std::move(found.other)};
}

}  // namespace vhost::testing
