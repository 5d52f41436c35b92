#include "engine/data_tools.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <mutex>
#include <thread>

#include "assembly/file_fields.h"
#include "base/clock.h"
#include "engine/experiment.h"
#include "record/record.h"

namespace vhost {
namespace fs = std::filesystem;

namespace {

constexpr const char* kFilePrefix = "file.";

bool is_fact(const InputLayout& layout, size_t f) {
  const Spec& spec = layout.fields[f].spec;
  return is_of_file(layout.fields[f]) && spec.c.dtype == VH_F64 && spec.c.rank == 0 &&
         spec.key.starts_with(kFilePrefix);
}

// Memory of one sample.
class SampleBuffer {
 public:
  explicit SampleBuffer(const InputLayout& layout)
      : layout_(layout),
        label_(layout.label),
        buffers_(field_buffers(layout, 1, "a sample")),
        row_(buffers_, layout, 0) {}

  vh_slot slot() {
    row_.clear();
    return row_.slot();
  }
  int64_t label() const {
    int64_t label = -1;
    if (label_ >= 0) std::memcpy(&label, buffers_[static_cast<size_t>(label_)].get(), sizeof label);
    return label;
  }
  std::vector<double> file() const {
    std::vector<double> values;
    for (size_t f = 0; f < layout_.fields.size(); ++f)
      if (is_fact(layout_, f)) std::memcpy(&values.emplace_back(), buffers_[f].get(), sizeof(double));
    return values;
  }

 private:
  const InputLayout& layout_;
  int label_;
  FieldBuffers buffers_;
  RowView row_;
};

SampleFacts read_sample(const Dataset& dataset, int64_t index, SampleBuffer& buffer) {
  SampleFacts facts;
  facts.name = dataset.name(index);
  std::error_code unknown;
  if (const uintmax_t bytes = fs::file_size(facts.name, unknown); !unknown) facts.bytes = static_cast<int64_t>(bytes);
  const uint64_t seed = 0;
  vh_slot slot = buffer.slot();
  if (const std::optional<std::string> bad = dataset.read(index, {&seed, 1}, {&slot, 1})) facts.error = *bad;
  if (facts.error.empty()) facts.label = buffer.label(), facts.file = buffer.file();
  if (facts.error.starts_with(facts.name + ": ")) facts.error.erase(0, facts.name.size() + 2);
  return facts;
}

// Reads all samples on some threads, each taking the next one that is left.
class Sweep {
 public:
  Sweep(const DataRequest& request, const DataSource& source)
      : request_(request), source_(source), what_("reading " + source.dataset->pointer()) {
    facts_.resize(static_cast<size_t>(source.dataset->length()));
  }

  std::vector<SampleFacts> run() {
    const auto most = static_cast<unsigned>(std::min<size_t>(facts_.size(), 1024));
    const unsigned wanted =
        request_.threads > 0 ? static_cast<unsigned>(request_.threads) : std::thread::hardware_concurrency();
    std::vector<std::thread> threads;
    for (unsigned i = 0; i < std::clamp(wanted, 1u, most); ++i) threads.emplace_back([this] { work(); });
    for (std::thread& thread : threads) thread.join();
    if (failure_) std::rethrow_exception(failure_);
    if (cancel_requested) throw Error("stopped after " + std::to_string(done_) + " samples").exit_code(130);
    return std::move(facts_);
  }

 private:
  void work() {
    WorkerScope worker;
    try {
      SampleBuffer buffer(source_.layout);
      for (int64_t i = take(); i >= 0; i = take()) {
        facts_[static_cast<size_t>(i)] = read_sample(*source_.dataset, i, buffer);
        finished();
      }
    } catch (...) {
      const std::lock_guard lock(mutex_);
      if (!failure_) failure_ = std::current_exception();
    }
  }
  int64_t take() {
    const std::lock_guard lock(mutex_);
    if (failure_ || cancel_requested || next_ == static_cast<int64_t>(facts_.size())) return -1;
    return next_++;
  }
  void finished() {
    const std::lock_guard lock(mutex_);
    ++done_;
    if (request_.progress) request_.progress(what_, done_, static_cast<int64_t>(facts_.size()));
  }

  const DataRequest& request_;
  const DataSource& source_;
  std::string what_;
  std::vector<SampleFacts> facts_;
  std::mutex mutex_;
  std::exception_ptr failure_;
  int64_t next_ = 0, done_ = 0;
};

std::string shape_of(const InputLayout& layout) {
  std::string text = layout.video ? std::to_string(layout.frames) + " x " : "";
  text += std::to_string(layout.height) + " x " + std::to_string(layout.width);
  return layout.views > 1 ? text + ", " + std::to_string(layout.views) + " views" : text;
}

}  // namespace

DatasetFacts dataset_facts(const DataRequest& request, const std::string& pointer) {
  RunLog::Options quiet;
  quiet.to_stderr = true;
  RunLog log(quiet);
  RunRequest run;
  run.manifest = request.manifest;
  run.resolution = request.resolution;
  Experiment x(run, log);
  const DataSource source = x.open(pointer, VH_PASS_EVAL);
  DatasetFacts facts;
  facts.pointer = pointer;
  facts.use = request.manifest->string(pointer + "/use");
  facts.fingerprint = source.dataset->fingerprint();
  facts.files = files_of(*request.manifest, pointer);
  facts.length = source.dataset->length();
  facts.skipped = source.dataset->skipped();
  facts.classes = source.layout.classes;
  facts.sample = shape_of(source.layout);
  for (int64_t label = 0; label < facts.classes; ++label)
    facts.class_names.push_back(source.dataset->class_name(label));
  for (size_t f = 0; f < source.layout.fields.size(); ++f)
    if (is_fact(source.layout, f))
      facts.file_keys.push_back(source.layout.fields[f].name.substr(std::string(kFilePrefix).size()));
  if (!request.read) return facts;
  const auto start = std::chrono::steady_clock::now();
  facts.samples = Sweep(request, source).run();
  facts.seconds = seconds_since(start);
  return facts;
}

}  // namespace vhost
