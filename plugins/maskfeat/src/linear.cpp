#include "linear.h"

#include "vhost/cpp/grid.hpp"

namespace maskfeat {

namespace {

constexpr const char* kTargetPrefix = "target.";

std::string text(const vh::Grid& grid) {
  return vh::str(grid[0], "x", grid[1], "x", grid[2]);
}

// The final map, if every one of its cells can be predicted.
vh::Spec predictable(const vh::Specs& in) {
  const vh::Spec x = in["features.0"];
  if ((!x.is_tokens() && x.axes != "BCTHW") || vh::cells(x.grid) < 1)
    throw vh::argument_error(
        vh::str("linear accepts tokens [B,N,C] or a map [B,C,T,H,W] on a grid; got [", x.axes, "]"));
  if (x.coverage != VH_ALL)
    throw vh::argument_error(
        "linear predicts all tokens, and the backbone gives the visible ones only: set \"mode\": \"replace\" in the "
        "manifest's mask, or choose a head with a decoder");
  return x;
}

}  // namespace

Linear::Linear(const vh::Build& build, const Params& params) {
  const vh::Spec x = predictable(build.in), target = build.wanted();
  if (target.key.rfind(kTargetPrefix, 0) != 0 || !target.is_tokens())
    throw vh::argument_error(
        vh::str("linear predicts a target of tokens [B,N,C], not ", target.key, " [", target.axes, "]"));
  if (vh::cells(target.grid) > 0 && target.grid != x.grid)
    throw vh::argument_error(vh::str("linear predicts one token of the target for each of the backbone's, and ",
                                     target.key, " has ", text(target.grid), ", the backbone ", text(x.grid),
                                     ": choose strides or a target that make them equal"));
  key_ = "pred." + target.key.substr(std::strlen(kTargetPrefix));
  prefix_ = x.prefix_tokens;
  values_ = target.size('C');
  fc_ = vh::nn::Linear(
      build.scope / "fc", x.size('C'), values_,
      {.init = vh::str("trunc_normal(mean=0,std=", params.init_std, ",a=-2,b=2)"), .bias_init = "zeros"});
}

std::vector<vh::Spec> Linear::describe(const vh::Specs& in) const {
  const vh::Spec x = predictable(in);
  if (x.size('C') != fc_.weight.size(1))
    throw vh::argument_error(vh::str("linear was made for ", fc_.weight.size(1), " channels, not ", x.size('C')));
  return {vh::tokens_spec(key_, "tokens", x.grid, x.stride, values_)};
}

void Linear::run(const vh::Step& step) const {
  step.out(key_, fc_(vh::as_tokens(step.in("features.0"), prefix_)));
}

}  // namespace maskfeat
