// Tasks "test", "predict" and "extract", and --dry-run.
#pragma once
#include "engine/experiment.h"

namespace vhost {

int run_test(Experiment& experiment);
int run_predict(Experiment& experiment);
int run_extract(Experiment& experiment);
int run_dry(Experiment& experiment);

}  // namespace vhost
