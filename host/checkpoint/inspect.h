// What `vhost checkpoint inspect, diff and average` compute.
#pragma once
#include "checkpoint/foreign.h"

namespace vhost {

// {"container", "tensors", "parameters" (elements of all), "bytes", "types": {"float32": {"tensors", "elements"}},
// "groups": {"state_dict.backbone": {..}} by the first parts of the paths that differ, "list": [{"name", "type",
// "shape"}], "other"}.
json::object inspect_checkpoint(const ForeignCheckpoint&);

// {"only_a": [names], "only_b", "shapes": [{"name", "a", "b"}], "types" (the same), "values": [{"name", "relative":
// largest |a-b| over the tensor's largest value, "absolute", "unequal": elements}], "unread": [{"name", "a", "b"}] (of
// tensors that can't be read in one of them or both: what they are, null where there is none), "equal": tensors that
// are equal in all}. Elements that are NaN in both are equal. A difference that is no number: "relative" is null.
// Throws Error where neither holds a tensor.
json::object diff_checkpoints(const ForeignCheckpoint& a, const ForeignCheckpoint& b);

// The mean of each tensor, summed in double precision. All must have the same names, shapes and types, and equal
// integers. `names` are the files', for errors. Throws Error.
std::map<std::string, at::Tensor> average_checkpoints(const std::vector<ForeignCheckpoint>&,
                                                      const std::vector<std::string>& names);

}  // namespace vhost
