// From the fields of one sample to the tensors that the model sees: keys, shapes, views.
#pragma once
#include <array>
#include <string>
#include <vector>

#include "manifest/manifest.h"
#include "services/specs.h"

namespace vhost {

struct Field {
  std::string name;
  Spec spec;
  int64_t bytes = 0;  // of one sample
};

// How samples become the model's input. Views are folded into the batch axis: B rows of the model = samples x views.
struct InputLayout {
  std::vector<Field> fields;
  int pixels = -1;  // index of the field with semantic "input"
  int label = -1;   // index of the field "label", or -1
  int64_t views = 1, frames = 1, height = 0, width = 0, channels = 3;
  int64_t classes = 0;
  bool mixed = false;  // data.mix: there is "batch.label_soft", which losses compare with by default
  bool video = true;
  std::vector<double> mean, std;  // per channel, in 0..255

  vh_specs model_specs() const;  // "input", "raw", "batch.*", with axis B
};

// Throws Error at `pointer` (the dataset's place) when the fields can't feed a model.
InputLayout make_input_layout(const Manifest& manifest, const std::string& pointer, const vh_specs& fields);

int64_t dtype_bytes(int32_t vh_dtype);  // 0 = unknown

}  // namespace vhost
