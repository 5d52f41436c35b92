// Which kind of checkpoint a file is, by its content.
#pragma once
#include "checkpoint/file/bytes.h"

namespace vhost {

enum class Container { kSafetensors, kTorch };

// Throws Error naming `name` and what the file is instead, where that can be told: an archive, a web page, a Git LFS
// pointer, ...
Container container_of(Bytes file, const std::string& name);

}  // namespace vhost
