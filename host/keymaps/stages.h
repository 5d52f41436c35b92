// Blocks that another project counts anew in each stage: stages.2.blocks.0 is our block 3, say.
#pragma once
#include <ATen/ATen.h>

#include <map>
#include <string>

#include "keymaps/keymap.h"

namespace vhost {

// Their tensors with stages.S.blocks.B. as blocks.N., N counted through the stages that the file has.
std::map<std::string, at::Tensor> counted_through(const Stages& stages,
                                                  const std::map<std::string, at::Tensor>& theirs);

// The way back; a stage begins where stages.width of ours is longer than in the block before.
std::map<std::string, at::Tensor> counted_by_stage(const Stages& stages,
                                                   const std::map<std::string, at::Tensor>& theirs,
                                                   const std::map<std::string, at::Tensor>& ours);

}  // namespace vhost
