// The dataset without the SDK around it: list, scan, sampling, decoding, crops.
#pragma once
#include <vhost/media/augment.h>
#include <vhost/media/crop.h>
#include <vhost/media/labels.h>
#include <vhost/media/list_file.h>
#include <vhost/media/source.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "sampling.h"
#include "scan_cache.h"

struct AVFrame;

namespace kinetics {

using vh::media::CropKind;
using vh::media::CropRule;
using vh::media::FileFacts;
using vh::media::ListError;
using vh::media::ListFormat;
using vh::media::ListItem;
using vh::media::OptionError;
using vh::media::Output;
using vh::media::Pass;
using vh::media::SampleError;

struct ClipsOptions {
  std::string list, root;
  std::vector<std::string> files;  // if any: these instead of the list's, which then only tells the number of classes
  ListFormat format;
  int64_t classes = 0;
  std::string class_names;
  Sampling sampling;
  CropRule crop;
  double flip = 0;
  vh::media::AugmentOptions augment;
  bool augment_frames = false;  // before the crop
  int64_t crops = 1;
  bool sample_once = false;  // all outputs of one read show the frames that the first one's seed draws
  bool shuffle_frames = false, accept_damaged = false;
  ScanMode scan = ScanMode::kPackets;
  std::string cache_dir;
};

struct View;

class Clips {
 public:
  // Throws OptionError, ListError, Cancelled.
  Clips(ClipsOptions options, const Hooks& hooks);

  int64_t length() const { return static_cast<int64_t>(items_.size()); }
  int64_t classes() const { return classes_; }
  // View v of the test passes: crop v / clips, clip v % clips.
  int64_t views(Pass pass) const { return pass == Pass::kTrain ? 1 : options_.crops * options_.sampling.clips; }
  std::vector<int64_t> shape(Pass pass) const;
  int64_t video_bytes(Pass pass) const;
  const ClipsOptions& options() const { return options_; }
  const ListItem& item(int64_t index) const { return items_[static_cast<size_t>(index)]; }
  const std::string* class_name(int64_t label) const;  // null if there is none
  std::string fingerprint() const;                     // "n=400 hash=..": of names and labels
  int64_t scanned() const { return cache_->scanned(); }

  // [any thread] Writes each output from one decode of the file; everything random comes from its seed. Throws
  // SampleError.
  FileFacts read(int64_t index, Pass pass, std::span<const Output> outputs) const;

 private:
  void read_items();
  void report_unreadable(const Hooks& hooks) const;
  View train_view(const VideoIndex& index, const Output& output, uint64_t frames_seed) const;
  View test_view(const VideoIndex& index, const Output& output, int64_t number) const;
  std::vector<View> plan(const VideoIndex& index, Pass pass, std::span<const Output> outputs) const;
  int64_t frame_bytes() const { return options_.crop.size * options_.crop.size * 3; }
  void write_frame(View& view, const AVFrame& frame, uint8_t* out) const;
  void augment(const View& view) const;

  ClipsOptions options_;
  vh::media::Augment augment_;
  std::vector<ListItem> items_;
  std::vector<std::string> paths_, class_names_;
  int64_t largest_label_ = -1, classes_ = 0;
  std::unique_ptr<ScanCache> cache_;
};

}  // namespace kinetics
