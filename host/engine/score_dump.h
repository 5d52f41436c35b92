// The scores of every sample as a file for other programs: eval.dump.
#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "engine/evaluate.h"

namespace vhost {

// Keeps everything in memory until write(): 4 bytes per sample and class.
class ScoreDump {
 public:
  // .npz: arrays names <U [N], labels i64 [N], scores f32 [N,K], class_names <U [K]. .json: the same by sample. Throws
  // Error for another extension, or a file that can't be written there.
  explicit ScoreDump(std::filesystem::path path);
  void add(const std::string& name, Scored&& sample);
  void write(const std::vector<std::string>& class_names, const std::string& combine) const;
  const std::filesystem::path& path() const { return path_; }

 private:
  void write_npz_file(const std::vector<std::string>& class_names, const std::string& combine) const;
  void write_json_file(const std::vector<std::string>& class_names, const std::string& combine) const;

  std::filesystem::path path_;
  std::vector<std::string> names_;
  std::vector<Scored> samples_;
};

}  // namespace vhost
