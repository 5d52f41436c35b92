// What a node of ours remembers of its forward pass, to have the same around it in backward.
#pragma once
#include <ATen/autocast_mode.h>
#include <ATen/core/Generator.h>

#include <string>
#include <vector>

#include "base/error.h"
#include "gateway/internal.h"

namespace vhost {

struct Autocast {
  bool cpu = false, cuda = false, cache = false;
  at::ScalarType cpu_dtype = at::kBFloat16, cuda_dtype = at::kHalf;

  static Autocast current();
  static Autocast off();
  bool any() const { return cpu || cuda; }
  void apply() const;
};

class AutocastScope {
 public:
  explicit AutocastScope(const Autocast& inside) : outside_(Autocast::current()) { inside.apply(); }
  ~AutocastScope() { outside_.apply(); }
  AutocastScope(const AutocastScope&) = delete;
  AutocastScope& operator=(const AutocastScope&) = delete;

 private:
  Autocast outside_;
};

// Runs `body` as code of `part`, whose name goes before an error's text.
template <class Body>
auto in_part(const std::string& part, Body body) {
  const PartScope scope(part);
  try {
    return body();
  } catch (const Error& e) {
    if (part.empty() || e.message().starts_with(part)) throw;
    throw Error(part + ": " + e.message());
  }
}

// States of the default generators of the CPU and of `device`.
struct RandomState {
  std::vector<std::pair<at::Generator, at::Tensor>> states;
  static RandomState of(at::Device device);
  void restore() const;
};

// Inputs of which some are NULL: the defined ones, and the way back.
struct GivenInputs {
  GivenInputs() = default;
  GivenInputs(vh_tensor* const* in, uint32_t n);
  std::vector<at::Tensor> defined;
  std::vector<int32_t> place;  // per input: index in `defined`, or -1
  std::vector<vh_tensor*> lent(at::TensorList defined_tensors) const;
};

// Runs `call(out, err)`, which fills n_out owned handles; throws Error if it fails or leaves one NULL.
template <class Call>
std::vector<at::Tensor> collect_outputs(uint32_t n_out, const char* what, Call call) {
  std::vector<vh_tensor*> out(n_out, nullptr);
  vh_error err = new_error();
  const int32_t status = call(out.data(), &err);
  std::vector<at::Tensor> tensors;
  tensors.reserve(n_out);
  for (vh_tensor* handle : out) tensors.push_back(adopt(handle));
  check_status(status, err, what);
  return tensors;
}
void require_defined(const std::vector<at::Tensor>& outputs, const char* what);

int32_t checkpoint(const vh_closure* closure, vh_scope* scope, vh_tensor* const* in, uint32_t n_in, vh_tensor** out,
                   uint32_t n_out, vh_error* err);

}  // namespace vhost
