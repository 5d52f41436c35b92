// Memory that datasets write samples to.
#pragma once
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "assembly/input.h"
#include "vhost/dataset.h"

namespace vhost {

struct FreeBytes {
  void operator()(uint8_t* p) const { std::free(p); }
};

using FieldBuffers = std::vector<std::unique_ptr<uint8_t[], FreeBytes>>;  // by field: rows x bytes, 64-byte aligned

// Of `rows` samples. Throws Error "out of memory for `what`".
FieldBuffers field_buffers(const InputLayout& layout, int64_t rows, const std::string& what,
                           const std::string& remedy = "");

// Where a dataset writes one row of them. Refers to the buffers.
class RowView {
 public:
  RowView(const FieldBuffers& buffers, const InputLayout& layout, int64_t row);
  void clear();
  vh_slot slot() const;

 private:
  std::vector<void*> data_;
  std::vector<int64_t> bytes_, sizes_;
  std::vector<int64_t*> extent_;
};

}  // namespace vhost
