// How often each class was taken for which: the confusion matrix, and the numbers that follow from it. No LibTorch
// here.
#pragma once
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

namespace vhost {

struct ClassRow {
  int64_t label = 0, samples = 0, predicted = 0, correct = 0;  // predicted: how often it was the answer
  double recall() const;                                       // 0..1; the class's accuracy; 0 without samples
  double precision() const;                                    // 0 if it was never the answer
  double f1() const;
};

// Sparse, so that many classes cost nothing: an entry per pair that occurs.
class ClassCounts {
 public:
  // predicted: -1 = no class, as no score was a number: wrong, and of no class.
  void add(int64_t label, int64_t predicted) { ++entries_[{label, predicted}]; }
  void merge(const ClassCounts& other);  // of another rank

  int64_t samples() const;
  // The classes that are a label or an answer, in order; scikit-learn's union1d(y_true, y_pred).
  std::vector<ClassRow> rows() const;
  const std::map<std::pair<int64_t, int64_t>, int64_t>& entries() const { return entries_; }  // (label, predicted)

  // All in percent, over rows(). A class that is only ever predicted counts as 0 in both means, as with scikit-learn's
  // zero_division=0.
  double mean_class_accuracy() const;
  double f1_macro() const;
  double f1_micro() const;  // with one label a sample this is the accuracy

 private:
  std::map<std::pair<int64_t, int64_t>, int64_t> entries_;
};

}  // namespace vhost
