// Numbers, durations and lines of text as people read them. Independent of the locale.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "report/run_log.h"

namespace vhost::report {

// `digits` significant digits: "0.4321", "12.30", "1.234e-5"; scientific
// below 1e-3 and from 1e6 on. "nan", "inf", "-inf".
std::string format_number(double value, int digits = 4);
// The same without trailing zeros, scientific below 1e-2: "0.05", "1.5e-4", "0".
std::string format_lr(double value);
// Shortest text that reads back as the same double: "0.1", "1e-300"; "nan", "inf", "-inf" without quotes.
std::string format_exact(double value);
std::string format_fixed(double value, int decimals);
std::string format_rate(double per_second);   // "0.523", "12.3", "1234"
std::string format_percent(double percent);   // "73.21 %"
std::string format_duration(double seconds);  // "45 s", "12 min 30 s", "2 h 05 min", "3 d 04 h"; "?" if unknown
std::string local_time();                     // "2026-01-31 09:05:00"

bool is_percentage(const std::string& metric);     // top1, top5, accuracies, f1_macro, f1_micro
bool higher_is_better(const std::string& metric);  // those, and F1, mAP, IoU
std::string format_metric(const std::string& name, double value);

// "epoch 1.25/10  step 120/960  loss 0.4321  ...": everything in the record, for log.txt and plain output.
std::string step_line(const StepRecord& record);
std::string eval_line(const EvalRecord& record);

struct LiveStyle {
  int columns = 80;  // the line never takes more than columns - 1
  bool unicode = true;
  bool color = false;
};
// One line for a terminal: the less important parts go first when room is short; a bar takes what is left.
std::string live_line(const StepRecord& record, const LiveStyle& style);
std::string live_line(const std::string& what, int64_t done, int64_t total, const LiveStyle& style);

int text_columns(std::string_view text);  // code points, escape sequences not counted

}  // namespace vhost::report
