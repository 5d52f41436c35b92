// The dataset `clips` as a vhost part.
#include <vhost/media/augment_params.h>
#include <vhost/media/crop_params.h>
#include <vhost/media/dataset.h>

#include "clips.h"

namespace kinetics {
namespace {

struct Params {
  std::string list, root, separator, columns, class_names, sampling, damaged, scan;
  std::vector<std::string> files;
  int64_t classes, frames, stride, clips, crops;
  double target_fps, flip;
  bool shuffle_frames, sample_once, augment_frames;
  vh::media::CropParams crop;
  vh::media::AugmentParams augment;

  template <class V>
  void describe(V& v) {
    v("list", list, "",
      "list file, one clip a line: a path, then a label (an integer) after the last separator; without a label: -1");
    v("root", root, "", "folder of the list's relative paths; \"\": the list's own");
    v("files", files, {},
      "paths to read instead of the list's (predict), relative to the current folder; labels are -1, and a list only "
      "tells the number of classes");
    v("separator", separator, "auto", vh::choices("auto", "space", "comma", "tab"),
      "between path and label; auto: whichever comes before an integer at the line's end");
    v("columns", columns, "path label", vh::choices("path label", "path frames label"),
      "columns of the list; the count of frames is ignored");
    v("classes", classes, 0, vh::range(0, 1000000),
      "number of classes; 0: 1 + the largest label, or the lines of class_names if more");
    v("class_names", class_names, "", "text file with the name of class 0, 1, .. a line; \"\": none");
    v("frames", frames, 16, vh::range(1, 1024), "frames of a clip");
    v("stride", stride, 4, vh::range(1, 1024),
      "frames of the video between two of a clip (uniform, videomae_ssv2: not used)");
    v("sampling", sampling, "mmaction",
      vh::choices("mmaction", "uniform", "videomae", "videomae_finetune", "videomae_ssv2", "slowfast"),
      "which frames: the rule of that code base; see the README");
    v("target_fps", target_fps, 30.0, vh::range(1, 1000), "slowfast: frame rate that stride counts in");
    describe_crop(v, crop);
    v("flip", flip, 0.5, vh::range(0, 1), "probability of mirroring a clip in training");
    describe_augment(v, augment);
    v("augment_frames", augment_frames, false,
      "RandAugment and ColorJitter on whole frames, before the crop, as in VideoMAE's and MMAction2's recipes; slower");
    v("clips", clips, 1, vh::range(1, 64), "clips in time per video at evaluation");
    v("crops", crops, 1, vh::range(1, 9),
      "crops in space per video at evaluation; 1: centre, else evenly along the long side; view = crop * clips + clip");
    v("sample_once", sample_once, false,
      "repeated augmentation (data.repeats): the repeats of a video show the same frames, each augmented by itself, as "
      "in VideoMAE's scripts and PySlowFast; else each has its own");
    v("shuffle_frames", shuffle_frames, false,
      "put each clip's frames into a random order: an ablation that takes the order of time away");
    v("damaged", damaged, "error", vh::choices("error", "use"),
      "frames that the decoder had to patch up: error: the sample is unreadable; use: take them as ffmpeg does (sets "
      "scan to decode)");
    v("scan", scan, "packets", vh::choices("packets", "decode"),
      "how frames are counted once: by packets (decoding only doubtful files), or by decoding every file");
  }
};

ClipsOptions to_options(const Params& p, const std::string& cache_dir) {
  ClipsOptions o;
  o.list = p.list, o.root = p.root, o.files = p.files;
  o.format = {p.separator, p.columns};
  o.classes = p.classes, o.class_names = p.class_names;
  o.sampling = {*sampling_rule(p.sampling), p.frames, p.stride, p.clips, p.target_fps};
  o.crop = crop_rule(p.crop);
  o.augment = augment_options(p.augment), o.augment_frames = p.augment_frames;
  o.flip = p.flip, o.crops = p.crops, o.shuffle_frames = p.shuffle_frames, o.sample_once = p.sample_once,
  o.accept_damaged = p.damaged == "use";
  o.scan = p.scan == "decode" ? ScanMode::kDecode : ScanMode::kPackets;
  o.cache_dir = cache_dir;
  return o;
}

struct Dataset : vh::media::SourceDataset<Clips> {
  using Params = kinetics::Params;
  Dataset(const vh::Build& build, const Params& params)
      : SourceDataset(to_options(params, build.cache_dir), vh::media::host_hooks("kinetics/clips")) {}
  std::string class_name(int64_t label) const {
    const std::string* name = source().class_name(label);
    return name ? *name : "";
  }
};

}  // namespace
}  // namespace kinetics

VH_PLUGIN(vh::dataset<kinetics::Dataset>("clips", "Clips of video files, decoded by FFmpeg"));
