// data.augment against what datasets do in their workers: the same decisions and bytes.
#include <ATen/ATen.h>
#include <vhost/media/augment_params.h>

#include <boost/test/unit_test.hpp>
#include <random>

#include "engine/augment.h"
#include "engine/batch_ops.h"

using namespace vhost;
namespace media = vh::media;

namespace {

constexpr int64_t kFrames = 3, kHeight = 30, kWidth = 41, kRows = 12;

struct Mentions {
  std::string text;
  bool operator()(const std::exception& error) const {
    BOOST_TEST_MESSAGE(error.what());
    return std::string(error.what()).find(text) != std::string::npos;
  }
};

InputLayout layout_of(int64_t views = 1) {
  InputLayout layout;
  layout.views = views, layout.frames = kFrames, layout.height = kHeight, layout.width = kWidth;
  layout.mean = {123.675, 116.28, 103.53}, layout.std = {58.395, 57.12, 57.375};
  return layout;
}

// Half noise, half colour wheels, so that hues and flat places occur.
at::Tensor pixels(int64_t rows = kRows) {
  std::mt19937 random(7);
  at::Tensor out = at::empty({rows, kFrames, kHeight, kWidth, 3}, at::kByte);
  uint8_t* p = out.data_ptr<uint8_t>();
  for (int64_t i = 0; i < out.numel(); ++i)
    p[i] = static_cast<uint8_t>(i / (out.numel() / rows / kFrames) % 2 ? i % 3 * 60 + i / 40 % 90 : random() % 256);
  return out;
}

Batch batch_of(int64_t rows, uint64_t first_seed = 100) {
  Batch batch;
  batch.rows = rows;
  for (int64_t i = 0; i < rows; ++i) batch.seed.push_back(vh_hash2(first_seed, static_cast<uint64_t>(i)));
  return batch;
}

// What a worker does, frame by frame.
at::Tensor by_worker(const at::Tensor& raw, const Batch& batch, double flip, const media::AugmentOptions& options) {
  const media::Augment augment(options);
  at::Tensor out = raw.clone();
  for (int64_t row = 0; row < batch.rows; ++row) {
    const uint64_t seed = batch.seed[static_cast<size_t>(row)];
    vh_random random = media::augment_stream(seed);
    const media::Decisions decisions = augment.draw(random, kWidth, kHeight);
    for (int64_t t = 0; t < kFrames; ++t) {
      const media::PictureSpan frame{out[row][t].data_ptr<uint8_t>(), kWidth, kHeight, kWidth * 3};
      if (media::draw_flip(seed, flip)) media::flip_horizontally(frame);
      augment.apply(decisions, frame, t);
    }
  }
  return out;
}

// What a GPU does, on the CPU.
at::Tensor by_operators(const at::Tensor& raw, const std::vector<RowAugment>& rows,
                        const media::AugmentOptions& options) {
  std::vector<bool> flips;
  std::vector<media::Decisions> decisions;
  for (const RowAugment& row : rows) flips.push_back(row.flip), decisions.push_back(row.decisions);
  const at::Tensor changed = change_rows(flip_rows(raw, flips), decisions, options.rand_augment.fill);
  return erase_rows(changed, decisions, options.erase);
}

int64_t differing(const at::Tensor& a, const at::Tensor& b) {
  return a.ne(b).sum().item<int64_t>();
}

void compare(double flip, const media::AugmentOptions& options, uint64_t seed = 100) {
  const at::Tensor raw = pixels(), before = raw.clone();
  const Batch batch = batch_of(kRows, seed);
  const BatchAugment augment(flip, options);
  const std::vector<RowAugment> rows = augment.draw(batch, layout_of());
  const at::Tensor worker = by_worker(raw, batch, flip, options);
  BOOST_TEST(differing(by_operators(raw, rows, options), worker) == 0);
  BOOST_TEST(differing(augment.apply(raw, rows), worker) == 0);
  BOOST_TEST(differing(worker, raw) > 0);
  BOOST_TEST(raw.equal(before), "the batch's memory stays as it was");
}

}  // namespace

BOOST_AUTO_TEST_CASE(flips_are_the_workers) {
  compare(0.5, {});
}

