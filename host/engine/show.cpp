#include "engine/show.h"

#include <algorithm>
#include <cstdio>
#include <limits>
#include <set>

#include "base/files.h"
#include "engine/batch.h"
#include "engine/evaluate.h"
#include "engine/guard.h"
#include "engine/init_weights.h"
#include "engine/predict.h"

namespace vhost {

namespace fs = std::filesystem;

namespace {

constexpr size_t kLongestName = 26;

const Spec* find_tokens(const vh_specs& specs, const std::string& key) {
  const Spec* spec = specs.find(key);
  return spec && spec->axes == "BNC" ? spec : nullptr;
}

// One row's tokens on the whole grid, f32 [N,F], NaN where there are none.
at::Tensor on_grid(const at::Tensor& tokens, const Spec& spec, const vh_map& all, int64_t row, int64_t cells) {
  at::Tensor own = tokens[row].to(at::kCPU, at::kFloat).slice(0, spec.c.prefix_tokens);
  if (spec.c.coverage != VH_MASKED) return own.contiguous();
  const at::Tensor* index = all.find("mask.masked_index");
  if (!index) throw Error("\"" + spec.key + "\" covers masked tokens, and their number varies: they can't be placed");
  at::Tensor grid = at::full({cells, own.size(1)}, std::numeric_limits<float>::quiet_NaN());
  grid.index_copy_(0, (*index)[row].to(at::kCPU), own);
  return grid;
}

// What the first loss on tokens compares, if there is one.
void add_target(const Experiment& x, const InputLayout& layout, const vh_map& all, int64_t row, SampleView& view) {
  for (const auto& [pred_key, target_key] : x.model->compared()) {
    const Spec *target = find_tokens(x.model->target_specs(), target_key),
               *pred = find_tokens(x.model->prediction_specs(), pred_key);
    if (!target || !pred || target->c.dim[2] != pred->c.dim[2]) continue;
    const Drawable drawable = drawable_of(*target, layout);
    view.target = on_grid(*all.find(target_key), *target, all, row, drawable.tokens());
    view.prediction = on_grid(*all.find(pred_key), *pred, all, row, drawable.tokens());
    view.drawable = drawable;
    if (!drawable.note.empty()) x.log.message(VH_LOG_WARN, "show", target_key + ": " + drawable.note);
    return;
  }
}

std::string short_name(const std::string& name) {
  const std::string file = fs::path(name).filename().string();
  return file.size() <= kLongestName ? file : ".." + file.substr(file.size() - kLongestName + 2);
}

std::string class_label(const json::array& names, int64_t label) {
  if (label >= 0 && label < static_cast<int64_t>(names.size()))
    if (const auto* name = names[static_cast<size_t>(label)].if_string(); name && !name->empty())
      return std::string(*name);
  return "class " + std::to_string(label);
}

void add_captions(const Experiment& x, const DataSource& source, const vh_map& all, const Batch& batch, int64_t sample,
                  const json::array& names, SampleView& view) {
  const InputLayout& layout = source.layout;
  view.captions.push_back(short_name(source.dataset->name(batch.index[sample])));
  if (layout.views > 1) view.captions.push_back("view 1 of " + std::to_string(layout.views));
  if (batch.weight[sample] <= 0) view.captions.push_back("could not be read");
  const at::Tensor* label = all.find("batch.label");
  if (label && label->dim() == 1)
    if (const int64_t value = (*label)[sample * layout.views].item<int64_t>(); value >= 0)
      view.captions.push_back("label: " + class_label(names, value));
  const std::string logits = x.model->logits_key();
  if (logits.empty()) return;
  const at::Tensor scores = combined_scores(*all.find(logits), layout.views, evaluation_options(x.manifest).combine);
  const at::Tensor ranked = ranked_classes(scores);
  for (int64_t k = 0; k < std::min<int64_t>(x.request.top_k, scores.size(1)); ++k) {
    char percent[16];
    const int64_t label = ranked[sample][k].item<int64_t>();
    std::snprintf(percent, sizeof percent, "%5.1f %% ", 100 * scores[sample][label].item<double>());
    view.captions.push_back(percent + class_label(names, label));
  }
}

SampleView view_of(Experiment& x, const DataSource& source, const vh_map& all, const Batch& batch, int64_t sample,
                   const json::array& names) {
  const InputLayout& layout = source.layout;
  const int64_t row = sample * layout.views;
  SampleView view;
  view.clip = (*all.find("raw"))[row].to(at::kCPU).to(at::kFloat) / 255.0;
  if (x.mask) {
    const int64_t* grid = x.mask_layout.grid;
    view.mask = (*all.find("mask.bool"))[row].to(at::kCPU).view({grid[0], grid[1], grid[2]});
  }
  add_captions(x, source, all, batch, sample, names, view);
  add_target(x, layout, all, row, view);
  return view;
}

struct Source {
  DataSource data;
  std::string pointer;
};

// With files: data.predict or what stands in for it. Else data.eval, or data.train where there is none.
Source open_source(Experiment& x) {
  const RunRequest::Show& show = x.request.show;
  const Manifest& m = x.manifest;
  std::string pointer = show.train ? "/data/train" : "/data/eval";
  if (!show.train && (!x.request.files.empty() || !m.has(pointer)) && m.has("/data/predict")) pointer = "/data/predict";
  if (!m.has(pointer)) pointer = "/data/train";
  if (!m.has(pointer) || (show.train && pointer != "/data/train"))
    throw m.error("/data", "names no dataset to show samples of");
  const uint32_t pass = show.train ? VH_PASS_TRAIN : x.request.files.empty() ? VH_PASS_EVAL : VH_PASS_PREDICT;
  return {x.open(pointer, pass, x.request.files), pointer};
}

std::vector<int64_t> indices_of(const RunRequest& request, const Source& source) {
  const int64_t length = source.data.dataset->length();
  std::vector<int64_t> indices = request.show.indices;
  std::set<int64_t> seen;
  std::erase_if(indices, [&](int64_t index) { return !seen.insert(index).second; });
  if (indices.empty())
    for (int64_t i = 0; i < (request.files.empty() ? 1 : length); ++i) indices.push_back(i);
  for (int64_t index : indices)
    if (index < 0 || index >= length)
      throw Error("--index " + std::to_string(index) + ": the dataset at " + source.pointer + " has " +
                  std::to_string(length) + " samples, from 0 on");
  return indices;
}

// One file for all samples, or a folder with a file each; "" = show.png in the work-dir.
bool is_file(const fs::path& output) {
  std::error_code ignored;
  if (output.extension() == ".png") return true;
  if (output.has_extension() && !fs::is_directory(output, ignored))
    throw Error("--output " + output.string() + ": pictures are written as PNG: name a .png file, or a folder");
  return false;
}

void write_sheets(const fs::path& output, const std::vector<SampleView>& views, const std::vector<int64_t>& indices,
                  const std::string& title) {
  if (is_file(output)) {
    if (output.has_parent_path()) make_directories(output.parent_path());
    write_png(output, sample_sheet(views, title));
    std::printf("%s\n", output.c_str());
    return;
  }
  make_directories(output);
  for (size_t i = 0; i < views.size(); ++i) {
    const fs::path file = output / ("sample-" + std::to_string(indices[i]) + ".png");
    write_png(file, sample_sheet({views[i]}, title));
    std::printf("%s\n", file.c_str());
  }
}

json::array names_of(const LoadedCheckpoint& loaded, const DataSource& source) {
  const json::value* names = loaded.state.if_contains("class_names");
  return names && names->is_array() ? names->get_array() : class_names(*source.dataset, source.layout.classes);
}

}  // namespace

std::vector<SampleView> sample_views(Experiment& x, const DataSource& source, const std::vector<int64_t>& indices,
                                     const json::array& class_names) {
  std::vector<SampleView> views;
  const auto draw = [&](vh_map& all, const Batch& batch) {
    StepInfo info;
    info.mode = VH_EVAL;
    const std::vector<uint64_t> seeds = row_seeds(batch, source.layout);
    info.seeds = seeds.data();
    info.samples = static_cast<int64_t>(seeds.size());
    x.model->targets(all, info);
    for (int64_t sample = 0; sample < batch.rows; ++sample)
      views.push_back(view_of(x, source, all, batch, sample, class_names));
  };
  each_batch(x, source, /*heads=*/true, draw, indices);
  return views;
}

void write_run_picture(Experiment& x, const DataSource& source, int64_t step) {
  const fs::path file = fs::path(x.request.work_dir) / "pictures" / "prediction.png";
  try {
    make_directories(file.parent_path());
    const json::array names = class_names(*source.dataset, source.layout.classes);
    write_png(file, sample_sheet(sample_views(x, source, {0}, names),
                                 x.manifest.string("/name") + ", step " + std::to_string(step)));
    x.log.picture("Input, masked input, target and prediction", file);
  } catch (const std::exception& error) {
    if (!cancel_requested) x.log.message(VH_LOG_WARN, "show", std::string("no picture: ") + error.what());
  }
}

int run_show(Experiment& x) {
  const RunRequest& request = x.request;
  const fs::path output = request.output.empty() ? fs::path(request.work_dir) / "show.png" : fs::path(request.output);
  is_file(output);  // before the work
  LoadedCheckpoint loaded;
  if (!request.show.fresh) loaded = load_for_inference(x);
  Source source = open_source(x);
  source.data.layout.mixed = false;
  const std::vector<int64_t> indices = indices_of(request, source);
  use_classes_of(loaded, source.data);
  x.open_mask(source.data.layout);
  x.check_on_meta(source.data.layout, /*training=*/false);
  x.build_model(source.data.layout, /*with_losses=*/x.manifest.has("/losses"));
  std::string weights = "untrained weights";
  if (!request.show.fresh) {
    load_trained(x, loaded);
    weights = loaded.folder.filename().string();
  }
  const std::vector<SampleView> views = sample_views(x, source.data, indices, names_of(loaded, source.data));
  write_sheets(output, views, indices, x.manifest.string("/name") + ", " + weights);
  return 0;
}

}  // namespace vhost
