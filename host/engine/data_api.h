// The door for `vhost data ...`: what datasets hold, found out through their plugins.
#pragma once
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "manifest/manifest.h"
#include "plugins/resolve_manifest.h"

namespace vhost {

struct SampleFacts {
  std::string name, error;         // "" = it can be read
  int64_t label = -1, bytes = -1;  // -1 = none, or not known; bytes of the file of that name
  std::vector<double> file;        // of DatasetFacts::file_keys; empty = it can't be read
};

struct DatasetFacts {
  std::string pointer, use, fingerprint;     // "/data/train", "kinetics/clips"
  std::map<std::string, std::string> files;  // sha256 by pointer, of the parameters that name files
  int64_t length = 0, skipped = 0, classes = 0;
  std::string sample;                    // shape of what the model gets of one: "8 x 224 x 224, 2 views"
  std::vector<std::string> class_names;  // [classes]; "" = it has none
  // What the dataset tells of its files: "width", "height", "frames", "missing", "seconds", "frame_rate"; 0 = not
  // known.
  std::vector<std::string> file_keys;
  std::vector<SampleFacts> samples;  // in the dataset's order; empty if they weren't read
  double seconds = 0;                // that reading took
};

struct DataRequest {
  const Manifest* manifest = nullptr;  // validated
  const Resolution* resolution = nullptr;
  std::vector<std::string> datasets;  // pointers
  bool read = false;                  // every sample once, as evaluation reads it
  int threads = 0;                    // 0 = all cores
  // Called by one thread at a time.
  std::function<void(const std::string& what, int64_t done, int64_t total)> progress;
  std::vector<DatasetFacts>* out = nullptr;
};

struct BrowsedSample {
  int64_t index = 0, label = -1;
  std::string name, class_name, error;  // error "" = it was read
  std::string masked;                   // "147 of 196 cells are masked"; "" = no mask
  std::vector<std::string> pngs;        // one per augmentation: a row of frames, the masked ones below
};

struct BrowseRequest {
  const Manifest* manifest = nullptr;
  const Resolution* resolution = nullptr;
  std::string dataset;           // pointer; /data/train is augmented as in the first epochs of training
  std::vector<int64_t> indices;  // empty = `count`, all over the dataset
  int64_t count = 24;
  std::string class_name;     // only samples of this class, by name or number; "" = all
  int64_t augmentations = 1;  // epochs of each sample
  std::function<void(const std::string& what, int64_t done, int64_t total)> progress;
  std::vector<BrowsedSample>* out = nullptr;
  std::string* fingerprint = nullptr;
};

}  // namespace vhost

// Returns the exit code: 0 done, 1 error (already printed), 130 or 143 stopped by a signal.
extern "C" int vhost_engine_data(const vhost::DataRequest* request);
extern "C" int vhost_engine_browse(const vhost::BrowseRequest* request);
