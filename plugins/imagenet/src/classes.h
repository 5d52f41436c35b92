// What classes are called: files of names and synsets.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace imagenet {

struct ClassName {
  std::string synset;  // WordNet id, e.g. n02123045; "" if the file has none
  std::string name;
};

// Class 0, 1, .. of a file, in one of these forms:
//   tench                           a name a line
//   n01440764                       a synset a line (it's the name too)
//   n01440764 tench, Tinca tinca    synset and name a line (LOC_synset_mapping.txt)
//   0<tab>tench                     number and name a line
//   ["tench", ..]                   JSON
//   {"0": ["n01440764", "tench"]}   JSON (Keras' imagenet_class_index.json)
// Throws vh::media::ListError.
std::vector<ClassName> read_class_names(const std::string& file);

}  // namespace imagenet
