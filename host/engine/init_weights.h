// Weights to start from or to compute with: a run's own, or anyone's, by the key maps of the manifest's plugins.
#pragma once
#include "checkpoint/checkpoint.h"
#include "engine/experiment.h"

namespace vhost {

// init.from with all of init's keys, into x.model; of a model on the meta device only names and shapes are checked.
// `source` names our classes to init.classes. Writes to the log what was left out, interpolated or kept. Throws Error
// naming the file and all that doesn't fit.
void load_init(Experiment& x, const DataSource& source);

// What --checkpoint or the work-dir gives, as read by load_for_inference: every parameter must be found and, in a file
// of others, every tensor be known.
void load_trained(Experiment& x, const LoadedCheckpoint& loaded);

// A run's checkpoint, or a file of anyone's, whose tensors keep their names.
LoadedCheckpoint load_weights_from(const std::string& path);

}  // namespace vhost
