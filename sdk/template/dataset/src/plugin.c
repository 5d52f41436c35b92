/* Clips of stripes that drift to the left or to the right, made from the sample's seed. A dataset states the fields of
 * one sample and writes them where the host wants them, from many threads at once. No single frame tells the class. */
#include <stdlib.h>

#include "vhost/helpers.h"

typedef struct drift {
  int64_t count, frames, size;
} drift;

/* Lists and caches are opened here; a missing one is VH_ERR_PARAM. */
static int32_t create(const vh_build* build, void** self, vh_error* err) {
  const vh_config_1* config = vh_services_of(build->host).config;
  drift* d = calloc(1, sizeof *d);
  if (!d) return VH_ERR_MEMORY;
  int32_t status = config->get_int(build->params, "/count", &d->count, err);
  if (!status) status = config->get_int(build->params, "/frames", &d->frames, err);
  if (!status) status = config->get_int(build->params, "/size", &d->size, err);
  if (status)
    free(d);
  else
    *self = d;
  return status;
}
static void destroy(void* self) {
  free(self);
}

/* One sample, no batch axis. V = views: crops or clips of one video at evaluation. */
static int32_t fields(void* self, uint32_t pass, vh_spec_sink* sink, vh_error* err) {
  const drift* d = self;
  const vh_spec video = {.struct_size = sizeof video,
                         .dtype = VH_U8,
                         .key = "video",
                         .semantic = "input",
                         .axes = "VTHWC",
                         .rank = 5,
                         .dim = {1, d->frames, d->size, d->size, 3}};
  const vh_spec label = {
      .struct_size = sizeof label, .dtype = VH_I64, .key = "label", .semantic = "label", .axes = "", .classes = 2};
  const int32_t status = sink->add(sink, &video);
  (void)pass, (void)err;
  return status ? status : sink->add(sink, &label);
}
static int32_t length(void* self, int64_t* n, vh_error* err) {
  (void)err;
  *n = ((drift*)self)->count;
  return VH_OK;
}

/* [worker] n augmentations of one sample, each a function of its seed alone. A file that can't be read: VH_ERR_DATA
 * with its path in err->where; the host then takes another sample, and says so. */
static int32_t read_sample(void* self, const vh_read* r, vh_error* err) {
  const drift* d = self;
  const int64_t label = r->index % 2, step = label ? 1 : -1;
  (void)err;
  for (uint32_t k = 0; k < r->n; ++k) {
    vh_random random = vh_random_from(vh_hash2((uint64_t)r->index, r->pass == VH_PASS_TRAIN ? r->seed[k] : 0));
    const int64_t phase = 8 * d->frames + vh_random_below(&random, 8);
    uint8_t* pixel = r->slot[k]->data[0];
    *(int64_t*)r->slot[k]->data[1] = label;
    for (int64_t t = 0; t < d->frames; ++t)
      for (int64_t y = 0; y < d->size; ++y)
        for (int64_t x = 0; x < d->size; ++x, pixel += 3) {
          const int bright = (x - step * t + phase) % 8 < 4;
          pixel[0] = pixel[1] = pixel[2] = (uint8_t)((bright ? 191 : 0) + vh_random_below(&random, 64));
        }
  }
  return VH_OK;
}
static int32_t name(void* self, int64_t index, vh_text_sink* sink, vh_error* err) {
  return (void)self, (void)err, vh_add_text(sink, "drift/%lld", (long long)index); /* errors name the sample so */
}
static int32_t class_name(void* self, int64_t label, vh_text_sink* sink, vh_error* err) {
  return (void)self, (void)err, vh_add_text(sink, "%s", label ? "right" : "left");
}
static int32_t fingerprint(void* self, vh_text_sink* sink, vh_error* err) {
  return (void)err, vh_add_text(sink, "n=%lld", (long long)((drift*)self)->count); /* goes into every result */
}

static const vh_dataset_1 table = {sizeof table, 0,           create, destroy,    fields,
                                   length,       read_sample, name,   class_name, fingerprint};
/* The manifest's keys: default, range and what `vhost plugin inspect` says about them. */
// clang-format off
static const vh_c_component parts[] = {{VH_DATASET_1, "drift", "Stripes that drift to the left or to the right", &table, VH_JSON({
  "type": "object", "additionalProperties": false, "properties": {
    "count": {"type": "integer", "minimum": 1, "maximum": 1000000000, "default": 64, "description": "number of clips"},
    "frames": {"type": "integer", "minimum": 2, "maximum": 64, "default": 8, "description": "frames of a clip"},
    "size": {"type": "integer", "minimum": 8, "maximum": 512, "default": 32, "description": "width and height in pixels"}}})}};
// clang-format on
VH_C_PLUGIN(parts);
