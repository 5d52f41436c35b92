/* The one exported datum of a plugin, and how it lists what it holds. Authors use VH_PLUGIN (C++, cpp/plugin.hpp) or
 * VH_C_PLUGIN (C, below); both fill in every version field and the ELF note. */
#ifndef VHOST_PLUGIN_H
#define VHOST_PLUGIN_H
#include "types.h"
#ifdef __cplusplus
extern "C" {
#endif

#define VH_PLUGIN_1 "vh.plugin/1"

/* Exported as the data symbol `vh_plugin_entry_v1`: a plugin exports only this, and imports nothing of ours. */
typedef struct vh_plugin_entry {
  /* VH_PLUGIN_MAGIC, the headers' VH_ABI_MAJOR and VH_ABI_MINOR, and VH_TARGET_MINOR, the oldest host that will do. */
  uint32_t struct_size, magic, abi_major, abi_minor, target_minor, reserved;
  int32_t (*init)(const vh_host*, vh_error*); /* [setup] once, before get; non-zero = the plugin is refused */
  void (*deinit)(void);                       /* [setup] at most once, after all objects are gone; may never come */
  /* [any] The table of an interface for a component, e.g. ("vh.head/1", "tsn"); NULL = not served. Static storage. */
  const void* (*get)(const char* interface_id, const char* component);
  /* -- minor 1 -- */
} vh_plugin_entry;

/* A copy of the entry's numbers in ELF note section ".note.vhost" (name "vhost", type 1): read from the file before
 * dlopen, so that an unfit binary is refused before any of its code runs. */
typedef struct vh_elf_note {
  uint32_t name_size, desc_size, type;                /* 6, 48, 1, as ELF wants it */
  char name[8];                                       /* "vhost" */
  uint32_t magic, abi_major, abi_minor, target_minor; /* as in vh_plugin_entry */
  char build_tag[32]; /* "c11" or "c++20" for the C ABI tier; compared with plugin.json's "build" */
} vh_elf_note;

/* One part that the plugin offers. */
typedef struct vh_component {
  uint32_t struct_size, reserved;
  const char* interface_id; /* "vh.loss/1" */
  const char* name;         /* "mse": [a-z0-9_]+ */
  const char* summary;      /* one line */
  const char* schema;       /* JSON Schema of its parameters: see docs/manifest.md for the subset */
  /* -- minor 1 -- */
} vh_component;

typedef struct vh_component_sink {
  uint32_t struct_size, reserved;
  int32_t (*add)(struct vh_component_sink*, const vh_component*); /* [setup] copies *component and its texts */
  /* -- minor 1 -- */
} vh_component_sink;

/* Interface "vh.plugin/1", served by get(VH_PLUGIN_1, ""). */
typedef struct vh_plugin_1 {
  uint32_t struct_size, reserved;
  int32_t (*components)(vh_component_sink*, vh_error*); /* [setup] may be called before init; pure */
  /* -- minor 1 -- */
} vh_plugin_1;

#if defined(__cplusplus)
#define VH_BUILD_TAG "c++20"
#define VH_EXTERN_C extern "C"
#else
#define VH_BUILD_TAG "c11"
#define VH_EXTERN_C extern
#endif
#define VH_EXPORT __attribute__((visibility("default")))
#define VH_ELF_NOTE                                                                                         \
  __attribute__((section(".note.vhost"), used, aligned(4))) static const vh_elf_note vh_plugin_elf_note = { \
      6u,                                                                                                   \
      (uint32_t)(4 * sizeof(uint32_t) + 32),                                                                \
      1u,                                                                                                   \
      {'v', 'h', 'o', 's', 't', 0, 0, 0},                                                                   \
      VH_PLUGIN_MAGIC,                                                                                      \
      VH_ABI_MAJOR,                                                                                         \
      VH_ABI_MINOR,                                                                                         \
      (uint32_t)(VH_TARGET_MINOR),                                                                          \
      VH_BUILD_TAG}

/* The note and the entry, with every version field filled in: what VH_PLUGIN and VH_C_PLUGIN end with. At file scope,
 * once in a plugin. */
#define VH_PLUGIN_ENTRY(init, deinit, get)                        \
  VH_ELF_NOTE;                                                    \
  VH_EXTERN_C VH_EXPORT const vh_plugin_entry vh_plugin_entry_v1; \
  const vh_plugin_entry vh_plugin_entry_v1 = {                    \
      sizeof(vh_plugin_entry), VH_PLUGIN_MAGIC, VH_ABI_MAJOR, VH_ABI_MINOR, VH_TARGET_MINOR, 0, init, deinit, get}

/* VH_C_PLUGIN(list) for plain C. `list` is an array of vh_c_component; the host pointer arrives in `vh_the_host`. Used
 * once, in one file:
 *     static const vh_c_component parts[] = {{VH_LOSS_1, "huber", "Huber loss", &table, "{...}"}};
 *     VH_C_PLUGIN(parts) */
typedef struct vh_c_component {
  const char *interface_id, *name, *summary;
  const void* table;
  const char* schema;
} vh_c_component;

#define VH_C_PLUGIN(list)                                                                                              \
  static const vh_host* vh_the_host;                                                                                   \
  static int vh_same_text(const char* a, const char* b) {                                                              \
    while (*a && *a == *b) ++a, ++b;                                                                                   \
    return *a == *b;                                                                                                   \
  }                                                                                                                    \
  static int32_t vh_c_components(vh_component_sink* sink, vh_error* err) {                                             \
    (void)err;                                                                                                         \
    for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); ++i) {                                                      \
      vh_component c = {sizeof(vh_component), 0, list[i].interface_id, list[i].name, list[i].summary, list[i].schema}; \
      int32_t status = sink->add(sink, &c);                                                                            \
      if (status) return status;                                                                                       \
    }                                                                                                                  \
    return VH_OK;                                                                                                      \
  }                                                                                                                    \
  static const vh_plugin_1 vh_c_plugin_table = {sizeof(vh_plugin_1), 0, vh_c_components};                              \
  static int32_t vh_c_init(const vh_host* host, vh_error* err) {                                                       \
    (void)err;                                                                                                         \
    vh_the_host = host;                                                                                                \
    return VH_OK;                                                                                                      \
  }                                                                                                                    \
  static void vh_c_deinit(void) {}                                                                                     \
  static const void* vh_c_get(const char* interface_id, const char* component) {                                       \
    if (vh_same_text(interface_id, VH_PLUGIN_1)) return &vh_c_plugin_table;                                            \
    for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); ++i)                                                        \
      if (vh_same_text(interface_id, list[i].interface_id) && vh_same_text(component, list[i].name))                   \
        return list[i].table;                                                                                          \
    return NULL;                                                                                                       \
  }                                                                                                                    \
  VH_PLUGIN_ENTRY(vh_c_init, vh_c_deinit, vh_c_get)

#ifdef __cplusplus
}
#endif
#endif
