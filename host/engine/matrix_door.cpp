#include <cstdio>

#include "engine/matrix.h"
#include "gateway/gateway.h"

extern "C" __attribute__((visibility("default"))) int vhost_engine_matrix(const vhost::MatrixRequest* request) {
  try {
    vhost::register_gateway();
    vhost::find_combinations(*request);
    return 0;
  } catch (const vhost::Error& error) {
    std::fprintf(stderr, "error: %s\n", error.what());
    return error.exit_code();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "error: %s\n", error.what());
    return 1;
  }
}
