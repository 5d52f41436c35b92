// A small 3-D convolutional network with group normalisation (Wu and He, "Group Normalization", ECCV 2018).
#include "vhost/cpp/vhost.hpp"

namespace {

// input [B,3,T,H,W] -> features.0 [B,width,T',H',W']: each block halves height and width, and from the second on time.
class GroupNormConv {
 public:
  struct Params {
    int64_t width, blocks, groups;
    template <class V>
    void describe(V& v) {
      v("width", width, 32, vh::range(1, 4096), "channels of the last block; each earlier one has half");
      v("blocks", blocks, 3, vh::range(1, 8), "convolutions");
      v("groups", groups, 4, vh::range(1, 1024), "groups of channels that are normalised together");
    }
  };

  GroupNormConv(const vh::Build& build, const Params& params) {
    int64_t in = build.in["input"].size('C');
    for (int64_t i = 0; i < params.blocks; ++i) {
      const int64_t out = std::max(params.width >> (params.blocks - 1 - i), params.groups);
      if (out % params.groups)
        throw vh::param_error(
            "/groups", vh::str("is ", params.groups, ", which doesn't divide block ", i, "'s ", out, " channels"));
      const vh::Scope scope = build.scope / "blocks" / i;
      conv_.emplace_back(scope / "conv", in, out,
                         vh::nn::ConvOptions{.kernel = {3}, .stride = stride(i), .padding = {1}, .bias = false});
      norm_.emplace_back(scope / "norm", params.groups, out);
      in = out;
    }
  }

  std::vector<vh::Spec> describe(const vh::Specs& in) const {
    vh::Grid grid{in["input"].size('T'), in["input"].size('H'), in["input"].size('W')}, cell{1, 1, 1};
    for (size_t i = 0; i < conv_.size(); ++i)
      for (size_t axis = 0; axis < 3; ++axis) {
        const int64_t step = conv_[i].o.stride[axis];
        grid[axis] = (grid[axis] + step - 1) / step;
        cell[axis] *= step;
      }
    return {vh::volume_spec("features.0", "features", grid, cell, conv_.back().weight.size(0))};
  }

  void run(const vh::Step& step) {
    vh::Tensor x = step.in("input");
    for (size_t i = 0; i < conv_.size(); ++i) x = vh::ops::gelu(norm_[i](convolve(conv_[i], x)));
    step.out("features.0", x);
  }

 private:
  // One frame meets the kernel's middle slice alone. (LibTorch 2.11's conv3d in bfloat16 on the CPU gives rubbish
  // there.)
  static vh::Tensor convolve(const vh::nn::Conv3d& conv, const vh::Tensor& x) {
    if (x.size(2) > 1) return conv(x);
    const auto& o = conv.o;
    return vh::ops::conv2d(x.squeeze(2), conv.weight.select(2, 1), {}, {o.stride[1], o.stride[2]},
                           {o.padding[1], o.padding[2]})
        .unsqueeze(2);
  }
  static std::vector<int64_t> stride(int64_t block) { return {block ? 2 : 1, 2, 2}; }
  std::vector<vh::nn::Conv3d> conv_;
  std::vector<vh::nn::GroupNorm> norm_;
};

}  // namespace

VH_PLUGIN(vh::backbone<GroupNormConv>("conv", "3-D convolutions with group normalisation"));
