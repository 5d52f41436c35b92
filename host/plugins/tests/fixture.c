/* A plugin that is unfit in one way, chosen by the macros below; with none of them it is fit. Its constructor and its
 * init each add a line to the file that VHOST_TEST_TRACE names. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vhost/vhost.h"

#ifndef MAGIC
#define MAGIC VH_PLUGIN_MAGIC
#endif
#ifndef MAJOR
#define MAJOR VH_ABI_MAJOR
#endif
#ifndef MINOR
#define MINOR VH_ABI_MINOR
#endif
#ifndef TARGET
#define TARGET VH_ABI_MINOR_OLDEST
#endif
#ifndef TAG
#define TAG "c11"
#endif
#ifndef ENTRY_SIZE
#define ENTRY_SIZE sizeof(vh_plugin_entry)
#endif
#ifndef TABLE_SIZE
#define TABLE_SIZE sizeof(vh_loss_1)
#endif
#ifndef RUN
#define RUN run
#endif
#ifndef ENTRY_MAGIC
#define ENTRY_MAGIC MAGIC
#endif
#ifndef ENTRY_TARGET
#define ENTRY_TARGET TARGET
#endif

static void trace(const char* line) {
  const char* path = getenv("VHOST_TEST_TRACE");
  FILE* file = path ? fopen(path, "a") : NULL;
  if (!file) return;
  fprintf(file, "%s\n", line);
  fclose(file);
}

__attribute__((constructor)) static void on_load(void) {
  trace("constructor");
}

static int32_t init(const vh_host* host, vh_error* err) {
  trace("init");
  (void)host;
#ifdef INIT_FAILS
  err->code = VH_ERR_UNSUPPORTED;
  strcpy(err->message, "needs a Tuesday");
  return VH_ERR_UNSUPPORTED;
#else
  (void)err;
  return VH_OK;
#endif
}

#define UNUSED __attribute__((unused))
UNUSED static int32_t create(const vh_build* build, void** self, vh_error* err) {
  return (void)build, (void)err, *self = NULL, VH_OK;
}
UNUSED static void destroy(void* self) {
  (void)self;
}
UNUSED static int32_t describe(void* self, const vh_specs* in, vh_spec_sink* sink, vh_error* err) {
  return (void)self, (void)in, (void)sink, (void)err, VH_OK;
}
UNUSED static int32_t run(void* self, const vh_step* step, vh_error* err) {
  return (void)self, (void)step, (void)err, VH_OK;
}
UNUSED static int32_t normaliser(void* self, uint32_t* kind, vh_error* err) {
  return (void)self, (void)err, *kind = VH_DIVIDE_SAMPLES, VH_OK;
}

static const void* get(const char* interface_id, const char* component) {
#ifdef GET_NULL
  (void)interface_id, (void)component;
  return NULL;
#else
  static const vh_loss_1 table = {TABLE_SIZE, 0, create, destroy, describe, RUN, normaliser};
  return strcmp(interface_id, VH_LOSS_1) == 0 && strcmp(component, "mse") == 0 ? &table : NULL;
#endif
}

#ifndef NO_NOTE
__attribute__((section(".note.vhost"), used, aligned(4))) static const vh_elf_note note = {
    6u, 48u, 1u, {'v', 'h', 'o', 's', 't', 0, 0, 0}, MAGIC, MAJOR, MINOR, TARGET, TAG};
#endif

#ifdef SECOND_NOTE
__attribute__((section(".note.vhost"), used, aligned(4))) static const vh_elf_note second_note = {
    6u, 48u, 1u, {'v', 'h', 'o', 's', 't', 0, 0, 0}, MAGIC, MAJOR, MINOR, SECOND_NOTE, TAG};
#endif

#ifdef NO_EXPORT
#define EXPORT static
#else
#define EXPORT VH_EXPORT
EXPORT extern const vh_plugin_entry vh_plugin_entry_v1;
#endif
EXPORT const vh_plugin_entry vh_plugin_entry_v1
#ifdef NO_EXPORT
    __attribute__((used))
#endif
    = {ENTRY_SIZE, ENTRY_MAGIC, MAJOR, MINOR, ENTRY_TARGET, 0, init, NULL, get};
