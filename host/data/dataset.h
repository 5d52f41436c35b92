// The dataset and mask plugins as the loader uses them. No slot here needs LibTorch.
#pragma once
#include <filesystem>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "assembly/part.h"

namespace vhost {

// A file of samples' names, one a line: what follows a tab, and lines that begin with '#', are for people. Names match
// as paths, relative ones from the current folder. Throws Error naming the file.
class SkipList {
 public:
  explicit SkipList(const std::filesystem::path& file);
  bool holds(const std::string& name) const;
  size_t size() const { return names_.size(); }

 private:
  std::string path_of(const std::string& name) const;
  std::filesystem::path folder_;
  std::set<std::string> names_;
};

// A manifest's dataset: the plugin's, without the samples that its "skip" names. Indices count those that are left.
class Dataset {
 public:
  // files: replaces the dataset's list (predict, extract), and nothing is skipped.
  Dataset(const Manifest& manifest, PartConfig config, uint32_t pass, const BuildOptions& options,
          const std::vector<std::string>& files = {});

  vh_specs fields() const;
  int64_t length() const { return skipped_ > 0 ? static_cast<int64_t>(kept_.size()) : length_; }
  int64_t skipped() const { return skipped_; }
  uint32_t pass() const { return pass_; }
  // [worker] One augmentation per seed into the slot of the same place. nullopt = done; else the reason, when this one
  // sample can't be read. Throws Error for everything else.
  std::optional<std::string> read(int64_t index, std::span<const uint64_t> seeds, std::span<vh_slot> slots) const;
  std::string name(int64_t index) const;
  std::string class_name(int64_t label) const;
  std::string fingerprint() const;  // the plugin's, and what is skipped of it
  const std::string& pointer() const { return part_.config().pointer; }

 private:
  const vh_dataset_1& table() const { return *static_cast<const vh_dataset_1*>(part_.table()); }
  void skip(const std::filesystem::path& file);
  int64_t place(int64_t index) const { return skipped_ > 0 ? kept_.at(static_cast<size_t>(index)) : index; }
  std::string name_at(int64_t place) const;

  Part part_;
  uint32_t pass_;
  int64_t length_ = 0, skipped_ = 0;  // of the plugin; left out of it
  std::vector<int64_t> kept_;         // the plugin's indices, where any is skipped
  uint64_t skipped_hash_ = 0;
};

// vh.mask/1 on one grid.
class Mask {
 public:
  Mask(const Manifest& manifest, PartConfig config, const BuildOptions& options);
  void set_grid(const int64_t grid[3]);  // throws if the counts are impossible
  int64_t cells() const { return grid_[0] * grid_[1] * grid_[2]; }
  const int64_t* grid() const { return grid_; }
  int64_t min_masked() const { return min_; }
  int64_t max_masked() const { return max_; }
  void draw(uint64_t seed, uint8_t* mask) const;  // [worker]; throws Error if the plugin breaks its promise

 private:
  const vh_mask_1& table() const { return *static_cast<const vh_mask_1*>(part_.table()); }
  Part part_;
  int64_t grid_[3] = {0, 0, 0}, min_ = 0, max_ = 0;
};

}  // namespace vhost
