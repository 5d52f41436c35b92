#include "clips.h"

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <map>
#include <optional>

#include "convert.h"
#include "decoder.h"

namespace kinetics {

// One clip of one output: its frames in order of time, and how they are cut.
struct View {
  uint8_t* video;
  std::vector<int64_t> frames;
  Converter converter;  // to the square; to the whole frame if that is augmented
  std::optional<vh::media::Decisions> augmentation = {};
  // If whole frames are augmented:
  vh::media::Picture whole = {};
  Rect rect = {};
  bool mirror = false;
};

namespace {

// Independent streams of a sample's seed; flip and augmentation have theirs from vhost/media/augment.h.
enum Stream : uint64_t { kSampleStream = 1, kCropStream, kShuffleStream = 4 };

struct Place {
  size_t view, position;
};

struct Extent {
  int64_t width, height;
};

Extent upright(const VideoIndex& index) {
  bool sideways = index.rotation == 90 || index.rotation == 270;
  if (sideways) return {index.codec.height, index.codec.width};
  return {index.codec.width, index.codec.height};
}

FileFacts facts_of(const VideoIndex& index) {
  auto [width, height] = upright(index);
  FileFacts facts{width, height, index.frames(), index.missing, 0, index.frames_per_second};
  double last = index.seconds(index.frames() - 1), rate = index.frames_per_second;
  if (last >= 0) facts.seconds = last + (rate > 0 ? 1 / rate : 0);
  return facts;
}

void shuffle(std::vector<int64_t>& frames, uint64_t seed) {
  vh_random random = vh_random_from(vh_hash2(seed, kShuffleStream));
  vh_random_shuffle(&random, frames.data(), static_cast<int64_t>(frames.size()));
}

}  // namespace

Clips::Clips(ClipsOptions options, const Hooks& hooks) : options_(std::move(options)), augment_(options_.augment) {
  check_crop(options_.crop);
  if (options_.accept_damaged) options_.scan = ScanMode::kDecode;  // so that frames that never come out aren't counted
  read_items();
  for (const auto& item : items_) paths_.push_back(item.path);
  std::error_code ignored;
  if (!options_.class_names.empty() &&
      (options_.files.empty() || std::filesystem::exists(options_.class_names, ignored)))
    class_names_ = vh::media::read_lines(options_.class_names);
  classes_ = vh::media::count_classes(options_.classes, largest_label_, class_names_.size(), options_.list);
  cache_ = std::make_unique<ScanCache>(paths_, options_.cache_dir, options_.scan, hooks);
  report_unreadable(hooks);
}

void Clips::read_items() {
  // With files to predict the list only tells the classes, and may have stayed on another machine.
  std::error_code ignored;
  if (!options_.list.empty() && (options_.files.empty() || std::filesystem::exists(options_.list, ignored))) {
    items_ = read_list(options_.list, options_.root, options_.format);
    if (items_.empty()) throw OptionError("/list", options_.list + " lists no clip");
  } else if (options_.files.empty()) {
    throw OptionError("/list", "is missing: the list file of the clips, or give \"files\"");
  }
  for (const auto& item : items_) largest_label_ = std::max(largest_label_, item.label);
  if (options_.files.empty()) return;
  items_.clear();
  for (const auto& name : options_.files) items_.push_back({name, vh::media::resolve_path(".", name), -1});
}

void Clips::report_unreadable(const Hooks& hooks) const {
  if (!cache_->scanned() && items_.size() > 10000) return;
  int64_t unreadable = 0;
  for (size_t i = 0; i < items_.size(); ++i) {
    std::string error = cache_->index(i).error;
    if (error.empty()) continue;
    if (++unreadable <= 5) hooks.note(items_[i].path + " " + error);
    if (unreadable == length())
      throw OptionError(options_.files.empty() ? "/list" : "/files",
                        "none of the " + std::to_string(unreadable) +
                            " clips can be read; the last: " + items_[i].path + " " + error);
  }
  if (unreadable > 5)
    hooks.note(std::to_string(unreadable) + " of " + std::to_string(length()) + " clips can't be read");
}

int64_t Clips::video_bytes(Pass pass) const {
  return views(pass) * options_.sampling.length * frame_bytes();
}

std::vector<int64_t> Clips::shape(Pass pass) const {
  return {views(pass), options_.sampling.length, options_.crop.size, options_.crop.size, 3};
}

const std::string* Clips::class_name(int64_t label) const {
  return label >= 0 && label < static_cast<int64_t>(class_names_.size()) ? &class_names_[static_cast<size_t>(label)]
                                                                         : nullptr;
}

std::string Clips::fingerprint() const {
  vh::media::Fingerprint fingerprint;
  for (const auto& item : items_) fingerprint.add(item.name, item.label);
  return fingerprint.text();
}

View Clips::train_view(const VideoIndex& index, const Output& output, uint64_t frames_seed) const {
  auto stream = [&](Stream s) { return vh_random_from(vh_hash2(output.seed, s)); };
  vh_random when = vh_random_from(vh_hash2(frames_seed, kSampleStream)), where = stream(kCropStream),
            augmentation = vh::media::augment_stream(output.seed);
  auto [width, height] = upright(index);
  auto size = static_cast<int>(options_.crop.size);
  auto frames = sample_train(options_.sampling, index.frames(), index.frames_per_second, when);
  bool mirror = vh::media::draw_flip(output.seed, options_.flip);
  Rect rect = train_crop(options_.crop, width, height, where);
  View view{output.pixels, std::move(frames), Converter(rect, index.rotation, mirror, size, size)};
  if (augment_.is_nothing()) return view;
  view.augmentation = augment_.draw(augmentation, size, size);
  if (!options_.augment_frames) return view;
  view.converter = Converter({0, 0, width, height}, index.rotation, /*mirror=*/false, static_cast<int>(width),
                             static_cast<int>(height));
  view.whole = {width, height, std::vector<uint8_t>(static_cast<size_t>(width * height * 3))};
  view.rect = rect, view.mirror = mirror;
  return view;
}

View Clips::test_view(const VideoIndex& index, const Output& output, int64_t number) const {
  const Sampling& sampling = options_.sampling;
  auto [width, height] = upright(index);
  auto size = static_cast<int>(options_.crop.size);
  Rect rect = test_crop(options_.crop, width, height, number / sampling.clips, options_.crops);
  return {output.pixels + number * sampling.length * frame_bytes(),
          sample_test(sampling, index.frames(), index.frames_per_second, number % sampling.clips),
          Converter(rect, index.rotation, /*mirror=*/false, size, size)};
}

std::vector<View> Clips::plan(const VideoIndex& index, Pass pass, std::span<const Output> outputs) const {
  std::vector<View> all;
  for (const Output& output : outputs)
    for (int64_t v = 0; v < views(pass); ++v) {
      const uint64_t frames_seed = options_.sample_once ? outputs.front().seed : output.seed;
      all.push_back(pass == Pass::kTrain ? train_view(index, output, frames_seed) : test_view(index, output, v));
      if (options_.shuffle_frames) shuffle(all.back().frames, vh_hash2(output.seed, static_cast<uint64_t>(v)));
    }
  return all;
}

void Clips::write_frame(View& view, const AVFrame& frame, uint8_t* out) const {
  if (view.whole.rgb.empty()) return view.converter.convert(frame, out);
  view.converter.convert(frame, view.whole.rgb.data());
  augment_.change(*view.augmentation, span(view.whole));
  vh::media::Box box{0, 0, static_cast<double>(view.rect.width), static_cast<double>(view.rect.height)};
  resample(vh::media::view(view.whole, view.rect), box, vh::media::Filter::kBilinear, view.mirror, options_.crop.size,
           options_.crop.size, out);
}

void Clips::augment(const View& view) const {
  int64_t size = options_.crop.size;
  for (int64_t t = 0; view.augmentation && t < options_.sampling.length; ++t) {
    vh::media::PictureSpan frame{view.video + t * frame_bytes(), size, size, size * 3};
    if (view.whole.rgb.empty()) augment_.change(*view.augmentation, frame);
    augment_.erase(*view.augmentation, frame, t);
  }
}

FileFacts Clips::read(int64_t number, Pass pass, std::span<const Output> outputs) const {
  const ListItem& clip = item(number);
  VideoIndex index = cache_->index(static_cast<size_t>(number));
  if (!index.error.empty()) throw SampleError(clip.path, index.error);
  std::vector<View> all = plan(index, pass, outputs);
  std::map<int64_t, std::vector<Place>> places;
  for (size_t v = 0; v < all.size(); ++v)
    for (size_t t = 0; t < all[v].frames.size(); ++t) places[all[v].frames[t]].push_back({v, t});
  std::vector<int64_t> wanted;
  for (const auto& entry : places) wanted.push_back(entry.first);

  auto bytes = static_cast<size_t>(frame_bytes());
  try {
    decode_frames(clip.path, index, wanted, options_.accept_damaged, [&](int64_t frame, const AVFrame& picture) {
      const uint8_t* last = nullptr;
      size_t last_view = 0;
      for (Place place : places[frame]) {
        View& view = all[place.view];
        uint8_t* out = view.video + place.position * bytes;
        if (last && last_view == place.view)
          std::memcpy(out, last, bytes);
        else
          write_frame(view, picture, out);
        last = out, last_view = place.view;
      }
    });
  } catch (const DecodeError& error) {
    throw SampleError(clip.path, error.what());
  }
  for (const View& view : all) augment(view);
  return facts_of(index);
}

}  // namespace kinetics
