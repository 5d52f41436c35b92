#include "check/kit.h"
#include "engine/door.h"

VHOST_DOOR int vhost_engine_check(const vhost::CheckRequest* request) {
  return vhost::behind_door([&] { return vhost::check::Kit(*request).run(); });
}
