// The loss of a training run by step: of a run of ours, or of another system's log.
#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace vhost::report {

struct LossCurve {
  std::string name;           // what it was read from
  std::string format;         // "vhost", "mmengine", "pyslowfast", "videomae", "csv"
  bool by_epoch = false;      // the log knows epochs only: step 1 is the first epoch's end, loss its mean
  std::vector<int64_t> step;  // ascending, each once
  std::vector<double> loss;   // may be NaN or infinite
  std::vector<double> epoch;  // of each step, fractional; empty = not known
  int64_t repeated = 0;       // steps that were logged more than once (resumes): the last counts
};

// A work-dir of ours, of mmengine or of VideoMAE, or one file, whose format is told by its lines:
//   vhost       metrics.jsonl
//   mmengine    vis_data/scalars.json: {"loss": 0.5, "step": 10, ...}
//   pyslowfast  stdout.log: "... json_stats: {"_type": "train_iter", "epoch": "1/300", "iter": "10/1000", "loss": 0.5}"
//   videomae    log.txt: {"train_loss": 0.5, "epoch": 0, ...}, epochs from 0
//   csv         step,loss (or epoch,loss) with that header, or two columns without one
// Lines that are none of these are passed over. Throws Error naming the path where it holds no loss.
LossCurve read_loss_curve(const std::filesystem::path& path);
LossCurve parse_loss_curve(std::string_view text, const std::string& name);

// One value per whole epoch that the curve covers, the mean over its steps: each value of a log counts for the steps
// since the one before. Throws Error if the epochs aren't known.
LossCurve per_epoch(const LossCurve& curve);

}  // namespace vhost::report
