#include "gateway/device_service.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Context.h>
#include <c10/core/impl/VirtualGuardImpl.h>

#include "base/error.h"
#include "gateway/internal.h"

namespace vhost {
namespace {

at::Generator new_generator(at::Device device) {
  if (device.is_cpu()) return at::make_generator<at::CPUGeneratorImpl>();
  if (device.is_cuda()) return at::globalContext().defaultGenerator(device).clone();
  throw Error("the meta device has no random numbers");
}

int32_t generator_new(uint64_t seed, int32_t device_type, int32_t device_index, vh_generator** out, vh_error* err) {
  return guarded(err, "generator_new", [&] {
    auto handle = std::make_unique<vh_generator>(vh_generator{new_generator(to_device(device_type, device_index))});
    handle->generator.set_current_seed(seed);
    *out = handle.release();
    count_handles(1);
    return VH_OK;
  });
}

void generator_release(vh_generator* generator) {
  if (generator) count_handles(-1);
  delete generator;
}

void* current_stream(int32_t device_type, int32_t device_index) {
  if (device_type != VH_CUDA) return nullptr;
  try {
    const c10::impl::VirtualGuardImpl guard(at::kCUDA);
    return guard.getStreamNativeHandle(guard.getStream(to_device(device_type, device_index)));
  } catch (...) {
    return nullptr;
  }
}

}  // namespace

const vh_rng_1 kRngTable = {sizeof(vh_rng_1), 0, generator_new, generator_release};
const vh_device_1 kDeviceTable = {sizeof(vh_device_1), 0, current_stream};

}  // namespace vhost