BOOST_AUTO_TEST_CASE(erased_boxes_and_their_noise_are_the_workers) {
  for (const auto mode : {media::EraseMode::kNormal, media::EraseMode::kUniform, media::EraseMode::kConst}) {
    media::AugmentOptions options;
    options.erase = {.probability = 0.7, .count = 3, .mode = mode};
    compare(0, options);
  }
}

BOOST_AUTO_TEST_CASE(every_operation_has_the_workers_bytes) {
  for (const auto set : {media::OpSet::kTimm, media::OpSet::kTimmIncreasing, media::OpSet::kPytorchVideo})
    for (const auto filter : {media::Filter::kNearest, media::Filter::kBilinear, media::Filter::kBicubic}) {
      media::AugmentOptions options;
      options.rand_augment = {.set = set, .n = 6, .probability = 0.9, .filters = {filter}, .fill = {124, 116, 104}};
      compare(0, options, vh_hash2(static_cast<uint64_t>(set), static_cast<uint64_t>(filter)));
    }
  media::AugmentOptions options;
  options.jitter = {0.5, 0.5, 0.5, 0.5};
  for (uint64_t seed = 0; seed < 4; ++seed) compare(0, options, seed);
}

BOOST_AUTO_TEST_CASE(all_kinds_together_act_in_the_workers_order) {
  media::AugmentOptions options;
  options.rand_augment = {.set = media::OpSet::kTimmIncreasing, .n = 4};
  options.jitter = {0.4, 0.4, 0.4, 0.1};
  options.erase = {.probability = 0.5};
  compare(0.5, options);
}

BOOST_AUTO_TEST_CASE(a_row_does_not_depend_on_what_lies_beside_it) {
  media::AugmentOptions options;
  options.rand_augment = {.set = media::OpSet::kTimm, .n = 4, .probability = 1};
  options.erase = {.probability = 0.5};
  const BatchAugment augment(0.5, options);
  const at::Tensor raw = pixels();
  const std::vector<RowAugment> rows = augment.draw(batch_of(kRows), layout_of());
  const at::Tensor together = by_operators(raw, rows, options);
  for (int64_t row = 0; row < kRows; ++row)
    BOOST_TEST(differing(by_operators(raw.narrow(0, row, 1), {rows[static_cast<size_t>(row)]}, options)[0],
                         together[row]) == 0);
}

BOOST_AUTO_TEST_CASE(views_of_a_sample_are_drawn_apart_and_the_first_as_the_sample) {
  media::AugmentOptions options;
  options.jitter = {0.5, 0.5, 0.5, 0};
  const BatchAugment augment(0, options);
  const std::vector<RowAugment> one = augment.draw(batch_of(2), layout_of()),
                                two = augment.draw(batch_of(2), layout_of(2));
  BOOST_REQUIRE(two.size() == 4u);
  for (size_t sample = 0; sample < 2; ++sample) {
    BOOST_TEST(one[sample].decisions.noise_seed == two[2 * sample].decisions.noise_seed);
    BOOST_TEST(one[sample].decisions.noise_seed != two[2 * sample + 1].decisions.noise_seed);
  }
}

namespace {

Manifest experiment(const std::string& augment, const std::string& dataset) {
  Manifest manifest = parse_manifest(
      R"({"vhost": 1, "name": "x", "task": "train", "plugins": {"a": "*"}, "data": {"train": {"use": "a/b"},
    "augment": )" +
          augment + R"(}, "model": {"backbone": {"use": "a/c"}, "heads": {"main": {"use": "a/d"}}},
    "losses": [{"use": "a/e"}], "optimizer": {"lr": 1}, "schedule": {"steps": 1}})",
      "exp.json", {});
  validate_host(manifest);
  const json::value parameters = json::parse(dataset);
  for (const auto& [key, value] : parameters.as_object()) manifest.root.at("data").at("train").as_object()[key] = value;
  return manifest;
}

}  // namespace

