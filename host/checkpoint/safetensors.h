// The safetensors container: 8 bytes header length (little-endian), JSON header, raw tensors. Source: the format's
// specification in the safetensors project's README.
#pragma once
#include <ATen/ATen.h>

#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "checkpoint/file/element.h"

namespace vhost {

at::ScalarType scalar_type(Element element);

using NamedTensors = std::vector<std::pair<std::string, at::Tensor>>;

// Writes and syncs the file (not its folder). Tensors must be on the CPU; they are made contiguous. Throws Error.
void write_safetensors(const std::filesystem::path& path, const NamedTensors& tensors,
                       const std::map<std::string, std::string>& metadata = {});

// The same for a result: beside it under a temporary name, then renamed, so that it may replace what the tensors were
// read from and nothing half is ever there. The metadata is what files of weights have that others read.
void write_safetensors_whole(const std::filesystem::path& path, const std::map<std::string, at::Tensor>& tensors,
                             const std::map<std::string, std::string>& metadata = {{"format", "pt"}});

// A text file, synced like a tensor file.
void write_synced(const std::filesystem::path& path, const std::string& text);

// Tensors that share the mapped file: copy what must outlive it or be written to. Every offset, size and type is
// checked before anything is read. Throws Error naming the file and the tensor.
std::map<std::string, at::Tensor> read_safetensors(const std::filesystem::path& path,
                                                   std::map<std::string, std::string>* metadata = nullptr);

}  // namespace vhost
