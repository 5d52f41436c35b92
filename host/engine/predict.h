// Tasks "test", "predict" and "extract", and --dry-run.
#pragma once
#include "checkpoint/checkpoint.h"
#include "engine/experiment.h"

namespace vhost {

// The weights to use, the averaged ones if the run kept an average; throws if there are none.
LoadedCheckpoint load_for_inference(Experiment& experiment);
// The number of classes is the checkpoint's, if it says one.
void use_classes_of(const LoadedCheckpoint& loaded, DataSource& source);

// The names of all classes: the checkpoint's, and for those that it has none for the dataset's; the other way round
// where the dataset has a parameter class_names that is set. One that neither knows is "class 7".
std::vector<std::string> class_labels(const Manifest& manifest, const LoadedCheckpoint& loaded,
                                      const DataSource& source);

// The dataset of predict and extract, the checkpoint and the model with its weights; the record is written.
DataSource open_for_inference(Experiment& experiment, LoadedCheckpoint& loaded);

// The file as it was asked for, where files were; else the dataset's name of the sample.
std::string file_of(const RunRequest& request, const Dataset& dataset, int64_t index);

int run_test(Experiment& experiment);
int run_predict(Experiment& experiment);
int run_extract(Experiment& experiment);
int run_dry(Experiment& experiment);

}  // namespace vhost
