// The header of a safetensors file: where each tensor lies in it. Source: the format's specification in the safetensors
// project's README.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "checkpoint/file/bytes.h"
#include "checkpoint/file/element.h"

namespace vhost {

struct SafeTensor {
  Element element = Element::kFloat32;
  uint64_t begin = 0, bytes = 0;  // in the file; `bytes` is what the shape asks for
  std::vector<int64_t> sizes;
};

struct SafetensorsFile {
  std::map<std::string, SafeTensor> tensors;
  std::map<std::string, std::string> metadata;
};

// Every offset, size and type is checked; no tensor's data is touched. Throws Error naming `name` (the file) and the
// tensor.
SafetensorsFile read_safetensors_file(Bytes file, const std::string& name);

}  // namespace vhost
