// What the names and labels of a set's samples amount to.
#pragma once
#include <cstdint>
#include <string>

namespace vh::media {

// `wanted`, a parameter; 0: as many as the labels or the names ask for. Throws OptionError of "/classes" if `from` (a
// list or folder) has a label that is too large.
int64_t count_classes(int64_t wanted, int64_t largest_label, size_t names, const std::string& from);

// Which samples with which labels, in their order.
class Fingerprint {
 public:
  void add(const std::string& name, int64_t label);
  std::string text() const;  // "n=400 hash=.."

 private:
  int64_t n_ = 0;
  uint64_t hash_ = 0;
};

}  // namespace vh::media
