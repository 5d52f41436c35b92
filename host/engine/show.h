// `vhost show`, and the picture that a pre-training run keeps of its first sample.
#pragma once
#include "engine/experiment.h"
#include "engine/sample_sheet.h"

namespace vhost {

int run_show(Experiment& experiment);

// Draws the first sample into pictures/prediction.png of the work-dir and shows it in the report. What goes wrong is a
// warning: no run ends for a picture.
void write_run_picture(Experiment& experiment, const DataSource& source, int64_t step);

// The samples with these indices as the model sees and predicts them, a view per sample. Evaluation mode, no gradients;
// draws nothing from the run's random numbers. class_names: may be empty.
std::vector<SampleView> sample_views(Experiment& experiment, const DataSource& source,
                                     const std::vector<int64_t>& indices, const json::array& class_names);

}  // namespace vhost
