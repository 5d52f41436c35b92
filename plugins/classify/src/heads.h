// Heads for classification: they pool the backbone's final map, and end in one linear layer.
#pragma once
#include "vhost/cpp/nn.hpp"
#include "vhost/cpp/plugin.hpp"

namespace classify {

enum class Pool {
  mean,  // over all tokens or cells
  cls,   // the first token before the grid
  space_then_time
};

struct ClassifierOptions {
  Pool pool = Pool::mean;
  std::optional<int64_t> classes;  // none: as many as the labels have
  bool fc_norm = false, batch_norm = false;
  double layer_norm_eps = 1e-6, dropout = 0;
  std::string init;  // of the linear layer's weight; its bias begins at zero
};

// Batch norm without gain and bias over [B,C], whose running mean and variance are kept. Refuses to train on one
// sample.
struct PlainBatchNorm {
  PlainBatchNorm(const vh::Scope& scope, int64_t width);
  vh::Tensor operator()(const vh::Tensor& x, bool train) const;
  vh::Tensor mean, var;
};

// features.0 [B,N,C], [B,C,T,H,W] or [B,C] -> pred.logits [B,K].
class Classifier {
 public:
  static constexpr uint32_t kCaps = VH_CAP_META | VH_CAP_DOUBLE | VH_CAP_GRAPH_SAFE;
  // Throws if the features can't be pooled so, or nothing tells the number of classes.
  Classifier(const vh::Build& build, const ClassifierOptions& options);
  std::vector<vh::Spec> describe(const vh::Specs& in) const;
  void run(const vh::Step& step) const;

 private:
  vh::Tensor pool(const vh::Tensor& x) const;  // B x C
  Pool pool_;
  int64_t classes_;
  vh::Spec features_;
  std::optional<vh::nn::LayerNorm> fc_norm_;
  std::optional<PlainBatchNorm> batch_norm_;
  vh::nn::Dropout dropout_;
  vh::nn::Linear head_;
};

// What the heads have in common.
struct CommonParams {
  std::optional<int64_t> classes;
  double dropout, init_std;
  template <class V>
  void describe(V& v, double default_dropout, double default_init_std) {
    v("classes", classes, std::nullopt, vh::range(1, 1000000),
      "number of classes; null: as many as the dataset's labels have");
    v("dropout", dropout, default_dropout, vh::range(0, 1) | vh::below(1),
      "dropout probability before the linear layer");
    v("init_std", init_std, default_init_std, vh::range(0, 10) | vh::above(0),
      "standard deviation of the linear layer's initial weights");
  }
};

// VideoMAE's: mean, layer norm, linear (arXiv:2203.12602; first for images in arXiv:2106.08254).
class Linear : public Classifier {
 public:
  struct Params : CommonParams {
    std::string pool;
    bool fc_norm, batch_norm;
    double layer_norm_eps, init_scale;
    template <class V>
    void describe(V& v) {
      CommonParams::describe(v, 0.0, 0.02);
      v("pool", pool, "mean", vh::choices("mean", "cls"), "mean of all tokens, or the class token");
      v("fc_norm", fc_norm, true, "layer norm between pooling and the linear layer");
      v("batch_norm", batch_norm, false,
        "batch norm without gain and bias before the linear layer, as MAE's linear probing has it");
      v("layer_norm_eps", layer_norm_eps, 1e-6, vh::range(0, 1) | vh::above(0),
        "added to the variance in the layer norm");
      v("init_scale", init_scale, 0.001, vh::range(0, 1000) | vh::above(0),
        "factor on the initial weights: near 0, training begins at even odds");
    }
  };
  Linear(const vh::Build& build, const Params& params);
};

// Mean over space, then over frames (temporal segment networks, arXiv:1608.00859).
class Tsn : public Classifier {
 public:
  struct Params : CommonParams {
    template <class V>
    void describe(V& v) {
      CommonParams::describe(v, 0.5, 0.01);
    }
  };
  Tsn(const vh::Build& build, const Params& params);
};

// Mean over space and time at once (I3D, arXiv:1705.07750).
class I3d : public Classifier {
 public:
  struct Params : CommonParams {
    template <class V>
    void describe(V& v) {
      CommonParams::describe(v, 0.5, 0.01);
    }
  };
  I3d(const vh::Build& build, const Params& params);
};

// Mean, layer norm, linear as used with TimeSformer (arXiv:2102.05095) backbones without class token.
class Timesformer : public Classifier {
 public:
  struct Params : CommonParams {
    double layer_norm_eps;
    template <class V>
    void describe(V& v) {
      CommonParams::describe(v, 0.0, 0.02);
      v("layer_norm_eps", layer_norm_eps, 1e-6, vh::range(0, 1) | vh::above(0),
        "added to the variance in the layer norm");
    }
  };
  Timesformer(const vh::Build& build, const Params& params);
};

}  // namespace classify
