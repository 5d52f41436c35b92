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

static const void* get(const char* interface_id, const char* component) {
#ifdef GET_NULL
  (void)interface_id, (void)component;
  return NULL;
#else
  static const uint32_t table[2] = {sizeof(table), 0};
  return strcmp(interface_id, VH_LOSS_1) == 0 && strcmp(component, "mse") == 0 ? table : NULL;
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
