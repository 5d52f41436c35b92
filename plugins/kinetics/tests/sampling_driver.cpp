// Prints the frames that a rule takes, for sampling_reference.py.
#include <cstdlib>
#include <iostream>
#include <string>

#include "sampling.h"

using namespace kinetics;

namespace {

void print(const std::vector<int64_t>& indices) {
  for (size_t i = 0; i < indices.size(); ++i) std::cout << (i ? " " : "") << indices[i];
  std::cout << "\n";
}

}  // namespace

// Lines "RULE LENGTH STRIDE CLIPS FRAMES SEED": a line of training with a stream of that seed, then one for each clip.
int main() {
  std::string rule;
  Sampling s;
  int64_t frames = 0;
  for (uint64_t seed = 0; std::cin >> rule >> s.length >> s.stride >> s.clips >> frames >> seed;) {
    s.rule = sampling_rule(rule).value();
    vh_random random = vh_random_from(seed);
    print(sample_train(s, frames, 30, random));
    for (int64_t clip = 0; clip < s.clips; ++clip) print(sample_test(s, frames, 30, clip));
  }
}
