// What arrives at a part: no experiment says it, so the kit tries a table of usual inputs.
#pragma once
#include <ATen/ATen.h>

#include <string>
#include <vector>

#include "check/checks.h"
#include "gateway/gateway.h"
#include "services/specs.h"

namespace vhost::check {

enum class Masking { none, replace, drop };

struct Situation {
  std::string name;  // "tokens [B,32,16] and labels"
  vh_specs in, want;
  int64_t cells = 0, masked = 0;     // of the mask
  bool features_are_tensors = true;  // a target sees them at assembly only
};

struct Clip {
  int64_t frames = 4, height = 32, width = 32, channels = 3;
};

// The table for backbones: the author's own size first, then usual ones.
std::vector<Clip> clips(const Case& subject);
// `grid`: of the mask's cells.
Situation of_clip(const Clip& clip, Masking masking = Masking::none, const int64_t* grid = nullptr);
// The table for targets, heads and losses.
std::vector<Situation> situations(const Case& subject);

struct Fill {
  int64_t rows = 2, first_row = 0;  // a row's values depend on seed and its number alone
  uint64_t seed = 1;
  at::ScalarType dtype = at::kFloat;
  bool meta = false;
};
vh_map fill(const Situation& situation, const Fill& how = {});

// The size of a tensor of that spec.
std::vector<int64_t> sizes_of(const Spec& spec, int64_t rows, const Situation& situation);

}  // namespace vhost::check
