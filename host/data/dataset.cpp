#include "data/dataset.h"

#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <sstream>

#include "base/files.h"
#include "vhost/random.h"

namespace vhost {

namespace fs = std::filesystem;

namespace {

PartConfig with_files(PartConfig config, const std::vector<std::string>& files) {
  if (!files.empty()) {
    json::array list(files.begin(), files.end());
    config.params.as_object()["files"] = std::move(list);
  }
  return config;
}

}  // namespace

SkipList::SkipList(const fs::path& file) : folder_(fs::current_path()) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  std::string text = read_file(file);
  if (text.starts_with(kByteOrderMark)) text.erase(0, kByteOrderMark.size());
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    line.resize(std::min(line.find('\t'), line.size()));
    while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.pop_back();
    if (!line.empty() && line[0] != '#') names_.insert(path_of(line));
  }
}

std::string SkipList::path_of(const std::string& name) const {
  return (folder_ / name).lexically_normal().string();
}

bool SkipList::holds(const std::string& name) const {
  return names_.contains(path_of(name));
}

Dataset::Dataset(const Manifest& manifest, PartConfig config, uint32_t pass, const BuildOptions& options,
                 const std::vector<std::string>& files)
    : part_(manifest, with_files(std::move(config), files), VH_DATASET_1), pass_(pass) {
  part_.create(options, "", {}, {});
  vh_error error = new_error();
  part_.check(table().length(part_.self(), &length_, &error), error);
  if (length_ <= 0) throw manifest.error(pointer(), "the dataset holds no samples: " + part_.config().use);
  const json::value* list = manifest.find(pointer() + "/skip");
  if (files.empty() && list && list->is_string() && !list->get_string().empty()) skip(std::string(list->get_string()));
}

void Dataset::skip(const fs::path& file) {
  const Manifest& manifest = part_.manifest();
  try {
    const SkipList list(file);
    for (int64_t i = 0; i < length_; ++i) {
      const std::string name = name_at(i);
      if (list.holds(name))
        ++skipped_, skipped_hash_ = vh_hash2(skipped_hash_, vh_hash_text(name.c_str()));
      else
        kept_.push_back(i);
    }
  } catch (const Error& error) {
    throw manifest.error(pointer() + "/skip", error.message());
  }
  if (kept_.empty())
    throw manifest.error(pointer() + "/skip",
                         file.string() + " names all " + std::to_string(length_) + " samples: none is left");
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
  read.index = place(index);
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
  return name_at(place(index));
}

std::string Dataset::name_at(int64_t place) const {
  TextCollector sink;
  vh_error error = new_error();
  part_.check(table().name(part_.self(), place, &sink, &error), error);
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
  if (skipped_ == 0) return sink.text;
  char text[64];
  std::snprintf(text, sizeof text, " skipped=%" PRId64 " of them, hash=%016" PRIx64, skipped_, skipped_hash_);
  return sink.text + text;
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
