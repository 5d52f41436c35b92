// How a part is built and run: Scope (its parameters), Build (create), Step (run).
#pragma once
#include <algorithm>
#include <memory>

#include "handle.hpp"
#include "spec.hpp"

namespace vh {

// How a parameter or buffer comes to be; vhost/params.h has the grammar of `init` and `on_resize`.
struct ParamOptions {
  std::string init = "zeros";
  std::string on_resize = {};  // empty = a checkpoint of other sizes is refused
  bool no_decay = false;
  bool frozen = false;
  int32_t role = VH_PARAMETER;
  DType dtype = DType::any;
};

// A place in the state dict. Cheap to copy; valid as long as the part. scope / "blocks" / 3 / "attn" is a scope below.
class Scope {
 public:
  Scope() = default;
  explicit Scope(vh_scope* handle) : handle_(handle) {}
  vh_scope* get() const { return handle_; }

  Scope operator/(const std::string& name) const {
    Scope below = *this;
    below.handle_ = table().child(handle_, name.c_str());
    if (!below.handle_) throw Error(str("no scope '", name, "' can be made here"));
    return below;
  }
  Scope operator/(int64_t i) const { return *this / std::to_string(i); }
  // The same scope, whose new parameters have this layer id (layer-wise learning rates), or scale of the learning rate.
  Scope layer(int32_t id) const {
    Scope s = *this;
    s.layer_ = id;
    return s;
  }
  Scope lr_scale(double factor) const {
    Scope s = *this;
    s.lr_scale_ = factor;
    return s;
  }

  // The same scope, which remembers the parameters that are made in it and below it.
  Scope remembering() const {
    Scope s = *this;
    s.made_ = std::make_shared<std::vector<Tensor>>();
    return s;
  }
  // [step] Whether any remembered parameter learns: a manifest may freeze them. A block that is frozen whole runs as in
  // evaluation: operator()(x, train && scope.learns()).
  bool learns() const {
    return std::any_of(made_->begin(), made_->end(), [](const Tensor& made) { return made.requires_grad(); });
  }

  // [setup] The initial value depends on (seed, full name) alone. Its content may be swapped later: never cache what
  // derives from it.
  Tensor param(const std::string& name, Ints shape, const ParamOptions& options = {}) const {
    return create(name, shape, options, nullptr);
  }
  // A fixed table, copied from `value`; saved = false: it is recomputed at create and not in checkpoints.
  Tensor buffer(const std::string& name, const Tensor& value, bool saved = true) const {
    return create(name, value.sizes(), {.role = saved ? VH_BUFFER : VH_BUFFER_NOT_SAVED, .dtype = value.dtype()},
                  value.get());
  }

 private:
  static const vh_params_1& table() { return need(detail::services.params, VH_PARAMS_1); }
  Tensor create(const std::string& name, Ints shape, const ParamOptions& options, vh_tensor* value) const {
    vh_param p{};
    p.struct_size = sizeof p;
    p.flags = (options.no_decay ? VH_PARAM_NO_DECAY : 0u) | (options.frozen ? VH_PARAM_FROZEN : 0u);
    p.role = options.role;
    p.dtype = static_cast<int32_t>(options.dtype);
    p.name = name.c_str();
    p.init = value ? nullptr : options.init.c_str();
    p.on_resize = options.on_resize.empty() ? nullptr : options.on_resize.c_str();
    p.value = value;
    p.shape = shape.data();
    p.rank = static_cast<int32_t>(shape.size());
    p.layer = layer_;
    p.lr_scale = lr_scale_;
    vh_tensor* out = nullptr;
    vh_error err = detail::new_error();
    detail::check(table().create(handle_, &p, &out, &err), err, name.c_str());
    const Tensor made = Tensor::share(out);
    if (made_ && options.role == VH_PARAMETER) made_->push_back(made);
    return made;
  }
  vh_scope* handle_ = nullptr;
  int32_t layer_ = -1;
  double lr_scale_ = 1;
  std::shared_ptr<std::vector<Tensor>> made_;
};

// Argument of a part's constructor; valid for the constructor, but for `scope`.
struct Build {
  explicit Build(const vh_build& b)
      : scope(b.scope),
        in(b.in),
        want(b.want),
        package_dir(b.package_dir ? b.package_dir : ""),
        cache_dir(b.cache_dir ? b.cache_dir : ""),
        device{b.device_type, b.device_index},
        dtype(DType{b.dtype}),
        meta((b.flags & VH_BUILD_META) != 0),
        teacher((b.flags & VH_BUILD_TEACHER) != 0) {}
  Scope scope;
  Specs in, want;  // what will arrive; what is wanted (heads)
  std::string package_dir, cache_dir;
  Device device;
  DType dtype;  // of parameters
  bool meta, teacher;

  // What a head is to predict; throws if nothing is wanted.
  Spec wanted() const {
    if (want.size() == 0) throw argument_error("nothing says what to predict: no target, and no label with classes");
    return want.at(0);
  }
};

// Argument of a part's run(); valid for the call.
class Step {
 public:
  explicit Step(const vh_step& step) : s_(step) {}
  bool train() const { return s_.mode == VH_TRAIN; }
  bool meta() const { return (s_.flags & VH_STEP_META) != 0; }
  int64_t samples() const { return s_.samples; }
  uint64_t sample_seed(int64_t i) const { return s_.sample_seed[i]; }
  int64_t step() const { return s_.step; }
  int64_t epoch() const { return s_.epoch; }
  double progress() const { return s_.progress; }  // 0..1 of the run
  Device device() const { return {s_.device_type, s_.device_index}; }
  const vh_step& raw() const { return s_; }

  // Undefined if there is no such key.
  Tensor find(const std::string& key) const { return Tensor::share(table().get(s_.in, key.c_str())); }
  // Throws if there is no such key.
  Tensor in(const std::string& key) const {
    Tensor t = find(key);
    if (!t.defined()) throw argument_error(str("the step has no '", key, "'"));
    return t;
  }
  void out(const std::string& key, const Tensor& value) const {
    detail::check(table().put(s_.out, key.c_str(), value.get()), detail::new_error(), key.c_str());
  }

 private:
  static const vh_map_1& table() { return *detail::services.map; }
  const vh_step& s_;
};

}  // namespace vh
