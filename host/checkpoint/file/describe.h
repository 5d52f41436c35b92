// Pickled values as a person reads them: numbers, shortened texts, NumPy's scalars and small arrays, names of classes.
#pragma once
#include <optional>

#include "base/json.h"
#include "base/printable.h"
#include "checkpoint/file/pickle.h"

namespace vhost {

// Of a value that holds no others: None, numbers, texts, bytes, classes, NumPy's scalars and arrays. nullopt for the
// rest.
std::optional<json::value> describe_leaf(const Pickle& pickle, Ref ref);

// What stands for an opaque object or a list that is not shown: "argparse.Namespace", "list of 12".
std::string describe_kind(const Pickle& pickle, Ref ref);

}  // namespace vhost
