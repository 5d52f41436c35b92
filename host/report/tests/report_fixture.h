// What the tests of the report share: a folder that goes away, captured output, records.
#pragma once
#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <limits>
#include <sstream>

#include "base/files.h"
#include "report/run_log.h"
#include "sample_run.h"

namespace vhost::report {

namespace fs = std::filesystem;

inline constexpr double kNan = std::numeric_limits<double>::quiet_NaN(), kInf = std::numeric_limits<double>::infinity();

struct Folder {
  fs::path path;
  Folder() {
    std::string name = (fs::temp_directory_path() / "vhost-report-XXXXXX").string();
    BOOST_REQUIRE(mkdtemp(name.data()));
    path = name;
  }
  ~Folder() { fs::remove_all(path); }
};

// What is written to stdout while this lives.
class Captured {
 public:
  Captured() : old_(dup(STDOUT_FILENO)), file_(std::tmpfile()) { dup2(fileno(file_), STDOUT_FILENO); }
  ~Captured() { restore(); }
  std::string text() {
    restore();
    std::rewind(file_);
    std::string out;
    for (int c; (c = std::fgetc(file_)) != EOF;) out += static_cast<char>(c);
    return out;
  }

 private:
  void restore() {
    if (old_ < 0) return;
    dup2(old_, STDOUT_FILENO);
    close(old_);
    old_ = -1;
  }
  int old_;
  std::FILE* file_;
};

inline RunLog::Options options_of(const Folder& folder, bool append = false, int64_t resume_step = 0) {
  RunLog::Options options;
  options.work_dir = folder.path;
  options.title = "sample";
  options.append = append;
  options.resume_step = resume_step;
  return options;
}

inline std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

inline StepRecord record_at(int64_t step) {
  StepRecord r;
  r.step = step;
  r.total_steps = 100;
  r.epoch = static_cast<double>(step) / 10;
  r.epochs = 10;
  r.loss = 1.0 / static_cast<double>(step);
  r.lr = 1.5e-4;
  r.scalars = {{"loss.main", r.loss}, {"grad_norm", 0.1 + 0.2}, {"time.forward", 0.25}};
  r.samples_per_second = 12.5;
  r.data_wait = 0.015;
  r.eta_seconds = 754;
  return r;
}

inline EvalRecord eval_at(int64_t step) {
  return {step, static_cast<double>(step) / 10, "eval", {{"loss", 0.5}, {"top1", 81.25}, {"top5", 99.5}}, 400, 3.5};
}

inline bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != text.npos;
}

inline size_t count_of(const std::string& text, const std::string& part) {
  size_t count = 0;
  for (size_t at = 0; (at = text.find(part, at)) != text.npos; at += part.size()) ++count;
  return count;
}

}  // namespace vhost::report
