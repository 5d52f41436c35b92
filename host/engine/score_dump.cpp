#include "engine/score_dump.h"

#include <charconv>
#include <cmath>

#include "base/files.h"
#include "checkpoint/npy.h"
#include "engine/output_file.h"

namespace vhost {

namespace fs = std::filesystem;

namespace {

std::string quoted(const std::string& text) {
  return canonical_json(json::value(valid_utf8(text)));
}

void append_score(std::string& out, float score) {
  if (!std::isfinite(score)) {
    out += "null";
    return;
  }
  char buffer[32];
  out.append(buffer, std::to_chars(buffer, buffer + sizeof buffer, score).ptr);
}

}  // namespace

ScoreDump::ScoreDump(fs::path path) : path_(std::move(path)) {
  if (path_.extension() != ".json" && path_.extension() != ".npz")
    throw Error("eval.dump: " + path_.string() + ": scores are written as .json or .npz");
  check_output_file(path_);
}

void ScoreDump::add(const std::string& name, Scored&& sample) {
  names_.push_back(name);
  samples_.push_back(std::move(sample));
}

void ScoreDump::write(const std::vector<std::string>& class_names, const std::string& combine) const {
  path_.extension() == ".npz" ? write_npz_file(class_names, combine) : write_json_file(class_names, combine);
}

void ScoreDump::write_npz_file(const std::vector<std::string>& class_names, const std::string& combine) const {
  const auto rows = static_cast<int64_t>(samples_.size());
  const int64_t classes = rows ? static_cast<int64_t>(samples_[0].scores.size()) : 0;
  at::Tensor labels = at::empty({rows}, at::kLong), scores = at::empty({rows, classes}, at::kFloat);
  for (int64_t i = 0; i < rows; ++i) {
    const Scored& sample = samples_[static_cast<size_t>(i)];
    labels.data_ptr<int64_t>()[i] = sample.label;
    std::copy(sample.scores.begin(), sample.scores.end(), scores.data_ptr<float>() + i * classes);
  }
  write_npz(path_, {{"names", npy_array(names_)},
                    {"labels", npy_array(labels)},
                    {"scores", npy_array(scores)},
                    {"class_names", npy_array(class_names)},
                    {"combine", npy_array(std::vector<std::string>{combine})}});
}

void ScoreDump::write_json_file(const std::vector<std::string>& class_names, const std::string& combine) const {
  json::array classes;
  for (const std::string& name : class_names) classes.push_back(json::value(valid_utf8(name)));
  std::string out =
      "{\"combine\": " + quoted(combine) + ",\n\"class_names\": " + canonical_json(classes) + ",\n\"samples\": [";
  for (size_t i = 0; i < samples_.size(); ++i) {
    out += (i ? ",\n" : "\n");
    out += "{\"name\": " + quoted(names_[i]) + ", \"label\": " + std::to_string(samples_[i].label) + ", \"scores\": [";
    for (size_t k = 0; k < samples_[i].scores.size(); ++k) {
      if (k) out += ", ";
      append_score(out, samples_[i].scores[k]);
    }
    out += "]}";
  }
  write_file_atomically(path_, out + "\n]}\n");
}

}  // namespace vhost
