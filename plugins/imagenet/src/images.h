// The datasets without the SDK around them: which images, crops, decoding, resizing.
#pragma once
#include <vhost/media/augment.h>
#include <vhost/media/crop.h>
#include <vhost/media/labels.h>
#include <vhost/media/list_file.h>
#include <vhost/media/resample.h>
#include <vhost/media/source.h>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "class_folders.h"
#include "classes.h"
#include "decode.h"

namespace imagenet {

using vh::media::CropKind;
using vh::media::CropRule;
using vh::media::FileFacts;
using vh::media::Filter;
using vh::media::Hooks;
using vh::media::OptionError;
using vh::media::Output;
using vh::media::Pass;
using vh::media::SampleError;

struct ImagesOptions {
  // Where the images come from: class folders below `root`, or a list with paths relative to `root`, or `files`, in
  // which case the others only tell the classes and may be missing.
  bool class_folders = false;
  std::string root, list, separator = "auto";
  std::vector<std::string> files;

  int64_t classes = 0;
  std::string class_names;
  bool index_by_names = false;  // class folders: a folder's class is its synset's place in class_names

  CropRule crop;
  int64_t crops = 1;
  double flip = 0;
  vh::media::AugmentOptions augment;
  Filter filter = Filter::kBilinear;
  bool scaled_decoding = true;
  DecodeLimits limits;
};

struct Item {
  std::string path;
  int64_t label = -1;
};

class Images {
 public:
  // Throws OptionError, vh::media::ListError, FolderError, vh::media::Cancelled.
  Images(ImagesOptions options, const Hooks& hooks);

  int64_t length() const { return static_cast<int64_t>(items_.size()); }
  int64_t classes() const { return classes_; }
  int64_t views(Pass pass) const { return pass == Pass::kTrain ? 1 : options_.crops; }
  std::vector<int64_t> shape(Pass pass) const { return {views(pass), options_.crop.size, options_.crop.size, 3}; }
  int64_t image_bytes(Pass pass) const { return views(pass) * options_.crop.size * options_.crop.size * 3; }
  const ImagesOptions& options() const { return options_; }
  const Item& item(int64_t index) const { return items_[static_cast<size_t>(index)]; }
  std::string class_name(int64_t label) const;  // "" if there is none
  std::string fingerprint() const { return fingerprint_.text(); }

  // [any thread] Writes each output from one decode of the file (one for each scale); everything random comes from its
  // seed. Throws SampleError.
  FileFacts read(int64_t index, Pass pass, std::span<const Output> outputs) const;

 private:
  void check_options() const;
  void read_class_folders(const Hooks& hooks);
  void read_list();
  void use_files();
  void number_by_names(ClassFolders& found);
  void name_classes(const std::vector<std::string>& folders);
  void check_some_exist() const;
  void add(const std::string& name, std::string path, int64_t label);
  void augment(const Output& output) const;

  ImagesOptions options_;
  std::vector<Item> items_;
  std::vector<ClassName> class_names_;
  int64_t largest_label_ = -1, classes_ = 0;
  vh::media::Fingerprint fingerprint_;
  vh::media::Augment augment_;
};

}  // namespace imagenet
