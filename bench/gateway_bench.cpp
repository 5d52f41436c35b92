// Cost of an operator call through the gateway, as a plugin makes it, against direct C++. Both run alternately in one
// process. Prints per operator: direct µs, gateway µs, ratio (median, minimum, maximum over rounds), difference in µs.
#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>
#include <vector>

#include "gateway/gateway.h"
#include "vhost/cpp/ops.hpp"

namespace {

// CPU time of this thread, so that other programs on the machine disturb less.
double now() {
  timespec t{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) * 1e6 + static_cast<double>(t.tv_nsec) * 1e-3;
}

template <class Body>
double microseconds(int calls, Body body) {
  const double begin = now();
  for (int i = 0; i < calls; ++i) body();
  return (now() - begin) / calls;
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

double worst_difference = 0;

template <class Direct, class Gateway>
void compare(const std::string& name, int rounds, int calls, Direct direct, Gateway gateway) {
  microseconds(calls, direct);
  microseconds(calls, gateway);
  std::vector<double> a, b, ratio, difference;
  for (int i = 0; i < rounds; ++i) {
    a.push_back(microseconds(calls, direct));
    b.push_back(microseconds(calls, gateway));
    ratio.push_back(b.back() / a.back());
    difference.push_back(b.back() - a.back());
  }
  const auto [low, high] = std::minmax_element(ratio.begin(), ratio.end());
  std::printf("%-18s %7.3f %7.3f   ratio %.2f (%.2f to %.2f)   difference %+.3f us\n", name.c_str(), median(a),
              median(b), median(ratio), *low, *high, median(difference));
  worst_difference = std::max(worst_difference, median(difference));
}

// A plugin's view of tensors that the host owns.
struct Shared {
  explicit Shared(const at::Tensor& tensor) : host(tensor), plugin(vh::Tensor::take(vhost::take(tensor))) {}
  at::Tensor host;
  vh::Tensor plugin;
};

void run(bool with_grad, int rounds, int calls) {
  const auto make = [&](std::vector<int64_t> sizes) { return Shared(at::randn(sizes).set_requires_grad(with_grad)); };
  const Shared x = make({4, 16}), y = make({4, 16}), w = make({16, 16}), b = make({16}), g = make({16});
  const std::string suffix = with_grad ? " with grad" : "";
  const int64_t size = 16;
  compare(
      "linear" + suffix, rounds, calls, [&] { at::linear(x.host, w.host, b.host); },
      [&] { vh::ops::linear(x.plugin, w.plugin, b.plugin); });
  compare(
      "layer_norm" + suffix, rounds, calls, [&] { at::layer_norm(x.host, at::IntArrayRef(&size, 1), g.host, b.host); },
      [&] { vh::ops::layer_norm(x.plugin, {16}, g.plugin, b.plugin); });
  compare(
      "add" + suffix, rounds, calls, [&] { at::add(x.host, y.host); }, [&] { vh::ops::add(x.plugin, y.plugin); });
}

}  // namespace

int main(int argc, char** argv) {
  const int rounds = argc > 1 ? std::atoi(argv[1]) : 101, calls = argc > 2 ? std::atoi(argv[2]) : 2000;
  at::set_num_threads(1);
  vhost::register_gateway();
  vh::detail::connect(vhost::host_table());
  std::printf("%-18s %7s %7s   (us a call, %d rounds of %d calls, one thread)\n", "operator", "direct", "gateway",
              rounds, calls);
  run(/*with_grad=*/false, rounds, calls);
  run(/*with_grad=*/true, rounds, calls);
  std::printf("largest difference %+.3f us (target: at most +0.3)\n", worst_difference);
  return 0;
}
