// Helpers of the tasks: what is wrong when a number is not finite, what a run tells of itself.
#pragma once
#include <filesystem>
#include <optional>
#include <string>

#include "checkpoint/checkpoint.h"
#include "engine/experiment.h"
#include "engine/schedule.h"

namespace vhost {

// Names the part and the samples in which the first non-finite value appeared: parameters first, then features,
// predictions, targets, and else the loss.
std::string explain_non_finite(const Model& model, const vh_map& all, const Batch& batch, const Dataset& dataset,
                               int64_t views);

// Throws Error naming the first sample of the batch without a label, if losses compare labels.
void check_labelled(const Model& model, const vh_map& all, const Batch& batch, const Dataset& dataset, int64_t views);

// Throws if evaluation's pixels have another shape than training's.
void check_same_input(const Manifest& manifest, const InputLayout& train, const InputLayout& eval);

// Micro-batches of an epoch; throws if there is not one.
int64_t train_batches_per_epoch(const Manifest& manifest, int64_t samples);

// The table of --dry-run and of the report: parts, versions, parameters, FLOPs, batch, lr, steps, memory.
std::vector<SummaryRow> summary_rows(const Experiment& experiment, const DataSource& source, const Schedule* schedule,
                                     int64_t optimizer_bytes);
void write_summary(const Experiment& experiment, const DataSource& source, const Schedule& schedule,
                   int64_t optimizer_bytes);

// The work-dir's checkpoint that training goes on from; nullopt = it starts anew.
std::optional<std::filesystem::path> checkpoint_to_resume(const Experiment& experiment);

// Throws at /init/from if it names nothing.
void check_init(const Manifest& manifest);

json::array class_names(const Dataset& dataset, int64_t classes);

}  // namespace vhost
