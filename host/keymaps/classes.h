// Weights of a classifier of other classes: which row of its last layer is which of ours.
#pragma once
#include <ATen/ATen.h>

#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace vhost {

struct ClassRows {
  std::string file;           // that says so, for messages
  std::vector<int64_t> rows;  // of theirs, by our class
  std::optional<size_t> all;  // rows that theirs has, where the file names each of them
  size_t repeated = 0;        // rows that several of our classes take
};

// `file` is a list, one entry a line or as JSON: the row of theirs for each of our classes (VideoMAEv2's
// label_mixto600.json), or else the name of each of their rows, in which our classes' names are looked up (without
// case, '_' as a space). our_names is called for names alone; one that is empty is unknown. Throws Error naming the
// file and the entry.
ClassRows read_class_rows(const std::filesystem::path& file,
                          const std::function<std::vector<std::string>()>& our_names);

// Names of classes, one a line or as a JSON list of texts. Throws Error if there are none.
std::vector<std::string> read_names(const std::filesystem::path& file);

// Of `weights`, by our names, each "heads.NAME. ... .weight" in two dimensions and its bias become the rows for our
// classes. Where the model is known, `model_rows` has the rows of its tensors of these names, and only layers with as
// many rows as there are classes are taken. Returns what was done, a line each. Throws Error if there is no such layer,
// if it has no such rows, and if the model is unknown and there are several.
std::vector<std::string> take_class_rows(std::map<std::string, at::Tensor>& weights, const ClassRows& classes,
                                         const std::string& file,
                                         const std::optional<std::map<std::string, int64_t>>& model_rows);

}  // namespace vhost
