#include <cstdio>

#include "engine/convert.h"

extern "C" __attribute__((visibility("default"))) int vhost_engine_convert(const vhost::ConvertFileRequest* request) {
  try {
    request->to.empty() ? vhost::convert_file(*request) : vhost::export_file(*request);
    return 0;
  } catch (const vhost::Error& error) {
    std::fprintf(stderr, "error: %s\n", error.what());
    return error.exit_code();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "error: %s\n", error.what());
    return 1;
  }
}
