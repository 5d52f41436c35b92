// metrics.jsonl: one JSON object per line.
//   {"kind":"step","step":10,"epoch":0.5,"loss":0.4,"lr":1e-4,"scalars":{"grad_norm":1.2},
//    "time":{"samples_per_second":12.5,"data_wait":0.01,"eta_seconds":80}}
//   {"kind":"eval","step":10,"epoch":0.5,"split":"eval","samples":400,"metrics":{"loss":0.5,"top1":81.25},"time":{"seconds":3.5}}
// Numbers read back as the same doubles; "nan", "inf" and "-inf" are strings. What may differ between two runs of one
// seed stands under "time" only; a scalar whose name begins with "time." goes there too.
#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "report/run_log.h"

namespace vhost::report {

std::string metrics_line(const StepRecord& record);  // ends with a newline
std::string metrics_line(const EvalRecord& record);

struct KeptMetrics {
  std::string text;           // what a resumed run keeps
  int64_t dropped_later = 0;  // records with step > resume_step
  int64_t unreadable = 0;     // whole lines that are no record; a torn last line isn't counted
};
KeptMetrics keep_metrics(std::string_view text, int64_t resume_step,
                         const std::function<void(const StepRecord&)>& on_step,
                         const std::function<void(const EvalRecord&)>& on_eval);

}  // namespace vhost::report
