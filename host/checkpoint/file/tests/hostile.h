// Checkpoints for tests of what must be refused, and memory that is counted.
#pragma once
#include <cstddef>
#include <string>

#include "base/json.h"

namespace vhost::testing {

// The stream of torch.save around a pickle that is written by hand: no storages.
std::string stream_of(const std::string& pickle);

// Reads any checkpoint in memory, and touches the first and the last element of every tensor. The bytes lie in an
// allocation of exactly their size, so that reading beyond them is seen by the sanitizers. Throws as the readers do.
struct ReadResult {
  size_t tensors = 0;
  json::object other;
};
ReadResult read_bytes(const std::string& bytes);

// The most bytes that `new` had given out at a time since the last reset, beyond what it had then.
void reset_peak();
size_t peak_bytes();

std::string seed(const std::string& name);  // one of seeds/

}  // namespace vhost::testing
