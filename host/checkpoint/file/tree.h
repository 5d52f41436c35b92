// The values of a pickle by path: tensors, and what a person may want to know of the rest.
#pragma once
#include "checkpoint/file/pickle.h"
#include "checkpoint/file/tensor_reader.h"

namespace vhost {

// Fills `file` in from the root on, through dicts, lists, and the entries and states of opaque objects. A container
// inside itself is named and not entered again. Refuses what would be listed beyond all proportion to the pickle's
// length
// (`pickle_bytes`), as nested repetition may. Throws Error that begins with `name`.
void list_values(const Pickle& pickle, size_t pickle_bytes, const TensorReader& reader, const std::string& name,
                 TorchFile& file);

}  // namespace vhost
