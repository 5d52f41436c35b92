#include "engine/batch.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <numeric>

#include "assembly/file_fields.h"
#include "vhost/random.h"

namespace vhost {

namespace {

template <class T>
void normalise_rows(const uint8_t* raw, T* out, const InputLayout& layout, int64_t rows) {
  const int64_t frames = layout.frames, plane = layout.height * layout.width, channels = layout.channels;
  std::vector<T> table(channels * 256);
  for (int64_t c = 0; c < channels; ++c)
    for (int v = 0; v < 256; ++v)
      table[c * 256 + v] = (static_cast<T>(v) - static_cast<T>(layout.mean[c])) / static_cast<T>(layout.std[c]);
  at::parallel_for(0, rows * frames, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const uint8_t* from = raw + i * plane * channels;
      for (int64_t c = 0; c < channels; ++c) {
        T* to = out + ((i / frames * channels + c) * frames + i % frames) * plane;
        const T* values = table.data() + c * 256;
        for (int64_t p = 0; p < plane; ++p) to[p] = values[from[p * channels + c]];
      }
    }
  });
}

void add_masks(vh_map& all, const Batch& batch, const InputLayout& layout, const MaskLayout& mask, at::Device device) {
  const int64_t rows = batch.rows * layout.views, cells = mask.cells();
  at::Tensor bits = at::from_blob(const_cast<uint8_t*>(batch.mask.data()), {rows, cells}, at::kByte);
  all.put("mask.bool", bits.to(at::kBool).to(device));
  if (!mask.fixed()) return;
  const int64_t masked = mask.max_masked, visible = cells - masked;
  at::Tensor visible_index = at::empty({rows, visible}, at::kLong), masked_index = at::empty({rows, masked}, at::kLong);
  int64_t* v = visible_index.data_ptr<int64_t>();
  int64_t* m = masked_index.data_ptr<int64_t>();
  for (int64_t row = 0; row < rows; ++row)
    for (int64_t cell = 0; cell < cells; ++cell) *(batch.mask[row * cells + cell] ? m++ : v++) = cell;
  all.put("mask.visible_index", visible_index.to(device));
  all.put("mask.masked_index", masked_index.to(device));
}

}  // namespace

at::Tensor normalise(const at::Tensor& raw, const InputLayout& layout, at::ScalarType dtype) {
  if (!raw.is_cpu()) {
    const auto options = at::TensorOptions().device(raw.device()).dtype(dtype);
    const std::vector<int64_t> shape{1, layout.channels, 1, 1, 1};
    at::Tensor mean = at::tensor(layout.mean, at::kDouble).to(options).view(shape);
    at::Tensor std = at::tensor(layout.std, at::kDouble).to(options).view(shape);
    return raw.permute({0, 4, 1, 2, 3}).to(dtype).sub(mean).div(std).contiguous();  // R x C x T x H x W
  }
  at::Tensor out = at::empty({raw.size(0), layout.channels, layout.frames, layout.height, layout.width}, dtype);
  if (dtype == at::kDouble)
    normalise_rows(raw.data_ptr<uint8_t>(), out.data_ptr<double>(), layout, raw.size(0));
  else
    normalise_rows(raw.data_ptr<uint8_t>(), out.data_ptr<float>(), layout, raw.size(0));
  return out;
}

vh_map batch_tensors(const Batch& batch, const InputLayout& layout, const MaskLayout& mask, const BuildOptions& options,
                     const BatchAugment* augment, const MixDraw& mix) {
  vh_map all;
  for (size_t f = 0; f < layout.fields.size(); ++f) {
    const Field& field = layout.fields[f];
    if (is_of_file(field)) continue;
    std::vector<int64_t> sizes{batch.rows};
    for (int i = 0; i < field.spec.c.rank; ++i)
      sizes.push_back(field.spec.c.dim[i] == VH_DIM_VAR ? field.spec.c.dim_max[i] : field.spec.c.dim[i]);
    at::Tensor value = at::from_blob(batch.data[f].get(), sizes, to_scalar_type(field.spec.c.dtype));
    if (static_cast<int>(f) == layout.pixels) {
      value = value.view({batch.rows * layout.views, layout.frames, layout.height, layout.width, layout.channels})
                  .to(options.device);
      if (augment) value = augment->apply(value, augment->draw(batch, layout));
      all.put("raw", value);
      all.put("input", normalise(value, layout, options.dtype == at::kDouble ? at::kDouble : at::kFloat));
    } else {
      all.put("batch." + field.name,
              (layout.views > 1 ? value.repeat_interleave(layout.views, 0) : value).to(options.device));
    }
  }
  at::Tensor weight = at::from_blob(const_cast<float*>(batch.weight.data()), {batch.rows}, at::kFloat);
  all.put("sample_weight",
          (layout.views > 1 ? weight.repeat_interleave(layout.views, 0) : weight.clone()).to(options.device));
  if (layout.mixed) apply_mix(all, mix, layout.classes);
  if (mask.mode != MaskMode::none) add_masks(all, batch, layout, mask, options.device);
  return all;
}

std::vector<uint64_t> row_seeds(const Batch& batch, const InputLayout& layout) {
  std::vector<uint64_t> seeds;
  for (int64_t row = 0; row < batch.rows; ++row)
    for (int64_t view = 0; view < layout.views; ++view)
      seeds.push_back(vh_hash2(batch.seed[row], static_cast<uint64_t>(view)));
  return seeds;
}

double weight_sum(const Batch& batch) {
  return std::accumulate(batch.weight.begin(), batch.weight.begin() + batch.rows, 0.0);
}

int64_t masked_sum(const Batch& batch, const InputLayout& layout, const MaskLayout& mask) {
  int64_t sum = 0;
  const int64_t cells = mask.cells() * layout.views;
  for (int64_t row = 0; row < batch.rows; ++row)
    if (batch.weight[row] > 0)
      sum += std::count(batch.mask.begin() + row * cells, batch.mask.begin() + (row + 1) * cells, uint8_t{1});
  return sum;
}

}  // namespace vhost
