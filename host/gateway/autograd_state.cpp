#include "gateway/autograd_state.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Context.h>

#include <mutex>

#include "base/error.h"

namespace vhost {

Autocast Autocast::current() {
  namespace ac = at::autocast;
  return {ac::is_autocast_enabled(at::kCPU), ac::is_autocast_enabled(at::kCUDA), ac::is_autocast_cache_enabled(),
          ac::get_autocast_dtype(at::kCPU), ac::get_autocast_dtype(at::kCUDA)};
}

Autocast Autocast::off() {
  Autocast state = current();
  state.cpu = state.cuda = false;
  return state;
}

void Autocast::apply() const {
  namespace ac = at::autocast;
  ac::set_autocast_enabled(at::kCPU, cpu);
  ac::set_autocast_enabled(at::kCUDA, cuda);
  ac::set_autocast_dtype(at::kCPU, cpu_dtype);
  ac::set_autocast_dtype(at::kCUDA, cuda_dtype);
  ac::set_autocast_cache_enabled(cache);
}

RandomState RandomState::of(at::Device device) {
  RandomState random;
  const auto add = [&](at::Generator generator) {
    const std::lock_guard lock(generator.mutex());
    at::Tensor state = generator.get_state();
    random.states.emplace_back(std::move(generator), std::move(state));
  };
  add(at::detail::getDefaultCPUGenerator());
  if (device.is_cuda()) add(at::globalContext().defaultGenerator(device));
  return random;
}

void RandomState::restore() const {
  for (auto [generator, state] : states) {
    const std::lock_guard lock(generator.mutex());
    generator.set_state(state);
  }
}

GivenInputs::GivenInputs(vh_tensor* const* in, uint32_t n) {
  for (uint32_t i = 0; i < n; ++i) {
    place.push_back(in[i] ? static_cast<int32_t>(defined.size()) : -1);
    if (in[i]) defined.push_back(borrow(in[i]));
  }
}

std::vector<vh_tensor*> GivenInputs::lent(at::TensorList tensors) const {
  std::vector<vh_tensor*> handles;
  handles.reserve(place.size());
  for (const int32_t i : place) handles.push_back(i < 0 ? nullptr : lend(tensors[static_cast<size_t>(i)]));
  return handles;
}

void require_defined(const std::vector<at::Tensor>& outputs, const char* what) {
  for (size_t i = 0; i < outputs.size(); ++i)
    if (!outputs[i].defined()) throw Error(std::string(what) + " left output " + std::to_string(i) + " NULL");
}

}  // namespace vhost
