#include "engine/convert.h"
#include "engine/door.h"

VHOST_DOOR int vhost_engine_convert(const vhost::ConvertFileRequest* request) {
  return vhost::behind_door([&] {
    request->to.empty() ? vhost::convert_file(*request) : vhost::export_file(*request);
    return 0;
  });
}
