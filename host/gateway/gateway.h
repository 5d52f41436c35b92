// LibTorch behind the C services: tensors, maps, operators, parameters, autograd, generators, device.
#pragma once
#include <ATen/ATen.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "services/services.h"
#include "services/specs.h"
#include "vhost/vhost.h"

namespace vhost {

void register_gateway();  // vh.ops/1, vh.tensor/1, vh.map/1, vh.params/1, vh.autograd/1, vh.rng/1, vh.device/1;
                          // idempotent

// A vh_tensor is a retained c10::TensorImpl*.
vh_tensor* take(at::Tensor tensor);          // new owned handle (NULL for undefined)
at::Tensor borrow(const vh_tensor* handle);  // shares; NULL -> undefined
at::Tensor adopt(vh_tensor* handle);         // consumes an owned handle
int64_t live_handles();                      // owned handles that plugins hold, for leak tests

// Names the part whose code runs on this thread ("backbone videomae/vit"):
// errors carry it in `where`, also from backward.
void set_current_part(const std::string& name);
const std::string& current_part();
class PartScope {
 public:
  explicit PartScope(const std::string& inside) : outside_(current_part()) { set_current_part(inside); }
  ~PartScope() { set_current_part(outside_); }
  PartScope(const PartScope&) = delete;
  PartScope& operator=(const PartScope&) = delete;

 private:
  std::string outside_;
};

at::ScalarType to_scalar_type(int32_t vh_dtype);  // throws Error
int32_t from_scalar_type(at::ScalarType);         // 0 = none

// One parameter or buffer as the engine sees it.
struct Param {
  std::string name;  // full: "backbone.blocks.0.attn.qkv.weight"
  at::Tensor value;
  int32_t role = 0;  // VH_PARAMETER, ...
  uint32_t flags = 0;
  int32_t layer = -1;
  double lr_scale = 1;
  std::string on_resize;
  uint64_t order = 0;  // of creation, within its root scope
};

struct ScopeAccess;
struct ScopeTree;

// Floating point operations of matrix products, convolutions and attention that pass the gateway between start() and
// stop(), 2 per multiply-add, on all threads, meta tensors included.
struct FlopCounter {
  static void start();
  static int64_t stop();
  static int64_t so_far();
  // Between the same two, an estimate of what backward needs: bytes of all results that want a gradient, views not
  // counted twice, and the largest checkpointed block, which backward runs anew. Some results are not kept, and
  // operators keep things of their own.
  static int64_t activation_bytes();
};

}  // namespace vhost

// The opaque types of the ABI.
struct vh_map {
  std::vector<std::pair<std::string, at::Tensor>> items;
  bool read_only = false;
  const at::Tensor* find(const std::string& key) const;
  void put(const std::string& key, at::Tensor value);  // replaces
};

struct vh_scope {
  vh_scope(std::string prefix, uint64_t seed, at::Device device, at::ScalarType dtype, bool meta);
  std::string prefix;  // "backbone." ; names are prefix + vh_param.name
  uint64_t seed;
  at::Device device;
  at::ScalarType dtype;                               // of parameters with dtype 0
  bool frozen = false;                                // VH_BUILD_TEACHER; children made later inherit it
  std::vector<std::unique_ptr<vhost::Param>> params;  // of this scope alone
  std::map<std::string, std::unique_ptr<vh_scope>> children;
  std::vector<vhost::Param*> all();  // this scope's and its children's, in order of creation

 private:
  friend struct vhost::ScopeAccess;
  std::shared_ptr<vhost::ScopeTree> tree_;  // what a scope shares with its children
};
