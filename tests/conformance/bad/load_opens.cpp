// Its init fails.
#include "base.hpp"

namespace {

int32_t init(const vh_host* host, vh_error* err) noexcept {
#ifndef FIXED
  return vh::detail::fill(err, VH_ERR, "no licence server answers");
#endif
  return good::init(host, err);
}

}  // namespace

ENTRY(init, good::get);
