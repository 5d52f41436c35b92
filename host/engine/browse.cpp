#include "engine/browse.h"

#include <algorithm>
#include <charconv>
#include <map>

#include "engine/batch.h"
#include "engine/experiment.h"
#include "engine/sample_sheet.h"

namespace vhost {

namespace {

RunLog::Options to_stderr() {
  RunLog::Options options;
  options.to_stderr = true;
  return options;
}

class Browser {
 public:
  explicit Browser(const BrowseRequest& request) : request_(request), log_(to_stderr()) {
    run_.manifest = request.manifest;
    run_.resolution = request.resolution;
    x_ = std::make_unique<Experiment>(run_, log_);
    x_->build.device = at::kCPU;
    const uint32_t pass = request.dataset == "/data/train" ? VH_PASS_TRAIN : VH_PASS_EVAL;
    source_ = x_->open(request.dataset, pass);
    if (request.manifest->has("/model/backbone")) x_->open_mask(source_.layout);
  }

  void run() {
    if (request_.fingerprint) *request_.fingerprint = source_.dataset->fingerprint();
    const std::vector<int64_t> indices = chosen();
    for (int64_t epoch = 0; epoch < request_.augmentations; ++epoch) {
      size_t place = 0;
      read(indices, epoch, [&](vh_map& all, const Batch& batch, int64_t row) {
        if (epoch == 0) request_.out->push_back(sample(all, batch, row));
        draw(all, batch, row, (*request_.out)[place++]);
      });
    }
  }

 private:
  const InputLayout& layout() const { return source_.layout; }

  std::vector<int64_t> chosen() {
    const int64_t length = source_.dataset->length();
    for (const int64_t index : request_.indices)
      if (index < 0 || index >= length)
        throw Error("--index " + std::to_string(index) + ": the dataset at " + request_.dataset + " has " +
                    std::to_string(length) + " samples, from 0 on");
    if (!request_.indices.empty()) return request_.indices;
    if (!request_.class_name.empty()) return of_class(class_label());
    std::vector<int64_t> indices;
    const int64_t count = std::min(request_.count, length);
    for (int64_t i = 0; i < count; ++i) indices.push_back(i * length / count);
    return indices;
  }

  int64_t class_label() const {
    std::vector<std::string> names;
    for (int64_t label = 0; label < layout().classes; ++label) {
      names.push_back(source_.dataset->class_name(label));
      if (names.back() == request_.class_name) return label;
    }
    int64_t number = -1;
    const char *begin = request_.class_name.data(), *end = begin + request_.class_name.size();
    const auto parsed = std::from_chars(begin, end, number);
    if (parsed.ec == std::errc() && parsed.ptr == end && number >= 0 && number < layout().classes) return number;
    throw Error("--class " + request_.class_name + ": the dataset at " + request_.dataset + " has no such class" +
                did_you_mean(request_.class_name, names) + "; it has " + std::to_string(layout().classes) +
                ", by number from 0 on");
  }

  // Labels are told by reading only: samples all over the dataset, until there are enough.
  std::vector<int64_t> of_class(int64_t label) {
    std::vector<int64_t> order(static_cast<size_t>(source_.dataset->length())), found;
    for (size_t i = 0; i < order.size(); ++i) order[i] = static_cast<int64_t>(i);
    vh_random random = vh_random_from(vh_hash2(x_->runtime.seed, vh_hash_text("browse")));
    vh_random_shuffle(&random, order.data(), static_cast<int64_t>(order.size()));
    constexpr size_t kAtOnce = 64;
    for (size_t begin = 0; begin < order.size() && static_cast<int64_t>(found.size()) < request_.count;
         begin += kAtOnce) {
      const std::vector<int64_t> some(order.begin() + static_cast<ptrdiff_t>(begin),
                                      order.begin() + static_cast<ptrdiff_t>(std::min(begin + kAtOnce, order.size())));
      read(some, 0, [&](vh_map& all, const Batch& batch, int64_t row) {
        if (batch.weight[static_cast<size_t>(row)] > 0 && label_of(all, row) == label)
          found.push_back(batch.index[static_cast<size_t>(row)]);
      });
    }
    if (found.empty())
      throw Error("--class " + request_.class_name + ": the dataset at " + request_.dataset + " has no sample of it");
    std::ranges::sort(found);
    found.resize(std::min(found.size(), static_cast<size_t>(request_.count)));
    return found;
  }

  template <class Fn>
  void read(const std::vector<int64_t>& indices, int64_t epoch, Fn fn) {
    LoaderOptions options;
    options.only = indices;
    options.batch = std::min<int64_t>(8, static_cast<int64_t>(indices.size()));
    options.workers = std::max<int64_t>(1, std::thread::hardware_concurrency());
    options.seed = x_->runtime.seed;
    options.bad_limit = 1;
    const int64_t per_epoch = (static_cast<int64_t>(indices.size()) + options.batch - 1) / options.batch;
    options.first_batch = epoch * per_epoch;
    options.end_batch = (epoch + 1) * per_epoch;
    Loader loader(*source_.dataset, layout(), x_->mask.get(), options,
                  [&](const std::string& text) { bad_.push_back(text); });
    int64_t done = 0;
    while (Batch* batch = loader.next()) {
      if (cancel_requested) throw Error("stopped").exit_code(130);
      vh_map all = batch_tensors(*batch, layout(), x_->mask_layout, x_->build, source_.batch_augment());
      for (int64_t row = 0; row < batch->rows; ++row) fn(all, *batch, row);
      done += batch->rows;
      if (request_.progress)
        request_.progress("reading " + request_.dataset, done, static_cast<int64_t>(indices.size()));
      loader.release(batch);
    }
  }

  int64_t label_of(const vh_map& all, int64_t row) const {
    const at::Tensor* label = all.find("batch.label");
    return label && label->dim() == 1 ? (*label)[row * layout().views].item<int64_t>() : -1;
  }

  std::string reason_of(const std::string& name) const {
    for (const std::string& text : bad_)
      if (const size_t at = text.find(name + ": "); at != std::string::npos) return text.substr(at + name.size() + 2);
    return "could not be read";
  }

  BrowsedSample sample(const vh_map& all, const Batch& batch, int64_t row) const {
    BrowsedSample out;
    out.index = batch.index[static_cast<size_t>(row)];
    out.name = source_.dataset->name(out.index);
    if (batch.weight[static_cast<size_t>(row)] <= 0) {
      out.error = reason_of(out.name);
      return out;
    }
    out.label = label_of(all, row);
    if (out.label >= 0) out.class_name = source_.dataset->class_name(out.label);
    return out;
  }

  void draw(const vh_map& all, const Batch&, int64_t row, BrowsedSample& out) const {
    if (!out.error.empty()) return;
    SampleView view;
    view.clip = (*all.find("raw"))[row * layout().views].to(at::kFloat) / 255.0;
    if (x_->mask) {
      const int64_t* grid = x_->mask_layout.grid;
      view.mask = (*all.find("mask.bool"))[row * layout().views].view({grid[0], grid[1], grid[2]});
      out.masked = std::to_string(view.mask.sum().item<int64_t>()) + " of " + std::to_string(view.mask.numel()) +
                   " cells are masked";
    }
    out.pngs.push_back(png_bytes(sample_sheet({view}, "")));
  }

  const BrowseRequest& request_;
  RunRequest run_;
  RunLog log_;
  std::unique_ptr<Experiment> x_;
  DataSource source_;
  std::vector<std::string> bad_;
};

}  // namespace

void browse(const BrowseRequest& request) {
  at::NoGradGuard no_grad;
  Browser(request).run();
}

}  // namespace vhost
