#pragma once

namespace vhost {

// Once, before the first operator runs on meta tensors. See Note [Meta kernels].
void register_meta_kernels();

}  // namespace vhost
