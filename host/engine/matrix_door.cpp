#include "engine/door.h"
#include "engine/matrix.h"
#include "gateway/gateway.h"

VHOST_DOOR int vhost_engine_matrix(const vhost::MatrixRequest* request) {
  return vhost::behind_door([&] {
    vhost::register_gateway();
    vhost::find_combinations(*request);
    return 0;
  });
}
