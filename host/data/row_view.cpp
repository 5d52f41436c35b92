#include "data/row_view.h"

#include <algorithm>
#include <cstring>
#include <type_traits>

#include "base/error.h"

namespace vhost {

namespace {

constexpr size_t kMaxRank = std::extent_v<decltype(vh_spec::dim)>;

}  // namespace

FieldBuffers field_buffers(const InputLayout& layout, int64_t rows, const std::string& what,
                           const std::string& remedy) {
  FieldBuffers buffers;
  for (const Field& field : layout.fields) {
    const int64_t bytes = rows * field.bytes;
    const size_t rounded = (static_cast<size_t>(bytes) + 63) / 64 * 64;
    auto* p = static_cast<uint8_t*>(std::aligned_alloc(64, std::max<size_t>(rounded, 64)));
    if (!p) throw Error("out of memory for " + what + ": " + std::to_string(bytes >> 20) + " MB" + remedy);
    buffers.emplace_back(p);
  }
  return buffers;
}

RowView::RowView(const FieldBuffers& buffers, const InputLayout& layout, int64_t row)
    : sizes_(layout.fields.size() * kMaxRank) {
  for (size_t f = 0; f < layout.fields.size(); ++f) {
    const Field& field = layout.fields[f];
    data_.push_back(buffers[f].get() + row * field.bytes);
    bytes_.push_back(field.bytes);
    const int64_t* dim = field.spec.c.dim;
    const bool varies = std::count(dim, dim + field.spec.c.rank, int64_t{VH_DIM_VAR}) > 0;
    extent_.push_back(varies ? sizes_.data() + f * kMaxRank : nullptr);
  }
}

void RowView::clear() {
  for (size_t f = 0; f < data_.size(); ++f) std::memset(data_[f], 0, static_cast<size_t>(bytes_[f]));
}

vh_slot RowView::slot() const {
  vh_slot slot{};
  slot.struct_size = sizeof slot;
  slot.n_fields = static_cast<uint32_t>(data_.size());
  slot.data = data_.data();
  slot.bytes = bytes_.data();
  slot.extent = extent_.data();
  return slot;
}

}  // namespace vhost
