// One plugin in two versions (VERSION) whose statics have the same names. They are exported on purpose: without
// -fno-gnu-unique they would be one object for both versions, RTLD_LOCAL or not.
#include "vhost/vhost.h"

struct VH_EXPORT Counter {
  static inline int count = VERSION * 100;
};

template <class T>
VH_EXPORT T& shared_static() {
  static T value = VERSION * 1000;
  return value;
}

extern "C" {
struct Table {
  uint32_t struct_size, version;
  int (*next)();
};
static int next() {
  return ++Counter::count + ++shared_static<int>();
}
static const Table table = {sizeof(Table), VERSION, next};

static int32_t init(const vh_host*, vh_error*) {
  return VH_OK;
}
static const void* get(const char*, const char*) {
  return &table;
}

VH_ELF_NOTE;
VH_EXPORT extern const vh_plugin_entry vh_plugin_entry_v1;
const vh_plugin_entry vh_plugin_entry_v1 = {
    sizeof(vh_plugin_entry), VH_PLUGIN_MAGIC, VH_ABI_MAJOR, VH_ABI_MINOR, VH_TARGET_MINOR, 0, init, nullptr, get};
}
