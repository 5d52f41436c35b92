#include "report/run_log.h"

#include <unistd.h>
#include <vhost/log.h>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <mutex>
#include <unordered_map>

#include "base/clock.h"
#include "base/error.h"
#include "base/files.h"
#include "report/append_file.h"
#include "report/curves.h"
#include "report/event_file.h"
#include "report/metrics_file.h"
#include "report/page.h"
#include "report/terminal.h"

namespace vhost {

using namespace report;
using Clock = std::chrono::steady_clock;

namespace {

constexpr auto kRedrawEvery = std::chrono::milliseconds(100);
constexpr auto kProgressLineEvery = std::chrono::seconds(5);
constexpr auto kReportAtEvalEvery = std::chrono::seconds(10);
constexpr auto kReportAtStepEvery = std::chrono::seconds(60);
constexpr int kReportShare = 200;  // at most 1/200 of the time goes into reports, however slow the disk
constexpr size_t kMostWarnings = 100;

const char* level_name(int level) {
  if (level >= VH_LOG_ERROR) return "error";
  return level == VH_LOG_WARN ? "warning" : level == VH_LOG_INFO ? "info" : "debug";
}

std::string without_newline(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  return text;
}

}  // namespace

struct RunLog::Impl {
  explicit Impl(Options given);
  void open_files();
  void resume_metrics();
  void end_torn_line(const std::filesystem::path& path);

  void print(int level, const std::string& line);   // terminal and log.txt
  void record(int level, const std::string& line);  // log.txt only
  void warn_of(AppendFile& file, std::string_view bytes);
  void note_warning(const std::string& text);
  void redraw(bool force);
  void report_if_due(Clock::duration every);
  void write_report(const std::string& status);
  bool known(const EvalRecord& record) const;

  Options options;
  std::mutex mutex;
  Terminal terminal;
  AppendFile log, metrics;
  EventFile events;
  History history;
  std::vector<SummaryRow> summary;
  json::value manifest, lock;
  std::string config_sha256;
  std::vector<std::pair<std::string, std::filesystem::path>> pictures;
  std::vector<PageData::Warning> warnings;
  std::unordered_map<std::string, size_t> warning_at;
  int64_t more_warnings = 0, resumed_evals = 0;

