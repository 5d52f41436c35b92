// Squares of one grey each, cropped, resized and augmented as photographs would be.
#include <vhost/media/augment_params.h>
#include <vhost/media/crop_params.h>
#include <vhost/media/dataset.h>
#include <vhost/media/labels.h>

namespace {

using namespace vh::media;

class Greys {
 public:
  struct Item {
    std::string path;
    int64_t label;
  };
  Greys(const CropRule& crop, AugmentOptions augment, const Hooks& hooks) : crop_(crop), augment_(std::move(augment)) {
    check_crop(crop_);
    for (int64_t i = 0; i < 8; ++i) {
      items_.push_back({vh::str("grey", i), i});
      fingerprint_.add(items_.back().path, i);
      hooks.progress("painting", i + 1, 8);
    }
  }
  int64_t length() const { return 8; }
  int64_t classes() const { return count_classes(0, 7, 0, "greys"); }
  std::vector<int64_t> shape(Pass) const { return {1, crop_.size, crop_.size, 3}; }
  const Item& item(int64_t i) const { return items_[static_cast<size_t>(i)]; }
  std::string fingerprint() const { return fingerprint_.text(); }
  void read(int64_t i, Pass pass, std::span<const Output> outputs) const {
    Picture grey{64, 48, std::vector<uint8_t>(64 * 48 * 3, static_cast<uint8_t>(32 * i))};
    for (const Output& output : outputs) {
      vh_random random = vh_random_from(output.seed);
      Rect rect = pass == Pass::kTrain ? train_crop(crop_, 64, 48, random) : test_crop(crop_, 64, 48, 0, 1);
      Box box{0, 0, static_cast<double>(rect.width), static_cast<double>(rect.height)};
      resample(view(grey, rect), box, Filter::kBilinear, /*mirror=*/false, crop_.size, crop_.size, output.pixels);
      if (pass == Pass::kTrain && !augment_.is_nothing())
        augment_.apply(augment_.draw(random, crop_.size, crop_.size),
                       {output.pixels, crop_.size, crop_.size, crop_.size * 3});
    }
  }

 private:
  CropRule crop_;
  Augment augment_;
  std::vector<Item> items_;
  Fingerprint fingerprint_;
};

struct Dataset : SourceDataset<Greys> {
  struct Params {
    CropParams crop;
    AugmentParams augment;
    template <class V>
    void describe(V& v) {
      describe_crop(v, crop);
      describe_augment(v, augment);
    }
  };
  Dataset(const vh::Build&, const Params& params)
      : SourceDataset(crop_rule(params.crop), augment_options(params.augment), host_hooks("media_author/greys")) {}
};

}  // namespace

VH_PLUGIN(vh::dataset<Dataset>("greys", "Grey squares"));
