/* One linear layer on the backbone's tokens. A head is told what is wanted: a target, of which it predicts the last
 * axis for each token, or labels, for which it gives one row of logits per sample. features.0 [B,N,C] -> pred.NAME
 * [B,Nm,width] for target.NAME, of the masked tokens if there is a mask; or pred.logits [B,K]. */
#include <stdlib.h>

#include "vhost/helpers.h"

typedef struct linear {
  vh_services s;
  char key[80]; /* "pred.pixels" */
  int32_t labels, masked;
  int64_t prefix, width;    /* class tokens before the grid's; numbers per token, or classes */
  vh_tensor *weight, *bias; /* the host's: borrowed for the part's life, their content may be swapped */
} linear;

/* What comes out. If what arrives doesn't fit, the user reads the message with the file and line of their manifest. */
static int32_t describe(void* self, const vh_specs* in, vh_spec_sink* sink, vh_error* err) {
  const linear* l = self;
  const vh_spec* f = vh_need_spec(&l->s, in, "features.0", err);
  if (!f) return VH_ERR_ARGUMENT;
  if (f->rank != 3 || f->coverage != VH_ALL)
    return vh_fail(err, VH_ERR_ARGUMENT, "accepts tokens [B,N,C] of the whole grid, not [%s]", f->axes);
  const vh_spec logits = {.struct_size = sizeof logits,
                          .key = l->key,
                          .semantic = "logits",
                          .axes = "BK",
                          .rank = 2,
                          .dim = {VH_DIM_BATCH, l->width},
                          .classes = l->width};
  const vh_spec tokens = vh_tokens_spec(l->key, "tokens", f->grid, f->stride, l->width, l->masked ? VH_MASKED : VH_ALL);
  return sink->add(sink, l->labels ? &logits : &tokens);
}

static int32_t nowhere(vh_spec_sink* sink, const vh_spec* spec) {
  return (void)sink, (void)spec, VH_OK;
}
static int32_t create(const vh_build* build, void** self, vh_error* err) {
  const vh_services s = vh_services_of(build->host);
  const vh_spec *want = s.specs->at(build->want, 0), *f = vh_need_spec(&s, build->in, "features.0", err);
  if (!want) return vh_fail(err, VH_ERR_ARGUMENT, "nothing says what to predict: no target, and no label with classes");
  linear* l = f ? calloc(1, sizeof *l) : NULL;
  if (!l) return f ? VH_ERR_MEMORY : VH_ERR_ARGUMENT;
  l->s = s;
  l->labels = want->classes > 0;
  l->prefix = f->prefix_tokens;
  l->masked = !l->labels && s.specs->find(build->in, "mask.masked_index");
  l->width = l->labels ? want->classes : vh_axis(want, 'C');
  const char* dot = strchr(want->key, '.');
  snprintf(l->key, sizeof l->key, "pred.%s", l->labels ? "logits" : dot ? dot + 1 : want->key);
  const int64_t shape[] = {l->width, vh_axis(f, 'C')};
  vh_spec_sink sink = {sizeof sink, 0, nowhere};
  int32_t status = describe(l, build->in, &sink, err);
  if (!status)
    status = vh_make_param(&s, build->scope, "fc.weight", "kaiming_uniform(a=2.236)", 0, shape, 2, &l->weight, err);
  if (!status) status = vh_make_param(&s, build->scope, "fc.bias", "zeros", VH_PARAM_NO_DECAY, shape, 1, &l->bias, err);
  if (status)
    free(l);
  else
    *self = l;
  return status;
}
static void destroy(void* self) {
  free(self);
}

static int32_t run(void* self, const vh_step* step, vh_error* err) {
  const linear* l = self;
  vh_calls c = vh_begin(&l->s, step, err);
  vh_tensor* x = vh_in(&c, "features.0"); /* B x N x C */
  if (l->labels) x = vh_call(&c, VH_SCHEMA_MEAN_DIM, vh_t(x), vh_ints(1, (const int64_t[]){1}));
  if (!l->labels && l->prefix > 0) x = vh_call(&c, VH_SCHEMA_SLICE, vh_t(x), vh_i(1), vh_i(l->prefix));
  if (l->masked) { /* B x Nm x C */
    vh_tensor* index = vh_call(&c, VH_SCHEMA_UNSQUEEZE, vh_t(vh_in(&c, "mask.masked_index")), vh_i(-1));
    x = vh_call(&c, VH_SCHEMA_TAKE_ALONG_DIM, vh_t(x), vh_t(index), vh_i(1));
  }
  vh_out(&c, l->key, vh_call(&c, VH_SCHEMA_LINEAR, vh_t(x), vh_t(l->weight), vh_t(l->bias)));
  return vh_end(&c);
}

static const vh_head_1 table = {sizeof table, VH_CAP_META | VH_CAP_DOUBLE, create, destroy, describe, run};
// clang-format off
static const vh_c_component parts[] = {{VH_HEAD_1, "linear", "One linear layer: per token, or on the tokens' mean", &table,
  VH_JSON({"type": "object", "additionalProperties": false, "properties": {}})}};
// clang-format on
VH_C_PLUGIN(parts);
