#include "engine/predict.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "base/files.h"
#include "engine/batch.h"
#include "engine/evaluate.h"
#include "engine/guard.h"
#include "engine/init_weights.h"
#include "engine/optimizer.h"
#include "engine/output_file.h"
#include "engine/record.h"
#include "record/weights.h"
#include "report/predictions.h"

namespace vhost {

namespace fs = std::filesystem;

namespace {
constexpr size_t kMostTiles = 240;  // of a picture
}

LoadedCheckpoint load_for_inference(Experiment& x) {
  const std::string path = x.request.checkpoint.empty() ? x.request.work_dir : x.request.checkpoint;
  if (x.request.checkpoint.empty() && !fs::is_directory(fs::path(path) / "checkpoints"))
    throw Error("no weights: give --checkpoint FILE, a checkpoint folder or a run's work-dir (" + path +
                " holds none)" + (x.request.show.on ? "; --fresh shows untrained weights" : ""));
  LoadedCheckpoint loaded = load_weights_from(path);
  x.weights["--checkpoint"] = {loaded.folder.string(), weights_sha256(loaded.folder)};
  for (auto& [name, value] : loaded.ema) loaded.model[name] = value;
  return loaded;
}

void use_classes_of(const LoadedCheckpoint& loaded, DataSource& source) {
  if (const json::value* classes = loaded.state.if_contains("classes");
      classes && classes->is_int64() && classes->get_int64() > 0) {
    source.layout.classes = classes->get_int64();
    if (source.layout.label >= 0) source.layout.fields[source.layout.label].spec.c.classes = source.layout.classes;
  }
}

namespace {

const char* input_pointer(const Manifest& manifest) {
  return manifest.has("/data/predict") ? "/data/predict" : "/data/eval";
}

bool names_its_classes(const Manifest& manifest, const std::string& pointer) {
  const json::value* file = manifest.find(pointer + "/class_names");
  return file && file->is_string() && !file->get_string().empty();
}

// A file of names for another number of classes would give every answer a wrong name.
void check_named_classes(const Manifest& manifest, const LoadedCheckpoint& loaded, const DataSource& source) {
  const std::string& pointer = source.dataset->pointer();
  const json::value* classes = loaded.state.if_contains("classes");
  if (!names_its_classes(manifest, pointer) || !classes || !classes->is_int64() || classes->get_int64() <= 0 ||
      classes->get_int64() == source.layout.classes)
    return;
  throw manifest.error(pointer + "/class_names", "gives " + std::to_string(source.layout.classes) +
                                                     " classes, and the checkpoint has " +
                                                     std::to_string(classes->get_int64()));
}

}  // namespace

std::vector<std::string> class_labels(const Manifest& manifest, const LoadedCheckpoint& loaded,
                                      const DataSource& source) {
  const json::value* trained = loaded.state.if_contains("class_names");
  const auto of_checkpoint = [&](int64_t label) {
    if (!trained || !trained->is_array() || label >= static_cast<int64_t>(trained->get_array().size()))
      return std::string();
    const json::value& name = trained->get_array()[static_cast<size_t>(label)];
    return name.is_string() ? std::string(name.get_string()) : std::string();
  };
  const bool own_first = names_its_classes(manifest, source.dataset->pointer());
  std::vector<std::string> labels;
  for (int64_t label = 0; label < source.layout.classes; ++label) {
    std::string first = of_checkpoint(label), second = source.dataset->class_name(label);
    if (own_first) std::swap(first, second);
    labels.push_back(!first.empty() ? first : !second.empty() ? second : "class " + std::to_string(label));
  }
  return labels;
}

std::string file_of(const RunRequest& request, const Dataset& dataset, int64_t index) {
  const bool as_asked = static_cast<int64_t>(request.files.size()) == dataset.length();
  return as_asked ? request.files[static_cast<size_t>(index)] : dataset.name(index);
}

DataSource open_for_inference(Experiment& x, LoadedCheckpoint& loaded) {
  loaded = load_for_inference(x);
  DataSource source = x.open(input_pointer(x.manifest), VH_PASS_PREDICT, x.request.files);
  check_named_classes(x.manifest, loaded, source);
  use_classes_of(loaded, source);
  x.build_model(source.layout, /*with_losses=*/false);
  load_trained(x, loaded);
  write_record(x, 0);
  return source;
}

namespace {

// What the model saw of a sample: the frame in the middle of the view in the middle.
Picture middle_frame(const vh_map& all, const InputLayout& layout, int64_t sample) {
  const at::Tensor raw = *all.find("raw");  // R x T x H x W x C
  const at::Tensor frame = raw[sample * layout.views + layout.views / 2][layout.frames / 2];
  const at::Tensor rgb = frame.slice(2, 0, 3).expand({layout.height, layout.width, 3}).to(at::kCPU).contiguous();
  Picture picture(static_cast<int>(layout.width), static_cast<int>(layout.height));
  std::copy_n(rgb.data_ptr<uint8_t>(), picture.rgb.size(), picture.rgb.begin());
  return picture;
}

std::vector<Answer> best_of(const at::Tensor& scores, const at::Tensor& ranked, int64_t count,
                            const std::vector<std::string>& names) {
  std::vector<Answer> best;
  for (int64_t k = 0; k < std::min(count, scores.size(0)); ++k) {
    const int64_t label = ranked[k].item<int64_t>();
    const double score = scores[label].item<double>();
    if (!std::isfinite(score)) break;
    best.push_back({label,
                    label < static_cast<int64_t>(names.size()) ? names[static_cast<size_t>(label)]
                                                               : "class " + std::to_string(label),
                    score});
  }
  return best;
}

std::vector<Prediction> predictions_of(Experiment& x, const DataSource& source, const std::vector<std::string>& names) {
  const std::string logits = x.model->logits_key();
  const Combine combine = evaluation_options(x.manifest).combine;
  std::vector<Prediction> predictions;
  each_batch(x, source, /*heads=*/true, [&](vh_map& all, const Batch& batch) {
    const at::Tensor scores = combined_scores(*all.find(logits), source.layout.views, combine);
    const at::Tensor ranked = ranked_classes(scores);
    for (int64_t row = 0; row < batch.rows; ++row) {
      Prediction& p = predictions.emplace_back();
      const std::string name = source.dataset->name(batch.index[row]);
      p.file = file_of(x.request, *source.dataset, batch.index[row]);
      if (batch.weight[row] <= 0) {
        const std::string& fault = batch.fault[row];
        p.error = fault.starts_with(name + ": ") ? fault.substr(name.size() + 2) : fault;
        continue;
      }
      p.best = best_of(scores[row], ranked[row], x.request.top_k, names);
      const bool drawn = !x.request.picture.empty() && predictions.size() <= kMostTiles;
      if (drawn) p.frame = middle_frame(all, source.layout, row);
    }
  });
  return predictions;
}

void check_predicts(const Experiment& x) {
  if (x.model->logits_key().empty())
    throw x.manifest.error("/model/heads", "no head gives logits, so there is nothing to predict");
}

void check_outputs(const RunRequest& request) {
  const fs::path output = request.output, picture = request.picture;
  if (!output.empty() && output.extension() != ".json" && output.extension() != ".csv")
    throw Error("--output " + output.string() + ": predictions are written as .json or .csv");
  if (!picture.empty() && picture.extension() != ".png")
    throw Error("--picture " + picture.string() + ": pictures are written as PNG: name a .png file");
  for (const fs::path& file : {output, picture})
    if (!file.empty()) check_output_file(file);
}

void write_picture(const Experiment& x, std::vector<Prediction> predictions, const std::string& checkpoint) {
  const size_t all = predictions.size();
  std::string title = x.manifest.string("/name") + ", " + checkpoint;
  if (all > kMostTiles) {
    predictions.resize(kMostTiles);
    title += ": the first " + std::to_string(kMostTiles) + " of " + std::to_string(all);
    x.log.message(
        VH_LOG_WARN, "predict",
        x.request.picture + " shows the first " + std::to_string(kMostTiles) + " of " + std::to_string(all) + " files");
  }
  write_png(x.request.picture, predictions_picture(predictions, title));
}

void print(const RunRequest& request, const std::vector<Prediction>& predictions) {
  const std::string text = request.csv    ? predictions_csv(predictions)
                           : request.json ? pretty_json(predictions_json(predictions)) + "\n"
                                          : predictions_table(predictions);
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

}  // namespace

int run_predict(Experiment& x) {
  check_outputs(x.request);  // before the work
  if (x.manifest.has("/target"))
    throw x.manifest.error("/target",
                           "what pre-training predicts are no classes: vhost show draws it, and vhost extract "
                           "gives the backbone's features");
  LoadedCheckpoint loaded;
  const DataSource source = open_for_inference(x, loaded);
  check_predicts(x);
  const std::vector<Prediction> predictions = predictions_of(x, source, class_labels(x.manifest, loaded, source));
  print(x.request, predictions);
  if (const fs::path output = x.request.output; !output.empty())
    write_file_atomically(output, output.extension() == ".csv" ? predictions_csv(predictions)
                                                               : pretty_json(predictions_json(predictions)) + "\n");
  if (!x.request.picture.empty()) write_picture(x, predictions, loaded.folder.filename().string());
  const auto unreadable = std::ranges::count_if(predictions, [](const Prediction& p) { return !p.error.empty(); });
  if (unreadable == 0) return 0;
  std::fprintf(stderr, "error: %lld of %zu files could not be read; the others were predicted\n",
               static_cast<long long>(unreadable), predictions.size());
  return 1;
}

namespace {

DataSource dry_training(Experiment& x) {
  check_init(x.manifest);
  DataSource source = x.open("/data/train", VH_PASS_TRAIN, x.request.files);
  std::optional<InputLayout> evaluated;
  if (x.manifest.has("/data/eval")) evaluated = x.open("/data/eval", VH_PASS_EVAL).layout;
  if (evaluated) check_same_input(x.manifest, source.layout, *evaluated);
  x.open_mask(source.layout);
  x.model = x.check_on_meta(source.layout, /*training=*/true);
  if (evaluated) check_watched(x.manifest, *x.model, *evaluated);
  if (x.manifest.has("/init/from") && !checkpoint_to_resume(x)) load_init(x, source);  // what can't fit is refused
  return source;
}

// As the run itself, with the weights' names and shapes alone; without weights only where nobody has asked for some.
DataSource dry_inference(Experiment& x, const std::string& task) {
  const bool test = task == "test";
  LoadedCheckpoint loaded;
  const bool trained = !x.request.checkpoint.empty() || fs::is_directory(fs::path(x.request.work_dir) / "checkpoints");
  if (trained) loaded = load_for_inference(x);
  DataSource source =
      x.open(test ? "/data/eval" : input_pointer(x.manifest), test ? VH_PASS_EVAL : VH_PASS_PREDICT, x.request.files);
  if (!test) check_named_classes(x.manifest, loaded, source);
  use_classes_of(loaded, source);
  if (test) x.open_mask(source.layout);
  x.model = x.check_on_meta(source.layout, /*training=*/false);
  if (trained) load_trained(x, loaded);
  if (task == "predict") check_predicts(x);
  return source;
}

}  // namespace

int run_dry(Experiment& x) {
  const std::string task = x.manifest.string("/task");
  const bool training = task == "pretrain" || task == "train";
  const DataSource source = training ? dry_training(x) : dry_inference(x, task);
  std::vector<SummaryRow> rows;
  if (training) {
    const int64_t accumulate = x.manifest.integer("/data/accumulate");
    const int64_t batches = train_batches_per_epoch(x.manifest, source.dataset->length());
    const Schedule schedule = make_schedule(x.manifest, (batches + accumulate - 1) / accumulate);
    rows = summary_rows(x, source, &schedule, x.trainable * (x.manifest.string("/optimizer/type") == "adamw" ? 8 : 4));
  } else {
    rows = summary_rows(x, source, nullptr, 0);
    const auto weights = x.weights.find("--checkpoint");
    rows.push_back(
        {"weights", weights == x.weights.end() ? "none yet: a run needs --checkpoint" : weights->second.path});
  }
  const std::vector<SummaryRow> lock = lock_rows(x.request);
  rows.insert(rows.end(), lock.begin(), lock.end());
  for (const SummaryRow& row : rows) std::printf("%-18s %s\n", row.key.c_str(), row.value.c_str());
  return 0;
}

}  // namespace vhost
