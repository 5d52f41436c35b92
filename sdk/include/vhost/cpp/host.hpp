// The host's service tables, one set per plugin, filled in by VH_PLUGIN's init.
#pragma once
#include "../vhost.h"
#include "error.hpp"

namespace vh {

// Tables that this host doesn't have are NULL. Valid until the process ends.
struct Services {
  const vh_host* host = nullptr;
  const vh_autograd_1* autograd = nullptr;
  const vh_config_1* config = nullptr;
  const vh_device_1* device = nullptr;
  const vh_log_1* log = nullptr;
  const vh_map_1* map = nullptr;
  const vh_ops_1* ops = nullptr;
  const vh_parallel_1* parallel = nullptr;
  const vh_params_1* params = nullptr;
  const vh_rng_1* rng = nullptr;
  const vh_specs_1* specs = nullptr;
  const vh_tensor_1* tensor = nullptr;
};

namespace detail {

inline Services services;  // this plugin's own: -fno-gnu-unique and hidden visibility keep it from being shared

inline void connect(const vh_host* host) {
  const auto get = [host](auto& table, const char* id) {
    table = static_cast<std::remove_reference_t<decltype(table)>>(host->get_service(id));
  };
  services.host = host;
  get(services.autograd, VH_AUTOGRAD_1);
  get(services.config, VH_CONFIG_1);
  get(services.device, VH_DEVICE_1);
  get(services.log, VH_LOG_1);
  get(services.map, VH_MAP_1);
  get(services.ops, VH_OPS_1);
  get(services.parallel, VH_PARALLEL_1);
  get(services.params, VH_PARAMS_1);
  get(services.rng, VH_RNG_1);
  get(services.specs, VH_SPECS_1);
  get(services.tensor, VH_TENSOR_1);
}

}  // namespace detail

// The tables, for what the C++ layer doesn't wrap.
inline const Services& services() {
  return detail::services;
}

template <class Table>
const Table& need(const Table* table, const char* id) {
  if (!table) throw Error(str("this host has no service ", id), VH_ERR_UNSUPPORTED);
  return *table;
}

}  // namespace vh
