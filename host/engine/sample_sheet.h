// One sample as a model in training sees it, drawn: input, masked input, target, prediction.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "engine/drawable.h"
#include "report/picture.h"

namespace vhost {

// Of one row of the model; tensors on the CPU.
struct SampleView {
  std::vector<std::string> captions;  // name, label, scores: a line each
  at::Tensor clip;                    // f32 [T,H,W,C], 0..1
  at::Tensor mask;                    // bool [t,h,w], 1 = masked, each cell an equal part of the clip; undefined = none
  std::optional<Drawable> drawable;   // of the target; none = there is none with tokens
  at::Tensor target, prediction;      // f32 [N,F]; NaN where the model makes none
};

// Whether token n is one that the loss counts, bool [N]: masked, or any without a mask.
at::Tensor counted_tokens(const SampleView& view);

// Mean square error of the prediction over the counted tokens, and of predicting zeros.
struct TokenErrors {
  double prediction = 0, zeros = 0;
  int64_t tokens = 0;
};
TokenErrors token_errors(const SampleView& view);

// Images lie side by side, a row per sample. Clips have a row per kind of picture and a column per moment.
Picture sample_sheet(const std::vector<SampleView>& views, const std::string& title);

}  // namespace vhost
