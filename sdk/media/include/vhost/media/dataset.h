// From a source of pictures or clips to a dataset that VH_PLUGIN takes:
//
//   struct Dataset : vh::media::SourceDataset<Clips> {
//     using Params = my::Params;
//     Dataset(const vh::Build& build, const Params& params)
//         : SourceDataset(to_options(params, build.cache_dir), vh::media::host_hooks("my/clips")) {}
//   };
#pragma once
#include <array>
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
  s.read(i, pass, outputs);  // all outputs from one decode; throws SampleError; void or FileFacts
};

// Optional: read() returns what the file is, for `vhost data`.
template <class S>
concept TellsOfFiles = requires(const S& s, int64_t i, Pass pass, std::span<const Output> outputs) {
  { s.read(i, pass, outputs) } -> std::same_as<FileFacts>;
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

// Fields of semantic "file", f64 scalars: of clips all, of pictures the first two.
inline constexpr std::array kFileKeys = {"file.width",   "file.height",  "file.frames",
                                         "file.missing", "file.seconds", "file.frame_rate"};
inline std::array<double, kFileKeys.size()> file_values(const FileFacts& f) {
  return {static_cast<double>(f.width),
          static_cast<double>(f.height),
          static_cast<double>(f.frames),
          static_cast<double>(f.missing),
          f.seconds,
          f.frame_rate};
}

// Fields: "image" (VHWC) or "video" (VTHWC), by the rank of shape(), "label", and if TellsOfFiles those of FileFacts.
template <Source S>
class SourceDataset {
 public:
  template <class... Args>
  explicit SourceDataset(Args&&... args) : source_(std::forward<Args>(args)...) {}

  std::vector<Spec> fields(uint32_t pass) const {
    std::vector<int64_t> shape = source_.shape(to_pass(pass));
    bool clips = shape.size() == 5;
    std::vector<Spec> fields = {
        Spec{.key = clips ? "video" : "image",
             .semantic = "input",
             .axes = clips ? "VTHWC" : "VHWC",
             .dim = shape,
             .dtype = DType::u8},
        Spec{.key = "label", .semantic = "label", .dtype = DType::i64, .classes = source_.classes()}};
    for (size_t i = 0; i < file_fields(shape); ++i)
      fields.push_back(Spec{.key = kFileKeys[i], .semantic = "file", .dtype = DType::f64});
    return fields;
  }

  int64_t length() const { return source_.length(); }

  void read(const Read& read) const {
    const auto& item = item_at(read.index());
    const Pass pass = to_pass(read.pass());
    const std::vector<int64_t> shape = source_.shape(pass);
    int64_t bytes = 1;
    for (int64_t n : shape) bytes *= n;
    std::vector<Output> outputs;
    for (uint32_t k = 0; k < read.n(); ++k) {
      auto pixels = read.field<uint8_t>(k, 0);
      auto label = read.field<int64_t>(k, 1);
      if (static_cast<int64_t>(pixels.size()) != bytes || label.size() != 1)
        throw argument_error("the slot doesn't have the sizes of fields()");
      label[0] = item.label;
      outputs.push_back({read.seed(k), pixels.data()});
    }
    if constexpr (TellsOfFiles<S>)
      write_facts(source_.read(read.index(), pass, outputs), read, file_fields(shape));
    else
      source_.read(read.index(), pass, outputs);
  }

  std::string name(int64_t index) const { return item_at(index).path; }
  std::string class_name(int64_t label) const requires NamesClasses<S> { return source_.class_name(label); }
  std::string fingerprint() const { return source_.fingerprint(); }

 protected:
  const S& source() const { return source_; }

 private:
  static size_t file_fields(const std::vector<int64_t>& shape) {
    return !TellsOfFiles<S> ? 0 : shape.size() == 5 ? kFileKeys.size() : 2;
  }
  static void write_facts(const FileFacts& facts, const Read& read, size_t n) {
    const auto values = file_values(facts);
    for (uint32_t k = 0; k < read.n(); ++k)
      for (uint32_t i = 0; i < n; ++i) read.field<double>(k, 2 + i)[0] = values[i];
  }
  const auto& item_at(int64_t index) const {
    if (index < 0 || index >= length()) throw argument_error(str("sample ", index, " of ", length()));
    return source_.item(index);
  }
  S source_;
};

}  // namespace vh::media