BOOST_AUTO_TEST_CASE(what_the_dataset_does_as_well_is_refused) {
  const auto refused = [](const std::string& augment, const std::string& dataset, const std::string& text) {
    BOOST_CHECK_EXCEPTION(batch_augment(experiment(augment, dataset), layout_of()), Error, Mentions{text});
  };
  refused(R"({"flip": 0.5})", R"({"flip": 0.25})",
          "/data/augment/flip: would be done twice: the dataset does it in its workers, by /data/train/flip, which is "
          "0.25; turn one off, by 0");
  refused(R"({"rand_augment": "timm"})", R"({"rand_augment": "pytorchvideo"})", "turn one off, by \"none\"");
  refused(R"({"color_jitter": [0, 0, 0.1, 0]})", R"({"color_jitter": [0.1, 0, 0, 0]})",
          "turn one off, by [0, 0, 0, 0]");
  refused(R"({"erase": 1})", R"({"erase": 0.1})", "/data/augment/erase: would be done twice");
  BOOST_TEST(
      batch_augment(experiment(R"({"flip": 0.5})", R"({"flip": 0, "rand_augment": "timm"})"), layout_of()).has_value());
  BOOST_TEST(batch_augment(experiment(R"({"flip": 0.5})", "{}"), layout_of()).has_value());
}

BOOST_AUTO_TEST_CASE(settings_that_do_not_fit_are_refused_at_their_place) {
  const auto refused = [](const std::string& augment, const std::string& text) {
    BOOST_CHECK_EXCEPTION(batch_augment(experiment(augment, "{}"), layout_of()), Error, Mentions{text});
  };
  refused("{}", "/data/augment: does nothing: give \"flip\"");
  refused(R"({"flip": 2})", "/data/augment/flip: must be at most 1");
  refused(R"({"erase": 0.5, "erase_area": [0.5, 0.1]})",
          "/data/augment/erase_area: the first number is above the second");
  refused(R"({"color_jitter": [0, 0, 0, 0.6]})", "/data/augment/color_jitter/3: a hue's shift can't be above 0.5");
  InputLayout grey = layout_of();
  grey.channels = 1;
  BOOST_CHECK_EXCEPTION(
      batch_augment(experiment(R"({"flip": 1})", "{}"), grey), Error,
      Mentions{"/data/augment: is for pixels of red, green and blue; the dataset of /data/train gives 1"});
}

namespace {

// Collects the datasets' parameters as text: name, default, bounds, names.
struct Parameters {
  std::map<std::string, std::string> said;

  template <class T>
  void operator()(const char* name, T&, const std::type_identity_t<T>& standard, const vh::Rule& rule, const char*) {
    said[name] = text(json::value_from(standard), rule.min, rule.max, json::value_from(rule.names));
  }
  static std::string text(const json::value& standard, double min, double max, const json::value& names) {
    std::string numbers;
    for (const json::value& v : standard.is_array() ? standard.get_array() : json::array{standard})
      numbers += v.is_number() ? std::to_string(v.to_number<double>()) + " " : json::serialize(v);
    return numbers + std::to_string(min) + " " + std::to_string(max) + " " + json::serialize(names);
  }
};

}  // namespace

BOOST_AUTO_TEST_CASE(keys_defaults_and_ranges_are_those_of_the_datasets_parameters) {
  Parameters parameters;
  media::AugmentParams values;
  media::describe_augment(parameters, values);
  const json::object& schema =
      host_schema().at("properties").at("data").at("properties").at("augment").at("properties").as_object();
  BOOST_TEST(schema.size() == parameters.said.size() + 1);  // and "flip"
  for (const auto& [name, said] : parameters.said) {
    BOOST_REQUIRE_MESSAGE(schema.contains(name), name);
    const json::object& key = schema.at(name).as_object();
    if (key.at("default").is_null()) continue;  // erase_mean, erase_std: data.normalize's
    const json::object& limits = key.contains("items") ? key.at("items").as_object() : key;
    const auto bound = [&](const char* which, double none) {
      return limits.contains(which) ? limits.at(which).to_number<double>() : none;
    };
    BOOST_TEST(Parameters::text(key.at("default"), bound("minimum", -INFINITY), bound("maximum", INFINITY),
                                key.contains("enum") ? key.at("enum") : json::array{}) == said,
               name);
  }
}
