// Reads and writes safetensors files whole; for tests only.
#pragma once
#include <ATen/ATen.h>

#include <filesystem>
#include <map>
#include <string>

namespace parity {

using Tensors = std::map<std::string, at::Tensor>;

Tensors read_safetensors(const std::filesystem::path&);                   // throws vhost::Error naming the file
void write_safetensors(const std::filesystem::path&, const Tensors&);     // any device, dtypes F32 F64 I64 U8 BOOL

}  // namespace parity
