// Everything a run writes for people: terminal, log.txt, metrics.jsonl, TensorBoard event files, SVG curves,
// report.html. No LibTorch here.
#pragma once
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/json.h"

namespace vhost {

struct StepRecord {
  int64_t step = 0, total_steps = 0;  // optimiser steps done, from 1
  double epoch = 0;                   // fractional
  int64_t epochs = 0;
  double loss = 0;                        // mean since the last record
  std::map<std::string, double> scalars;  // "loss.main", "part.x", "top1", "grad_norm", plugin scalars
  double lr = 0;
  double samples_per_second = 0;
  double data_wait = 0;  // share of the time, 0..1
  double eta_seconds = 0;
};

struct EvalRecord {
  int64_t step = 0;
  double epoch = 0;                       // NaN: of weights that no run here has trained
  std::string split;                      // "eval", "test"
  std::map<std::string, double> metrics;  // "loss", "top1", "top5", percent for top-k
  int64_t samples = 0;
  double seconds = 0;
};

// One row of the table that --dry-run and the report show.
struct SummaryRow {
  std::string key, value;
};

class RunLog {
 public:
  struct Options {
    std::filesystem::path work_dir;  // empty = terminal only
    bool terminal_progress = true;   // redraw one line if stdout is a terminal, else plain lines
    bool append = false;             // resume: keep what is there, drop records with step > resume_step
    int64_t resume_step = 0;
    std::string title;       // manifest name
    bool to_stderr = false;  // stdout carries results (predict --json): everything here goes to stderr
  };
  explicit RunLog(Options options);
  ~RunLog();

  void message(int level, const std::string& part, const std::string& text);  // [any] thread; VH_LOG_*
  void progress(const std::string& what, int64_t done, int64_t total);        // [any] thread; set-up work
  void step(const StepRecord& record);                                        // written to all outputs
  void tick(const StepRecord& record);                                        // terminal line only, every step
  void eval(const EvalRecord& record);
  bool evaluated(int64_t step) const;  // whether the run that is resumed has one of this step
  void summary(const std::vector<SummaryRow>& rows, const json::value& manifest);   // for the report
  void origin(const std::string& config_sha256, const json::value& lock);           // for the report; see lock.h
  void picture(const std::string& title, const std::filesystem::path& png_or_svg);  // shown in the report
  // "finished", "interrupted at step 40", "failed: ..."; writes SVGs and report.html
  void finish(const std::string& status);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace vhost
