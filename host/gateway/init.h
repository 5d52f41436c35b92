// Initial values from a text such as "trunc_normal(std=0.02,a=-2,b=2)": a function of (seed, name, shape) alone.
// Element i has its own stream, so neither threads nor LibTorch's version can change it.
#pragma once
#include <ATen/ATen.h>

#include <string>

namespace vhost {

// Throws Error naming the text and what would be accepted. On the meta device only the text and the shape are checked.
at::Tensor initial_value(const std::string& init, uint64_t seed, const std::string& full_name, at::IntArrayRef shape,
                         at::ScalarType dtype, at::Device device);

}  // namespace vhost
