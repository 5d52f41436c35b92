// The datasets `folder` and `list` as vhost parts.
#include <vhost/media/augment_params.h>
#include <vhost/media/crop_params.h>
#include <vhost/media/dataset.h>

#include "images.h"

namespace imagenet {
namespace {

struct Params {
  std::string root, list, separator, class_names, index, fallback, interpolation, damaged;
  std::vector<std::string> files;
  int64_t classes, crops, max_pixels;
  double flip;
  bool scaled_decoding;
  vh::media::CropParams crop;
  vh::media::AugmentParams augment;

  template <class V>
  void describe_common(V& v) {
    v("files", files, {},
      "paths to read instead (predict), relative to the current folder; labels are -1, and what else is given only "
      "tells "
      "the classes");
    v("classes", classes, 0, vh::range(0, 1000000),
      "number of classes; 0: 1 + the largest label, or those of class_names if more");
    v("class_names", class_names, "",
      "file of the classes' names: a name, a synset, or both a line, or JSON; see the README; \"\": none");
    describe_crop(v, crop);
    v("fallback", fallback, "aspect", vh::choices("aspect", "square"),
      "random_resized: when ten tries don't fit: the largest centre part within `aspect` (torchvision), or the centre "
      "square (MMAction2)");
    v("flip", flip, 0.5, vh::range(0, 1), "probability of mirroring in training");
    v("interpolation", interpolation, "bicubic", vh::choices("bilinear", "bicubic"),
      "filter of every resize, widened where it shrinks, as Pillow's");
    v("crops", crops, 1, vh::range(1, 9),
      "views per image at evaluation; 1: centre, else squares evenly along the long side");
    v("scaled_decoding", scaled_decoding, true,
      "decode JPEGs at 1/2, 1/4 or 1/8 where what is cut out still has twice `size` pixels a side then: faster, pixels "
      "differ slightly");
    v("damaged", damaged, "error", vh::choices("error", "use"),
      "truncated and damaged files: error: the sample is unreadable; use: take what the decoder made of it");
    v("max_pixels", max_pixels, 178956970, vh::range(1, 4294967296),
      "larger pictures are refused before memory is taken for them");
    describe_augment(v, augment);
  }
};

struct FolderParams : Params {
  template <class V>
  void describe(V& v) {
    v("root", root, "", "folder of the class folders, each with its images anywhere below it");
    v("index", index, "folders", vh::choices("folders", "class_names"),
      "class of a folder: its place among the sorted folders, or that of its synset in class_names");
    describe_common(v);
  }
};

struct ListParams : Params {
  template <class V>
  void describe(V& v) {
    v("list", list, "",
      "list file, one image a line: a path, then a label (an integer) after the last separator; without a label: -1");
    v("root", root, "", "folder of the list's relative paths; \"\": the list's own");
    v("separator", separator, "auto", vh::choices("auto", "space", "comma", "tab"),
      "between path and label; auto: whichever comes before an integer at the line's end");
    describe_common(v);
  }
};

ImagesOptions to_options(const Params& p) {
  ImagesOptions o;
  o.root = p.root, o.files = p.files;
  o.classes = p.classes, o.class_names = p.class_names;
  o.crop = crop_rule(p.crop);
  o.crop.fallback = p.fallback == "aspect" ? vh::media::CropFallback::kAspect : vh::media::CropFallback::kSquare;
  o.augment = augment_options(p.augment);
  o.crops = p.crops, o.flip = p.flip;
  o.filter = p.interpolation == "bicubic" ? Filter::kBicubic : Filter::kBilinear;
  o.scaled_decoding = p.scaled_decoding;
  o.limits = {p.max_pixels, p.damaged == "use"};
  return o;
}
ImagesOptions options_of(const FolderParams& p) {
  ImagesOptions o = to_options(p);
  o.class_folders = true, o.index_by_names = p.index == "class_names";
  return o;
}
ImagesOptions options_of(const ListParams& p) {
  ImagesOptions o = to_options(p);
  o.list = p.list, o.separator = p.separator;
  return o;
}

template <class P>
struct Dataset : vh::media::SourceDataset<Images> {
  using Params = P;
  Dataset(const vh::Build&, const P& params) : SourceDataset(options_of(params), vh::media::host_hooks("imagenet")) {}
};

}  // namespace
}  // namespace imagenet

VH_PLUGIN(vh::dataset<imagenet::Dataset<imagenet::FolderParams>>("folder", "Images in class folders"),
          vh::dataset<imagenet::Dataset<imagenet::ListParams>>("list", "Images of a list file"));
