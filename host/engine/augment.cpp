#include "engine/augment.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <vhost/media/augment_params.h>

#include <algorithm>

#include "engine/batch_ops.h"

namespace vhost {

namespace {

namespace media = vh::media;

const std::string kPlace = "/data/augment";

// Reads what describe_augment() names; keys that are null keep what stands in `to` already.
struct FromManifest {
  const Manifest& manifest;

  template <class T, class Default>
  void operator()(const char* name, T& to, const Default&, const vh::Rule&, const char*) const {
    const std::string pointer = kPlace + "/" + name;
    if (manifest.has(pointer)) to = json::value_to<T>(manifest.at(pointer));
  }
  template <class T>
  void operator()(const char* name, T& to, std::initializer_list<double>, const vh::Rule& rule, const char* doc) const {
    (*this)(name, to, 0, rule, doc);
  }
};

// Whether the part's parameter changes anything: a number or one of a list above 0, a name that isn't "none".
bool acts(const Manifest& manifest, const std::string& pointer) {
  const json::value* value = manifest.find(pointer);
  if (!value) return false;
  if (const json::array* list = value->if_array())
    return std::ranges::any_of(*list, [](const json::value& v) { return v.is_number() && v.to_number<double>() > 0; });
  if (value->is_string()) return value->get_string() != "none";
  return value->is_number() && value->to_number<double>() > 0;
}

void refuse_twice(const Manifest& manifest) {
  for (const std::string key : {"/flip", "/rand_augment", "/color_jitter", "/erase"}) {
    const std::string other = "/data/train" + key;
    if (acts(manifest, kPlace + key) && acts(manifest, other))
      throw manifest.error(kPlace + key, "would be done twice: the dataset does it in its workers, by " + other +
                                             ", which is " + show_json(manifest.at(other)) + "; turn one off, " +
                                             (key == "/rand_augment"   ? "by \"none\""
                                              : key == "/color_jitter" ? "by [0, 0, 0, 0]"
                                                                       : "by 0"));
  }
}

at::Tensor on_cpu(const media::Augment& augment, const at::Tensor& raw, const std::vector<RowAugment>& rows) {
  at::Tensor out = raw.clone();
  const int64_t frames = out.size(1), height = out.size(2), width = out.size(3);
  uint8_t* first = out.data_ptr<uint8_t>();
  at::parallel_for(0, out.size(0) * frames, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const RowAugment& row = rows[static_cast<size_t>(i / frames)];
      const media::PictureSpan frame{first + i * height * width * 3, width, height, width * 3};
      if (row.flip) media::flip_horizontally(frame);
      augment.apply(row.decisions, frame, i % frames);
    }
  });
  return out;
}

}  // namespace

std::vector<RowAugment> BatchAugment::draw(const Batch& batch, const InputLayout& layout) const {
  std::vector<RowAugment> rows;
  for (int64_t sample = 0; sample < batch.rows; ++sample)
    for (int64_t view = 0; view < layout.views; ++view) {
      uint64_t seed = batch.seed[static_cast<size_t>(sample)];
      if (view > 0) seed = vh_hash3(seed, vh_hash_text("view"), static_cast<uint64_t>(view));
      vh_random random = media::augment_stream(seed);
      rows.push_back({media::draw_flip(seed, flip_), augment_.draw(random, layout.width, layout.height)});
    }
  return rows;
}

at::Tensor BatchAugment::apply(const at::Tensor& raw, const std::vector<RowAugment>& rows) const {
  if (raw.is_cpu()) return on_cpu(augment_, raw, rows);
  std::vector<bool> flips;
  std::vector<media::Decisions> decisions;
  for (const RowAugment& row : rows) flips.push_back(row.flip), decisions.push_back(row.decisions);
  const media::AugmentOptions& options = augment_.options();
  at::Tensor out = flip_rows(raw, flips);
  out = change_rows(out, decisions, options.rand_augment.fill);
  return erase_rows(out, decisions, options.erase);
}

std::optional<BatchAugment> batch_augment(const Manifest& manifest, const InputLayout& layout) {
  if (!manifest.has(kPlace)) return std::nullopt;
  if (layout.channels != 3)
    throw manifest.error(kPlace, "is for pixels of red, green and blue; the dataset of /data/train gives " +
                                     std::to_string(layout.channels) + " channels");
  refuse_twice(manifest);
  media::AugmentParams params;
  params.erase_mean = layout.mean, params.erase_std = layout.std;
  FromManifest reader{manifest};
  media::describe_augment(reader, params);
  try {
    return BatchAugment(manifest.number(kPlace + "/flip"), media::augment_options(params));
  } catch (const vh::Error& error) {
    throw manifest.error(kPlace + error.pointer, error.what());
  }
}

}  // namespace vhost