  Clock::time_point started = Clock::now(), drawn{}, reported{};
  Clock::duration report_took{};
  StepRecord latest;
  bool any_latest = false, finished = false;
  struct Progress {
    std::string what;
    int64_t done = 0, total = 0;
    Clock::time_point printed{};
    bool any_printed = false;
  } setup;
};

RunLog::Impl::Impl(Options given)
    : options(std::move(given)),
      terminal(options.to_stderr ? STDERR_FILENO : STDOUT_FILENO, options.terminal_progress) {
  if (!options.work_dir.empty()) open_files();
}

void RunLog::Impl::open_files() {
  const std::filesystem::path& folder = options.work_dir;
  make_directories(folder);
  if (options.append) end_torn_line(folder / "log.txt");
  log = AppendFile(folder / "log.txt", /*truncate=*/!options.append);
  if (options.append) resume_metrics();
  metrics = AppendFile(folder / "metrics.jsonl", /*truncate=*/!options.append);
  events = EventFile(folder / "tensorboard", options.append, options.resume_step);
}

void RunLog::Impl::end_torn_line(const std::filesystem::path& path) {
  std::error_code failed;
  if (std::filesystem::file_size(path, failed) == 0 || failed) return;
  if (read_file(path).back() == '\n') return;
  AppendFile(path, /*truncate=*/false).append("\n");
}

void RunLog::Impl::resume_metrics() {
  const std::filesystem::path path = options.work_dir / "metrics.jsonl";
  if (!std::filesystem::exists(path)) return;
  const std::string text = read_file(path);
  const KeptMetrics kept = keep_metrics(
      text, options.resume_step, [&](const StepRecord& r) { history.add(r); },
      [&](const EvalRecord& r) { history.add(r); });
  resumed_evals = static_cast<int64_t>(history.evals.size());
  if (kept.text.size() != text.size()) write_file_atomically(path, kept.text);
  record(VH_LOG_INFO, "resumed at step " + std::to_string(options.resume_step) +
                          "; metrics.jsonl: " + std::to_string(kept.dropped_later) + " later records dropped");
  if (kept.unreadable > 0) {
    const std::string warning = path.string() + ": " + std::to_string(kept.unreadable) + " unreadable lines dropped";
    note_warning(warning);
    print(VH_LOG_WARN, "warning: " + warning);
  }
}

void RunLog::Impl::print(int level, const std::string& line) {
  terminal.print(level, line);
  record(level, line);
}

void RunLog::Impl::record(int level, const std::string& line) {
  if (!log) return;
  const std::string prefix = level >= VH_LOG_WARN || level == VH_LOG_INFO ? "" : std::string(level_name(level)) + ": ";
  warn_of(log, local_time() + "  " + prefix + line + "\n");
}

void RunLog::Impl::warn_of(AppendFile& file, std::string_view bytes) {
  if (file.append(bytes)) return;
  note_warning(file.failure());
  terminal.print(VH_LOG_WARN, "warning: " + file.failure());
}

void RunLog::Impl::note_warning(const std::string& text) {
  const auto [entry, fresh] = warning_at.try_emplace(text, warnings.size());
  if (!fresh) {
    ++warnings[entry->second].times;
  } else if (warnings.size() < kMostWarnings) {
    warnings.push_back({text, 1});
  } else {
    warning_at.erase(entry);
    ++more_warnings;
  }
}

void RunLog::Impl::redraw(bool force) {
  if (!terminal.live()) return;
  const auto now = Clock::now();
  if (!force && now - drawn < kRedrawEvery) return;
  drawn = now;
  if (!setup.what.empty()) {
    terminal.redraw(live_line(setup.what, setup.done, setup.total, terminal.style()));
  } else if (any_latest) {
    terminal.redraw(live_line(latest, terminal.style()));
  }
}

bool RunLog::Impl::known(const EvalRecord& record) const {
  for (int64_t i = resumed_evals - 1; i >= 0; --i) {
    const EvalRecord& old = history.evals[static_cast<size_t>(i)];
    if (old.step < record.step) return false;
    if (old.step == record.step && old.split == record.split) return true;
  }
  return false;
}

void RunLog::Impl::report_if_due(Clock::duration every) {
  const auto now = Clock::now();
  if (options.work_dir.empty()) return;
  if (reported != Clock::time_point{} && now - reported < std::max(every, kReportShare * report_took)) return;
  write_report("running");
}

void RunLog::Impl::write_report(const std::string& status) {
  const auto start = Clock::now();
  try {
    const std::filesystem::path folder = options.work_dir / "curves";
    make_directories(folder);
    for (const Chart& chart : run_charts(history))
      write_file_atomically(folder / (chart.id + ".svg"), chart_svg(chart));
    PageData page;
    page.title = options.title;
    page.status = status;
    page.written = local_time();
    page.elapsed_seconds = seconds_since(started);
    page.resumed_at = options.append ? options.resume_step : 0;
    page.history = &history;
    page.summary = &summary;
    page.manifest = &manifest;
    page.config_sha256 = config_sha256;
    page.lock = &lock;
    page.warnings = &warnings;
    page.more_warnings = more_warnings;
    page.pictures = &pictures;
    write_file_atomically(options.work_dir / "report.html", report_page(page));
  } catch (const std::exception& error) {
    note_warning(error.what());
    print(VH_LOG_WARN, std::string("warning: the report was not written: ") + error.what());
  }
  reported = Clock::now();
  report_took = reported - start;
}

RunLog::RunLog(Options options) : impl_(std::make_unique<Impl>(std::move(options))) {}

RunLog::~RunLog() {
  if (!impl_->finished && impl_->history.records > 0)
    finish("stopped at step " + std::to_string(impl_->history.last.step));
}

void RunLog::message(int level, const std::string& part, const std::string& text) {
  const std::lock_guard lock(impl_->mutex);
  std::string line = part.empty() ? without_newline(text) : part + ": " + without_newline(text);
  if (level >= VH_LOG_WARN) {
    impl_->note_warning(line);
    line = std::string(level_name(level)) + ": " + line;
  }
  if (level <= VH_LOG_DEBUG) return impl_->record(level, line);
  impl_->print(level, line);
}

void RunLog::progress(const std::string& what, int64_t done, int64_t total) {
  const std::lock_guard lock(impl_->mutex);
  Impl::Progress& setup = impl_->setup;
  const auto now = Clock::now();
  if (setup.what != what) setup = {what, 0, 0, now, false};
  setup.done = done;
  setup.total = total;
  const bool over = total > 0 && done >= total;
  const auto line = [&] { return what + " " + std::to_string(done) + (total > 0 ? "/" + std::to_string(total) : ""); };
  if (!impl_->terminal.live() && (now - setup.printed >= kProgressLineEvery || (over && setup.any_printed))) {
    impl_->print(VH_LOG_INFO, line());
    setup.printed = now;
    setup.any_printed = true;
  }
  if (over) {
    setup = {};
    if (impl_->any_latest)
      impl_->redraw(/*force=*/true);
    else
      impl_->terminal.clear();
    return;
  }
  impl_->redraw(/*force=*/false);
}

void RunLog::step(const StepRecord& record) {
  const std::lock_guard lock(impl_->mutex);
  Impl& impl = *impl_;
  impl.latest = record;
  impl.any_latest = true;
  impl.setup = {};
  impl.history.add(record);
  const std::string line = step_line(record);
  impl.record(VH_LOG_INFO, line);
  if (!impl.terminal.live()) impl.terminal.print(VH_LOG_INFO, line);
  if (impl.metrics) impl.warn_of(impl.metrics, metrics_line(record));
  if (impl.events) {
    std::vector<EventFile::Scalar> scalars{{"train/loss", record.loss}, {"train/lr", record.lr}};
    for (const auto& [name, value] : record.scalars) scalars.push_back({"train/" + name, value});
    scalars.push_back({"perf/samples_per_second", record.samples_per_second});
    scalars.push_back({"perf/data_wait", record.data_wait});
    if (!impl.events.scalars(record.step, scalars)) impl.note_warning(impl.events.failure());
  }
  impl.redraw(/*force=*/false);
  impl.report_if_due(kReportAtStepEvery);
}

void RunLog::tick(const StepRecord& record) {
  Impl& impl = *impl_;
  if (!impl.terminal.live()) return;
  const std::lock_guard lock(impl.mutex);
  if (Clock::now() - impl.drawn < kRedrawEvery) return;
  impl.latest = record;
  impl.any_latest = true;
  impl.setup = {};
  impl.redraw(/*force=*/true);
}

bool RunLog::evaluated(int64_t step) const {
  const std::lock_guard lock(impl_->mutex);
  EvalRecord wanted;
  wanted.step = step;
  wanted.split = "eval";
  return impl_->known(wanted);
}

void RunLog::eval(const EvalRecord& record) {
  const std::lock_guard lock(impl_->mutex);
  Impl& impl = *impl_;
  impl.print(VH_LOG_INFO, eval_line(record));
  if (!impl.known(record)) {
    impl.history.add(record);
    if (impl.metrics) impl.warn_of(impl.metrics, metrics_line(record));
    std::vector<EventFile::Scalar> scalars;
    for (const auto& [name, value] : record.metrics) scalars.push_back({record.split + "/" + name, value});
    if (impl.events && !impl.events.scalars(record.step, scalars)) impl.note_warning(impl.events.failure());
  }
  impl.report_if_due(kReportAtEvalEvery);
}

void RunLog::summary(const std::vector<SummaryRow>& rows, const json::value& manifest) {
  const std::lock_guard lock(impl_->mutex);
  impl_->summary = rows;
  impl_->manifest = manifest;
}

void RunLog::origin(const std::string& config_sha256, const json::value& lock) {
  const std::lock_guard guard(impl_->mutex);
  impl_->config_sha256 = config_sha256;
  impl_->lock = lock;
}

void RunLog::picture(const std::string& title, const std::filesystem::path& png_or_svg) {
  const std::lock_guard lock(impl_->mutex);
  Impl& impl = *impl_;
  const auto same = [&](const auto& entry) { return entry.first == title; };
  const auto old = std::find_if(impl.pictures.begin(), impl.pictures.end(), same);
  if (old != impl.pictures.end())
    old->second = png_or_svg;
  else
    impl.pictures.emplace_back(title, png_or_svg);
  std::error_code missing;
  if (!impl.events || png_or_svg.extension() != ".png" || !std::filesystem::exists(png_or_svg, missing)) return;
  impl.events.png(impl.latest.step, title, read_file(png_or_svg));
}

void RunLog::finish(const std::string& status) {
  const std::lock_guard lock(impl_->mutex);
  Impl& impl = *impl_;
  if (impl.finished) return;
  impl.finished = true;
  impl.terminal.clear();
  if (!impl.options.work_dir.empty()) impl.write_report(status);
  const std::string took = status + " after " + format_duration(seconds_since(impl.started));
  impl.print(VH_LOG_INFO, impl.options.work_dir.empty()
                              ? took
                              : took + "; report: " + (impl.options.work_dir / "report.html").string());
}

}  // namespace vhost
