// MViT's pooling convolution, forward and backward: the plugin's kernel against LibTorch's conv3d, alternating in one
// process, on the shapes of MViTv2-S (16 x 224 x 224, batch 1) with all threads. Both begin with queries as they lie in
// the projection of queries, keys and values, and end with tokens. Prints per shape the medians in ms, forward and
// backward, then for all blocks of the model together the median ratio ours / LibTorch's, last.
//
//     pool_bench [fp32|bf16] [rounds]
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string>
#include <vector>

#include "../plugins/mvit/src/pool_conv.h"
#include "gateway/gateway.h"

namespace {

double now() {
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

struct Shape {
  int64_t heads, side, stride;
  int times;  // how often it occurs in the model
};

// Queries, keys and values of MViTv2-S's 16 blocks.
const Shape kShapes[] = {{1, 56, 1, 1}, {1, 56, 8, 2},  {2, 56, 2, 1},  {2, 56, 4, 2}, {2, 28, 1, 1}, {2, 28, 4, 2},
                         {4, 28, 2, 3}, {4, 14, 1, 10}, {4, 14, 2, 20}, {8, 14, 2, 1}, {8, 14, 1, 2}, {8, 7, 1, 3}};
constexpr int64_t kWidth = 96, kFrames = 8;

at::Tensor ours(const at::Tensor& x, const at::Tensor& w, const Shape& s) {
  const vh::Tensor y = mvit::pool_conv(vh::Tensor::take(vhost::take(x)), {kFrames, s.side, s.side},
                                       vh::Tensor::take(vhost::take(w)), {1, s.stride, s.stride});
  return vhost::borrow(y.get());
}

at::Tensor theirs(const at::Tensor& x, const at::Tensor& w, const Shape& s) {
  const at::Tensor maps = x.transpose(2, 3).reshape({s.heads, kWidth, kFrames, s.side, s.side});
  const at::Tensor y = at::conv3d(maps, w.to(x.scalar_type()), {}, {1, s.stride, s.stride}, 1, 1, kWidth);
  return y.reshape({1, s.heads, kWidth, -1}).transpose(2, 3).contiguous();
}

struct Times {
  double forward, backward;
};

template <class F>
Times once(const F& f, const Shape& s, const at::Tensor& x, const at::Tensor& w) {
  const double begin = now();
  const at::Tensor y = f(x, w, s);
  const double middle = now();
  torch::autograd::grad({y}, {x, w}, {at::ones_like(y)});
  return {middle - begin, now() - middle};
}

struct Column {
  std::vector<double> forward, backward;
  void add(const Times& t) { forward.push_back(t.forward), backward.push_back(t.backward); }
};

}  // namespace

int main(int argc, char** argv) {
  const bool bf16 = argc > 1 && std::string(argv[1]) == "bf16";
  const int rounds = argc > 2 ? std::atoi(argv[2]) : 5;
  vhost::register_gateway();
  vh::detail::connect(vhost::host_table());
  std::vector<double> sums[2] = {std::vector<double>(rounds), std::vector<double>(rounds)};
  for (const Shape& s : kShapes) {
    const at::Tensor all = at::randn({1, kFrames * s.side * s.side, 3, s.heads, kWidth});
    const at::Tensor x = all.to(bf16 ? at::kBFloat16 : at::kFloat).select(2, 0).transpose(1, 2).requires_grad_();
    const at::Tensor w = at::randn({kWidth, 1, 3, 3, 3}).requires_grad_();
    once(ours, s, x, w), once(theirs, s, x, w);
    Column a, b;
    for (size_t i = 0; i < static_cast<size_t>(rounds); ++i) {
      const Times mine = once(ours, s, x, w), other = once(theirs, s, x, w);
      a.add(mine), b.add(other);
      sums[0][i] += s.times * (mine.forward + mine.backward);
      sums[1][i] += s.times * (other.forward + other.backward);
    }
    std::printf("%d heads, 8x%dx%d, stride %d: ours %.2f + %.2f ms, LibTorch %.2f + %.2f ms\n",
                static_cast<int>(s.heads), static_cast<int>(s.side), static_cast<int>(s.side),
                static_cast<int>(s.stride), median(a.forward), median(a.backward), median(b.forward),
                median(b.backward));
  }
  std::vector<double> ratios;
  for (size_t i = 0; i < sums[0].size(); ++i) ratios.push_back(sums[0][i] / sums[1][i]);
  const auto [low, high] = std::minmax_element(ratios.begin(), ratios.end());
  std::printf("all blocks of MViTv2-S, %s: ours %.1f ms, LibTorch %.1f ms\nratio: median %.4f (min %.4f, max %.4f)\n",
              bf16 ? "bf16" : "fp32", median(sums[0]), median(sums[1]), median(ratios), *low, *high);
}
