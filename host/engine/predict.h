// Tasks "test", "predict" and "extract", and --dry-run.
#pragma once
#include "checkpoint/checkpoint.h"
#include "engine/experiment.h"

namespace vhost {

// The weights to use, the averaged ones if the run kept an average; throws if there are none.
LoadedCheckpoint load_for_inference(Experiment& experiment);
// The number of classes is the checkpoint's, if it says one.
void use_classes_of(const LoadedCheckpoint& loaded, DataSource& source);

int run_test(Experiment& experiment);
int run_predict(Experiment& experiment);
int run_extract(Experiment& experiment);
int run_dry(Experiment& experiment);

}  // namespace vhost
