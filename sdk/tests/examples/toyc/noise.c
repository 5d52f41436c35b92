/* Dataset: images of noise around a brightness that the label chooses. */
#include <stdio.h>
#include <stdlib.h>

#include "toyc.h"

typedef struct noise {
  int64_t count, size, classes;
} noise;

static int32_t create(const vh_build* build, void** self, vh_error* err) {
  const vh_config_1* config = toyc_host()->get_service(VH_CONFIG_1);
  noise* d = calloc(1, sizeof *d);
  if (!d) return VH_ERR_MEMORY;
  int32_t status = config->get_int(build->params, "/count", &d->count, err);
  if (!status) status = config->get_int(build->params, "/size", &d->size, err);
  if (!status) status = config->get_int(build->params, "/classes", &d->classes, err);
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
  const noise* d = self;
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
  int32_t status = sink->add(sink, &image);
  return status ? status : sink->add(sink, &label);
}
static int32_t length(void* self, int64_t* n, vh_error* err) {
  (void)err;
  *n = ((noise*)self)->count;
  return VH_OK;
}
static int32_t read_sample(void* self, const vh_read* r, vh_error* err) {
  const noise* d = self;
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
static int32_t text(vh_text_sink* sink, const char* what, int64_t i) {
  char line[64];
  return sink->add(sink, line, (uint64_t)snprintf(line, sizeof line, "%s%lld", what, (long long)i));
}
static int32_t name(void* self, int64_t i, vh_text_sink* s, vh_error* e) {
  return (void)self, (void)e, text(s, "noise/", i);
}
static int32_t class_name(void* self, int64_t i, vh_text_sink* s, vh_error* e) {
  return (void)self, (void)e, text(s, "level ", i);
}
static int32_t fingerprint(void* self, vh_text_sink* s, vh_error* e) {
  return (void)e, text(s, "n=", ((noise*)self)->count);
}

const vh_dataset_1 toyc_noise = {sizeof toyc_noise, 0,    create,     destroy,    fields, length,
                                 read_sample,       name, class_name, fingerprint};
