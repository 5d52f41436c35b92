#include "data/dataset.h"

#include <algorithm>

namespace vhost {

namespace {

PartConfig with_files(PartConfig config, const std::vector<std::string>& files) {
  if (!files.empty()) {
    json::array list(files.begin(), files.end());
    config.params.as_object()["files"] = std::move(list);
  }
  return config;
}

}  // namespace

Dataset::Dataset(const Manifest& manifest, PartConfig config, uint32_t pass, const BuildOptions& options,
                 const std::vector<std::string>& files)
    : part_(manifest, with_files(std::move(config), files), VH_DATASET_1), pass_(pass) {
  part_.create(options, "", {}, {});
  vh_error error = new_error();
  part_.check(table().length(part_.self(), &length_, &error), error);
  if (length_ <= 0) throw manifest.error(pointer(), "the dataset holds no samples: " + part_.config().use);
}

vh_specs Dataset::fields() const {
  vh_specs specs;
  SpecCollector sink(specs);
  vh_error error = new_error();
  part_.check(table().fields(part_.self(), pass_, &sink, &error), error);
  return specs;
}

std::optional<std::string> Dataset::read(int64_t index, std::span<const uint64_t> seeds,
                                         std::span<vh_slot> slots) const {
  std::vector<vh_slot*> slot;
  for (vh_slot& one : slots) slot.push_back(&one);
  vh_read read{};
  read.struct_size = sizeof read;
  read.pass = pass_;
  read.index = index;
  read.n = static_cast<uint32_t>(seeds.size());
  read.seed = seeds.data();
  read.slot = slot.data();
  vh_error error = new_error();
  const int32_t status = table().read(part_.self(), &read, &error);
  if (status == VH_OK) return std::nullopt;
  if (status != VH_ERR_DATA) part_.check(status, error);
  std::string reason = error.where[0] ? error.where : name(index);
  return reason + ": " + (error.message[0] ? error.message : "could not be read");
}

std::string Dataset::name(int64_t index) const {
  TextCollector sink;
  vh_error error = new_error();
  part_.check(table().name(part_.self(), index, &sink, &error), error);
  return sink.text;
}

std::string Dataset::class_name(int64_t label) const {
  TextCollector sink;
  vh_error error = new_error();
  part_.check(table().class_name(part_.self(), label, &sink, &error), error);
  return sink.text;
}

std::string Dataset::fingerprint() const {
  TextCollector sink;
  vh_error error = new_error();
  part_.check(table().fingerprint(part_.self(), &sink, &error), error);
  return sink.text;
}

Mask::Mask(const Manifest& manifest, PartConfig config, const BuildOptions& options)
    : part_(manifest, std::move(config), VH_MASK_1) {
  part_.create(options, "", {}, {});
}

void Mask::set_grid(const int64_t grid[3]) {
  std::copy(grid, grid + 3, grid_);
  vh_error error = new_error();
  part_.check(table().counts(part_.self(), grid_, &min_, &max_, &error), error);
  if (min_ < 0 || max_ < min_ || max_ > cells())
    throw part_.manifest().error(part_.config().pointer, part_.config().use + ": states " + std::to_string(min_) +
                                                             " to " + std::to_string(max_) + " masked cells of " +
                                                             std::to_string(cells()));
}

void Mask::draw(uint64_t seed, uint8_t* mask) const {
  vh_error error = new_error();
  part_.check(table().draw(part_.self(), grid_, seed, mask, &error), error);
  const int64_t masked = std::count(mask, mask + cells(), uint8_t{1});
  if (masked < min_ || masked > max_ || masked + std::count(mask, mask + cells(), uint8_t{0}) != cells())
    throw part_.manifest().error(part_.config().pointer, part_.config().use + ": drew " + std::to_string(masked) +
                                                             " masked cells, outside its own " + std::to_string(min_) +
                                                             " to " + std::to_string(max_));
}

}  // namespace vhost
