// From a source of pictures or clips to a dataset that VH_PLUGIN takes:
//
//   struct Dataset : vh::media::SourceDataset<Clips> {
//     using Params = my::Params;
//     Dataset(const vh::Build& build, const Params& params)
//         : SourceDataset(to_options(params, build.cache_dir), vh::media::host_hooks("my/clips")) {}
//   };
#pragma once
#include <concepts>
#include <span>
#include <string>
#include <utility>
#include <vector>
#include <vhost/cpp/plugin.hpp>

#include "source.h"

namespace vh::media {

// Files, each one sample: pixels and a label. Every call but the constructor: any thread, many at once.
template <class S>
concept Source = requires(const S& s, int64_t i, Pass pass, std::span<const Output> outputs) {
  { s.length() } -> std::convertible_to<int64_t>;
  { s.classes() } -> std::convertible_to<int64_t>;
  // Of one output: {views, height, width, 3} for pictures, {views, frames, height, width, 3} for clips.
  { s.shape(pass) } -> std::convertible_to<std::vector<int64_t>>;
  { s.item(i).path } -> std::convertible_to<std::string>;
  { s.item(i).label } -> std::convertible_to<int64_t>;  // -1: none
  { s.fingerprint() } -> std::convertible_to<std::string>;
  s.read(i, pass, outputs);  // all outputs from one decode; throws SampleError
};

// Optional: what a class is called, "" if it has no name.
template <class S>
concept NamesClasses = requires(const S& s, int64_t label) {
  { s.class_name(label) } -> std::convertible_to<std::string>;
};

// The host's threads, progress, wish to stop and log; notes are warnings of `component` ("kinetics/clips").
Hooks host_hooks(const char* component);

inline Pass to_pass(uint32_t pass) {
  return pass == VH_PASS_TRAIN ? Pass::kTrain : pass == VH_PASS_EVAL ? Pass::kEval : Pass::kPredict;
}

// Fields: "image" (VHWC) or "video" (VTHWC), by the rank of shape(), and "label".
template <Source S>
class SourceDataset {
 public:
  template <class... Args>
  explicit SourceDataset(Args&&... args) : source_(std::forward<Args>(args)...) {}

  std::vector<Spec> fields(uint32_t pass) const {
    std::vector<int64_t> shape = source_.shape(to_pass(pass));
    bool clips = shape.size() == 5;
    return {Spec{.key = clips ? "video" : "image",
                 .semantic = "input",
                 .axes = clips ? "VTHWC" : "VHWC",
                 .dim = shape,
                 .dtype = DType::u8},
            Spec{.key = "label", .semantic = "label", .dtype = DType::i64, .classes = source_.classes()}};
  }

  int64_t length() const { return source_.length(); }

  void read(const Read& read) const {
    const auto& item = item_at(read.index());
    const Pass pass = to_pass(read.pass());
    int64_t bytes = 1;
    for (int64_t n : source_.shape(pass)) bytes *= n;
    std::vector<Output> outputs;
    for (uint32_t k = 0; k < read.n(); ++k) {
      auto pixels = read.field<uint8_t>(k, 0);
      auto label = read.field<int64_t>(k, 1);
      if (static_cast<int64_t>(pixels.size()) != bytes || label.size() != 1)
        throw argument_error("the slot doesn't have the sizes of fields()");
      label[0] = item.label;
      outputs.push_back({read.seed(k), pixels.data()});
    }
    source_.read(read.index(), pass, outputs);
  }

  std::string name(int64_t index) const { return item_at(index).path; }
  std::string class_name(int64_t label) const requires NamesClasses<S> { return source_.class_name(label); }
  std::string fingerprint() const { return source_.fingerprint(); }

 protected:
  const S& source() const { return source_; }

 private:
  const auto& item_at(int64_t index) const {
    if (index < 0 || index >= length()) throw argument_error(str("sample ", index, " of ", length()));
    return source_.item(index);
  }
  S source_;
};

}  // namespace vh::media
