/* Charbonnier's loss, sqrt(d^2 + epsilon^2) per value (Charbonnier et al., ICIP 1994). A loss gives one sum; the host
 * divides it by what normaliser() names, over all micro-batches of a step. pred and target [B,N,C] in fp32 -> loss.sum.
 */
#include <stdlib.h>

#include "vhost/helpers.h"

typedef struct loss {
  vh_services s;
  double epsilon;
  int32_t masked; /* the prediction covers the masked tokens only */
} loss;

static int32_t create(const vh_build* build, void** self, vh_error* err) {
  const vh_services s = vh_services_of(build->host);
  const vh_spec* pred = vh_need_spec(&s, build->in, "pred", err);
  loss* l = pred ? calloc(1, sizeof *l) : NULL;
  if (!l) return pred ? VH_ERR_MEMORY : VH_ERR_ARGUMENT;
  l->s = s;
  l->masked = pred->coverage == VH_MASKED;
  const int32_t status = s.config->get_double(build->params, "/epsilon", &l->epsilon, err);
  if (status)
    free(l);
  else
    *self = l;
  return status;
}
static void destroy(void* self) {
  free(self);
}

/* What comes out. If what arrives doesn't fit, the user reads the message with the file and line of their manifest. */
static int32_t describe(void* self, const vh_specs* in, vh_spec_sink* sink, vh_error* err) {
  const vh_services* s = &((loss*)self)->s;
  const vh_spec sum = {.struct_size = sizeof sum, .key = "loss.sum", .semantic = "loss", .axes = ""};
  const vh_spec *pred = vh_need_spec(s, in, "pred", err), *target = vh_need_spec(s, in, "target", err);
  if (!pred || !target) return VH_ERR_ARGUMENT;
  if (pred->rank != 3 || target->rank != 3 || vh_axis(pred, 'C') != vh_axis(target, 'C'))
    return vh_fail(err, VH_ERR_ARGUMENT, "accepts tokens [B,N,C] with the same C, not [%s] and [%s] of %lld and %lld",
                   pred->axes, target->axes, (long long)vh_axis(pred, 'C'), (long long)vh_axis(target, 'C'));
  return sink->add(sink, &sum);
}

static int32_t run(void* self, const vh_step* step, vh_error* err) {
  const loss* l = self;
  const vh_value tokens = vh_ints(1, (const int64_t[]){1}), values = vh_ints(1, (const int64_t[]){2});
  vh_calls c = vh_begin(&l->s, step, err);
  vh_tensor* x = vh_call(&c, VH_SCHEMA_SUB, vh_t(vh_in(&c, "pred")), vh_t(vh_in(&c, "target"))); /* B x N x C */
  x = vh_call(&c, VH_SCHEMA_ADD_SCALAR, vh_t(vh_call(&c, VH_SCHEMA_MUL, vh_t(x), vh_t(x))),
              vh_d(l->epsilon * l->epsilon));
  x = vh_call(&c, VH_SCHEMA_MEAN_DIM, vh_t(vh_call(&c, VH_SCHEMA_SQRT, vh_t(x))), values); /* B x N */
  x = vh_call(&c, l->masked ? VH_SCHEMA_SUM_DIM : VH_SCHEMA_MEAN_DIM, vh_t(x), tokens);    /* B */
  x = vh_call(&c, VH_SCHEMA_MUL, vh_t(x), vh_t(vh_in(&c, "sample_weight"))); /* the weight is 0 for padding rows */
  vh_out(&c, "loss.sum", vh_call(&c, VH_SCHEMA_SUM, vh_t(x)));
  return vh_end(&c);
}
static int32_t normaliser(void* self, uint32_t* kind, vh_error* err) {
  (void)err;
  *kind = ((loss*)self)->masked ? VH_DIVIDE_MASKED : VH_DIVIDE_SAMPLES;
  return VH_OK;
}

static const vh_loss_1 table = {sizeof table, VH_CAP_META | VH_CAP_DOUBLE, create, destroy, describe, run, normaliser};
/* The manifest's keys: default, range and what `vhost plugin inspect` says about them. */
// clang-format off
static const vh_c_component parts[] = {{VH_LOSS_1, "charbonnier", "A smooth absolute error per token", &table, VH_JSON({
  "type": "object", "additionalProperties": false, "properties": {
    "epsilon": {"type": "number", "exclusiveMinimum": 0, "default": 1e-3, "description": "half-width of the rounded corner"}}})}};
// clang-format on
VH_C_PLUGIN(parts);
