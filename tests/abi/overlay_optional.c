/* One file of a plugin that runs on minor 1 and uses a slot of minor 2 where there is one: compiled with
 * VH_TARGET_MINOR=2, so that it sees the name, while the file with VH_C_PLUGIN says minor 1. It must ask VH_HAS first.
 */
#include "vhost/vhost.h"

void optional_flush(const vh_host* host) {
  const vh_log_1* log = host->get_service(VH_LOG_1);
  if (log && VH_HAS(log, flush))
    log->flush();
  else if (log)
    log->write(VH_LOG_INFO, "probe", "no flush in this host");
}
