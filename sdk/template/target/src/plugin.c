/* The pixels of each token's cube, as what a masked model must predict. A target sees the raw frames and the grid of
 * the backbone's tokens; it runs in fp32 and without gradients. raw u8 [B,T,H,W,3] -> target.pixels [B,N,t*h*w*3]; the
 * host gathers the masked tokens from it. */
#include <stdlib.h>

#include "vhost/helpers.h"

typedef struct pixels {
  vh_services s;
  int32_t centred;
  int64_t cube[3], values; /* input samples of a token: t, h, w; and its numbers */
} pixels;

static int32_t create(const vh_build* build, void** self, vh_error* err) {
  const vh_services s = vh_services_of(build->host);
  const vh_spec* features = vh_need_spec(&s, build->in, "features.0", err);
  if (!features) return VH_ERR_ARGUMENT;
  if (features->stride[0] < 1) return vh_fail(err, VH_ERR_ARGUMENT, "accepts features on a grid of tokens");
  pixels* p = calloc(1, sizeof *p);
  if (!p) return VH_ERR_MEMORY;
  p->s = s;
  for (int i = 0; i < 3; ++i) p->cube[i] = features->stride[i];
  p->values = 3 * p->cube[0] * p->cube[1] * p->cube[2];
  const int32_t status = s.config->get_bool(build->params, "/centred", &p->centred, err);
  if (status)
    free(p);
  else
    *self = p;
  return status;
}
static void destroy(void* self) {
  free(self);
}

static int32_t describe(void* self, const vh_specs* in, vh_spec_sink* sink, vh_error* err) {
  const pixels* p = self;
  const vh_spec* features = vh_need_spec(&p->s, in, "features.0", err);
  if (!features) return VH_ERR_ARGUMENT;
  const vh_spec out = vh_tokens_spec("target.pixels", "target", features->grid, p->cube, p->values, VH_ALL);
  return sink->add(sink, &out);
}

static int32_t run(void* self, const vh_step* step, vh_error* err) {
  const pixels* p = self;
  vh_calls c = vh_begin(&p->s, step, err);
  vh_tensor *raw = vh_in(&c, "raw"), *input = vh_in(&c, "input");
  if (!raw || !input) return vh_end(&c);
  const int64_t *size = p->s.tensor->sizes(raw), b = size[0];
  const int64_t t = size[1] / p->cube[0], h = size[2] / p->cube[1], w = size[3] / p->cube[2];
  const int64_t split[] = {b, t, p->cube[0], h, p->cube[1], w, p->cube[2], 3};
  const int64_t order[] = {0, 1, 3, 5, 2, 4, 6, 7}, tokens[] = {b, t * h * w, p->values};
  vh_tensor* x = vh_call(&c, VH_SCHEMA_VIEW, vh_t(raw), vh_ints(8, split));
  x = vh_call(&c, VH_SCHEMA_PERMUTE, vh_t(x), vh_ints(8, order));
  x = vh_call(&c, VH_SCHEMA_RESHAPE, vh_t(x), vh_ints(3, tokens)); /* B x N x cube */
  x = vh_call(&c, VH_SCHEMA_TYPE_AS, vh_t(x), vh_t(input));
  x = vh_call(&c, VH_SCHEMA_DIV_SCALAR, vh_t(x), vh_d(p->centred ? 127.5 : 255));
  if (p->centred) x = vh_call(&c, VH_SCHEMA_SUB_SCALAR, vh_t(x), vh_d(1));
  vh_out(&c, "target.pixels", x);
  return vh_end(&c);
}

/* The last slot, after_step, may be empty. */
static const vh_target_1 table = {sizeof table, VH_CAP_META | VH_CAP_DOUBLE, create, destroy, describe, run, NULL};
/* The manifest's keys: default, range and what `vhost plugin inspect` says about them. */
// clang-format off
static const vh_c_component parts[] = {{VH_TARGET_1, "pixels", "The pixels of each token's cube", &table, VH_JSON({
  "type": "object", "additionalProperties": false, "properties": {
    "centred": {"type": "boolean", "default": false, "description": "-1 to 1 in place of 0 to 1"}}})}};
// clang-format on
VH_C_PLUGIN(parts);
