/* A convolution cuts the clip into tokens, to each of which the mean of all is added. A backbone makes features of the
 * normalised input, and says what it can do with a mask: here masked tokens are replaced by a learned one.
 * input [B,3,T,H,W] -> features.0 [B,N,width], tokens in the order t, h, w. */
#include <stdlib.h>

#include "vhost/helpers.h"

typedef struct conv {
  vh_services s;
  int64_t width, cell[3];                        /* input samples of a token: t, h, w */
  vh_tensor *embed, *bias, *fc, *fc_bias, *mask; /* the host's: borrowed for the part's life; mask may be NULL */
} conv;

/* All parameters are made in create(), only those that will be used. */
static int32_t make_params(conv* p, const vh_build* build, vh_error* err) {
  const char* uniform = "kaiming_uniform(a=2.236)";
  const vh_spec* input = vh_need_spec(&p->s, build->in, "input", err);
  if (!input) return VH_ERR_ARGUMENT;
  const int64_t w = p->width, kernel[] = {w, vh_axis(input, 'C'), p->cell[0], p->cell[1], p->cell[2]},
                square[] = {w, w};
  int32_t status = vh_make_param(&p->s, build->scope, "embed.weight", uniform, 0, kernel, 5, &p->embed, err);
  if (!status)
    status = vh_make_param(&p->s, build->scope, "embed.bias", "zeros", VH_PARAM_NO_DECAY, &w, 1, &p->bias, err);
  if (!status) status = vh_make_param(&p->s, build->scope, "fc.weight", uniform, 0, square, 2, &p->fc, err);
  if (!status)
    status = vh_make_param(&p->s, build->scope, "fc.bias", "zeros", VH_PARAM_NO_DECAY, &w, 1, &p->fc_bias, err);
  if (!status && p->s.specs->find(build->in, "mask.bool"))
    status = vh_make_param(&p->s, build->scope, "mask_token", "normal(std=0.02)", 0, &w, 1, &p->mask, err);
  return status;
}
static int32_t create(const vh_build* build, void** self, vh_error* err) {
  conv* p = calloc(1, sizeof *p);
  if (!p) return VH_ERR_MEMORY;
  p->s = vh_services_of(build->host);
  int32_t status = p->s.config->get_int(build->params, "/width", &p->width, err);
  for (uint32_t i = 0; i < 3 && !status; ++i)
    status =
        p->s.config->get_int(p->s.config->item(p->s.config->get(build->params, "/patch"), i), "", &p->cell[i], err);
  if (!status) status = make_params(p, build, err);
  if (status)
    free(p);
  else
    *self = p;
  return status;
}
static void destroy(void* self) {
  free(self);
}

/* What comes out, for inputs of any size that fits. */
static int32_t describe(void* self, const vh_specs* in, vh_spec_sink* sink, vh_error* err) {
  const conv* p = self;
  const vh_spec* input = vh_need_spec(&p->s, in, "input", err);
  if (!input) return VH_ERR_ARGUMENT;
  int64_t grid[3];
  for (int i = 0; i < 3; ++i) {
    grid[i] = vh_axis(input, "THW"[i]) / p->cell[i];
    if (grid[i] < 1 || grid[i] * p->cell[i] != vh_axis(input, "THW"[i]))
      return vh_fail(err, VH_ERR_ARGUMENT, "input of %lld along %c can't be cut into cells of %lld",
                     (long long)vh_axis(input, "THW"[i]), "THW"[i], (long long)p -> cell[i]);
  }
  const vh_spec out = vh_tokens_spec("features.0", "features", grid, p->cell, p->width, VH_ALL);
  return sink->add(sink, &out);
}
static int32_t mask_modes(void* self, uint32_t* modes, int64_t unit[3], vh_error* err) {
  (void)err;
  *modes = VH_MASK_NONE | VH_MASK_REPLACE;
  return memcpy(unit, ((conv*)self)->cell, 3 * sizeof *unit), VH_OK;
}

static int32_t run(void* self, const vh_step* step, vh_error* err) {
  const conv* p = self;
  vh_calls c = vh_begin(&p->s, step, err);
  vh_tensor* x =
      vh_call(&c, VH_SCHEMA_CONV3D, vh_t(vh_in(&c, "input")), vh_t(p->embed), vh_t(p->bias), vh_ints(3, p->cell));
  x = vh_call(&c, VH_SCHEMA_FLATTEN, vh_t(x), vh_i(2));
  x = vh_call(&c, VH_SCHEMA_TRANSPOSE, vh_t(x), vh_i(1), vh_i(2)); /* B x N x width */
  if (p->mask) {
    vh_tensor* masked = vh_call(&c, VH_SCHEMA_UNSQUEEZE, vh_t(vh_in(&c, "mask.bool")), vh_i(-1));
    x = vh_call(&c, VH_SCHEMA_WHERE, vh_t(masked), vh_t(p->mask), vh_t(x));
  }
  vh_tensor* mean =
      vh_call(&c, VH_SCHEMA_MEAN_DIM, vh_t(x), vh_ints(1, (const int64_t[]){1}), vh_b(1)); /* B x 1 x width */
  x = vh_call(&c, VH_SCHEMA_LINEAR, vh_t(vh_call(&c, VH_SCHEMA_ADD, vh_t(x), vh_t(mean))), vh_t(p->fc),
              vh_t(p->fc_bias));
  vh_out(&c, "features.0", vh_call(&c, VH_SCHEMA_GELU, vh_t(x)));
  return vh_end(&c);
}

static const vh_backbone_1 table = {sizeof table, VH_CAP_META | VH_CAP_DOUBLE, create, destroy, describe, run,
                                    mask_modes};
// clang-format off
static const vh_c_component parts[] = {{VH_BACKBONE_1, "conv", "One 3-D convolution into tokens that see their mean", &table, VH_JSON({
  "type": "object", "additionalProperties": false, "properties": {
    "width": {"type": "integer", "minimum": 1, "maximum": 4096, "default": 32, "description": "channels of a token"},
    "patch": {"type": "array", "items": {"type": "integer", "minimum": 1}, "minItems": 3, "maxItems": 3, "default": [2, 8, 8],
              "description": "frames, rows and columns of a token"}}})}};
// clang-format on
VH_C_PLUGIN(parts);
