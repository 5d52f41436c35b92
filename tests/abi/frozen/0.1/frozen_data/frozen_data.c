/* Dataset "levels": grey images whose brightness is the label. Frozen: see ../../README.md. */
#include <stdlib.h>

#include "vhost/vhost.h"

typedef struct levels {
  int64_t count, size, classes;
} levels;

static const vh_dataset_1 levels_table;
static const vh_c_component parts[] = {
    {VH_DATASET_1, "levels", "Grey images whose brightness is the label", &levels_table,
     "{\"type\":\"object\",\"properties\":{"
     "\"count\":{\"type\":\"integer\",\"minimum\":1,\"default\":24,\"description\":\"number of images\"},"
     "\"size\":{\"type\":\"integer\",\"minimum\":4,\"default\":16,\"description\":\"width and height in pixels\"},"
     "\"classes\":{\"type\":\"integer\",\"minimum\":2,\"default\":4,\"description\":\"levels of brightness\"}},"
     "\"additionalProperties\":false}"},
};
VH_C_PLUGIN(parts);

static int32_t create(const vh_build* build, void** self, vh_error* err) {
  const vh_config_1* config = vh_the_host->get_service(VH_CONFIG_1);
  const vh_log_1* log = vh_the_host->get_service(VH_LOG_1);
  levels* d = calloc(1, sizeof *d);
  if (!d) return VH_ERR_MEMORY;
  int32_t status = config->get_int(build->params, "/count", &d->count, err);
  if (!status) status = config->get_int(build->params, "/size", &d->size, err);
  if (!status) status = config->get_int(build->params, "/classes", &d->classes, err);
  if (log && VH_HAS(log, write)) log->write(VH_LOG_DEBUG, "frozen_data", "opened");
  if (status)
    free(d);
  else
    *self = d;
  return status;
}
static void destroy(void* self) {
  free(self);
}
static int32_t fields(void* self, uint32_t pass, vh_spec_sink* sink, vh_error* err) {
  const levels* d = self;
  vh_spec image = {.struct_size = sizeof image,
                   .dtype = VH_U8,
                   .key = "image",
                   .semantic = "input",
                   .axes = "VHWC",
                   .rank = 4,
                   .dim = {1, d->size, d->size, 3}};
  vh_spec label = {.struct_size = sizeof label,
                   .dtype = VH_I64,
                   .key = "label",
                   .semantic = "label",
                   .axes = "",
                   .classes = d->classes};
  (void)pass, (void)err;
  const int32_t status = sink->add(sink, &image);
  return status ? status : sink->add(sink, &label);
}
static int32_t length(void* self, int64_t* n, vh_error* err) {
  return (void)err, *n = ((levels*)self)->count, VH_OK;
}
static int32_t read_samples(void* self, const vh_read* r, vh_error* err) {
  const levels* d = self;
  (void)err;
  for (uint32_t k = 0; k < r->n; ++k) {
    vh_random random = vh_random_from(r->pass == VH_PASS_TRAIN ? r->seed[k] : (uint64_t)r->index);
    const int64_t label = r->index % d->classes;
    uint8_t* pixel = r->slot[k]->data[0];
    *(int64_t*)r->slot[k]->data[1] = label;
    for (int64_t i = 0; i < r->slot[k]->bytes[0]; ++i)
      pixel[i] = (uint8_t)(label * 192 / d->classes + vh_random_below(&random, 64));
  }
  return VH_OK;
}
static int32_t say(vh_text_sink* sink, const char* text) {
  uint64_t n = 0;
  while (text[n]) ++n;
  return sink->add(sink, text, n);
}
static int32_t name(void* self, int64_t index, vh_text_sink* sink, vh_error* err) {
  return (void)self, (void)index, (void)err, say(sink, "level");
}
static int32_t class_name(void* self, int64_t label, vh_text_sink* sink, vh_error* err) {
  return (void)self, (void)err, say(sink, label ? "bright" : "dark");
}
static int32_t fingerprint(void* self, vh_text_sink* sink, vh_error* err) {
  return (void)self, (void)err, say(sink, "levels 1");
}
static const vh_dataset_1 levels_table = {sizeof levels_table, 0,    create,     destroy,    fields, length,
                                          read_samples,        name, class_name, fingerprint};
