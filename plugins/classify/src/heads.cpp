#include "heads.h"

#include "vhost/cpp/grid.hpp"

namespace classify {

namespace {

// The final map, if it can be pooled in this way.
vh::Spec poolable(const vh::Specs& in, Pool pool) {
  const vh::Spec x = in["features.0"];
  const bool tokens = x.axes == "BNC", grid = x.axes == "BCTHW", vector = x.axes == "BC";
  const std::string got = vh::str(", not [", x.axes, "]");
  if (!tokens && !grid && !vector)
    throw vh::argument_error("accepts tokens [B,N,C], a grid [B,C,T,H,W] or a vector [B,C]" + got);
  if (pool == Pool::cls && (!tokens || x.prefix_tokens < 1))
    throw vh::param_error(
        "/pool", "\"cls\" needs tokens [B,N,C] with a class token, which the backbone doesn't make; use \"mean\"");
  if (pool != Pool::space_then_time) return x;
  if (vector)
    throw vh::argument_error("accepts tokens of a grid [B,N,C] or a grid [B,C,T,H,W], whose frames it averages last" +
                             got);
  if (tokens && (x.coverage != VH_ALL || vh::cells(x.grid) < 1))
    throw vh::argument_error(
        "accepts tokens [B,N,C] of all cells of a grid: visible ones alone don't tell the frames; remove the mask");
  return x;
}

int64_t number_of_classes(const vh::Build& build, const std::optional<int64_t>& classes) {
  if (classes) return *classes;
  const char* const fix = "set \"classes\", or give a dataset whose labels say how many there are";
  if (build.want.size() == 0) throw vh::param_error("/classes", vh::str("there are no labels to predict: ", fix));
  const vh::Spec want = build.wanted();
  if (want.classes < 1) throw vh::param_error("/classes", vh::str(want.key, " has no number of classes: ", fix));
  return want.classes;
}

// The classes, if that is what is wanted.
int64_t classes_of(const vh::Build& build, const std::optional<int64_t>& classes) {
  for (uint32_t i = 0; i < build.want.size(); ++i)
    if (const vh::Spec want = build.want.at(i); want.is_tokens())
      throw vh::argument_error(vh::str("predicts classes, and ", want.key, " [", want.axes,
                                       "] has values for every token: take a head that predicts tokens"));
  return number_of_classes(build, classes);
}

std::string normal_init(double std) {
  return vh::str("normal(mean=0,std=", std, ")");
}

std::string truncated_init(double std, double scale) {
  return vh::str("trunc_normal(mean=0,std=", std * scale, ",a=", -2 * scale, ",b=", 2 * scale, ")");
}

}  // namespace

PlainBatchNorm::PlainBatchNorm(const vh::Scope& scope, int64_t width)
    : mean(scope.param("running_mean", {width}, {.role = VH_BUFFER})),
      var(scope.param("running_var", {width}, {.init = "ones", .role = VH_BUFFER})) {}

vh::Tensor PlainBatchNorm::operator()(const vh::Tensor& x, bool train) const {
  if (train && x.size(0) < 2 && !x.is_meta())
    throw vh::argument_error(
        "batch_norm has no variance to go by in a training batch of one sample: make data.batch 2 or more, and leave "
        "data.drop_last true");
  return vh::ops::batch_norm(x, {}, {}, mean, var, train, /*momentum=*/0.1, /*eps=*/1e-6, /*cudnn_enabled=*/true);
}

Classifier::Classifier(const vh::Build& build, const ClassifierOptions& o)
    : pool_(o.pool),
      classes_(classes_of(build, o.classes)),
      features_(poolable(build.in, o.pool)),
      dropout_{o.dropout} {
  const int64_t width = features_.size('C');
  if (o.fc_norm) fc_norm_.emplace(build.scope / "fc_norm", width, o.layer_norm_eps);
  if (o.batch_norm) batch_norm_.emplace(build.scope / "batch_norm", width);
  head_ = vh::nn::Linear(build.scope / "head", width, classes_, {.init = o.init, .bias_init = "zeros"});
}

std::vector<vh::Spec> Classifier::describe(const vh::Specs& in) const {
  const vh::Spec x = poolable(in, pool_);
  if (x.size('C') != features_.size('C'))
    throw vh::argument_error(vh::str("was made for ", features_.size('C'), " channels, not ", x.size('C')));
  return {
      {.key = "pred.logits", .semantic = "logits", .axes = "BK", .dim = {vh::kBatch, classes_}, .classes = classes_}};
}

vh::Tensor Classifier::pool(const vh::Tensor& x) const {
  if (x.dim() == 2) return x;
  if (pool_ == Pool::cls) return x.select(1, 0);
  if (pool_ == Pool::space_then_time) return vh::as_grid(x, features_).mean({3, 4}).mean({2});
  return x.dim() == 5 ? x.mean({2, 3, 4}) : vh::as_tokens(x, features_).mean({1});
}

void Classifier::run(const vh::Step& step) const {
  vh::Tensor x = pool(step.in("features.0"));  // B x C
  if (fc_norm_) x = (*fc_norm_)(x);
  if (batch_norm_) x = (*batch_norm_)(x, step.train());
  step.out("pred.logits", head_(dropout_(x, step.train())));
}

Linear::Linear(const vh::Build& build, const Params& p)
    : Classifier(build, {.pool = p.pool == "cls" ? Pool::cls : Pool::mean,
                         .classes = p.classes,
                         .fc_norm = p.fc_norm,
                         .batch_norm = p.batch_norm,
                         .layer_norm_eps = p.layer_norm_eps,
                         .dropout = p.dropout,
                         .init = truncated_init(p.init_std, p.init_scale)}) {}

Tsn::Tsn(const vh::Build& build, const Params& p)
    : Classifier(build, {.pool = Pool::space_then_time,
                         .classes = p.classes,
                         .dropout = p.dropout,
                         .init = normal_init(p.init_std)}) {}

I3d::I3d(const vh::Build& build, const Params& p)
    : Classifier(build, {.classes = p.classes, .dropout = p.dropout, .init = normal_init(p.init_std)}) {}

Timesformer::Timesformer(const vh::Build& build, const Params& p)
    : Classifier(build, {.classes = p.classes,
                         .fc_norm = true,
                         .layer_norm_eps = p.layer_norm_eps,
                         .dropout = p.dropout,
                         .init = truncated_init(p.init_std, 1)}) {}

}  // namespace classify
