// The dataset and mask plugins as the loader uses them. No slot here needs LibTorch.
#pragma once
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "assembly/part.h"

namespace vhost {

class Dataset {
 public:
  // files: replaces the dataset's list (predict, extract).
  Dataset(const Manifest& manifest, PartConfig config, uint32_t pass, const BuildOptions& options,
          const std::vector<std::string>& files = {});

  vh_specs fields() const;
  int64_t length() const { return length_; }
  uint32_t pass() const { return pass_; }
  // [worker] One augmentation per seed into the slot of the same place. nullopt = done; else the reason, when this one
  // sample can't be read. Throws Error for everything else.
  std::optional<std::string> read(int64_t index, std::span<const uint64_t> seeds, std::span<vh_slot> slots) const;
  std::string name(int64_t index) const;
  std::string class_name(int64_t label) const;
  std::string fingerprint() const;
  const std::string& pointer() const { return part_.config().pointer; }

 private:
  const vh_dataset_1& table() const { return *static_cast<const vh_dataset_1*>(part_.table()); }
  Part part_;
  uint32_t pass_;
  int64_t length_ = 0;
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
