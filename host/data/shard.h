// Which samples of a dataset a rank evaluates.
#pragma once
#include <algorithm>
#include <cstdint>
#include <numeric>
#include <vector>

namespace vhost {

// The indices of rank `rank` of `ranks`: a part of 0 .. samples - 1 in order, so that the ranks' parts, one after the
// other, are the whole without gap or repetition. Their sizes differ by at most 1; with fewer samples than ranks some
// are empty. (Samplers that fill the last round up with repeated samples count those twice.)
inline std::vector<int64_t> shard_of(int64_t samples, int64_t rank, int64_t ranks) {
  const int64_t each = samples / ranks, longer = samples % ranks;  // the first `longer` ranks have one more
  std::vector<int64_t> indices(static_cast<size_t>(each + (rank < longer ? 1 : 0)));
  std::iota(indices.begin(), indices.end(), rank * each + std::min(rank, longer));
  return indices;
}

}  // namespace vhost
