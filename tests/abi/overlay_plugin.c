/* A loss that does nothing, built against today's headers or the next minor's (overlay.py). HAS_OPTIONAL: linked with
 * overlay_optional.c. */
#include <stdio.h>
#include <stdlib.h>

#include "vhost/vhost.h"

static const vh_loss_1 table;
static const vh_c_component parts[] = {{VH_LOSS_1, "probe", "Says what it sees", &table, "{\"type\":\"object\"}"}};
VH_C_PLUGIN(parts);

__attribute__((constructor)) static void on_load(void) {
  const char* path = getenv("VHOST_TEST_TRACE");
  FILE* file = path ? fopen(path, "a") : NULL;
  if (!file) return;
  fputs("constructor\n", file);
  fclose(file);
}

void optional_flush(const vh_host* host);

static int32_t create(const vh_build* build, void** self, vh_error* err) {
  (void)build, (void)err, *self = NULL;
#ifdef HAS_OPTIONAL
  optional_flush(vh_the_host);
#endif
  return VH_OK;
}
static void destroy(void* self) {
  (void)self;
}
static int32_t describe(void* self, const vh_specs* in, vh_spec_sink* sink, vh_error* err) {
  return (void)self, (void)in, (void)sink, (void)err, VH_OK;
}
static int32_t run(void* self, const vh_step* step, vh_error* err) {
  return (void)self, (void)step, (void)err, VH_OK;
}
static int32_t normaliser(void* self, uint32_t* kind, vh_error* err) {
  return (void)self, (void)err, *kind = VH_DIVIDE_SAMPLES, VH_OK;
}
#if VH_TARGET_MINOR >= 2
static int32_t after_epoch(void* self, int64_t epoch, vh_error* err) {
  return (void)self, (void)epoch, (void)err, VH_OK;
}
#endif
static const vh_loss_1 table = {
    sizeof table, 0, create, destroy, describe, run, normaliser,
#if VH_TARGET_MINOR >= 2
    after_epoch,
#endif
};
