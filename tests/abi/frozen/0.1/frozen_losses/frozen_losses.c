/* Losses "cross_entropy", out of the host's operators, and "square", with its own forward and backward on the CPU.
 * Frozen: see
 * ../../README.md. */
#include <stdlib.h>

#include "vhost/op_schemas.h"
#include "vhost/vhost.h"

static const vh_loss_1 cross_entropy_table, square_table;
static const vh_c_component parts[] = {
    {VH_LOSS_1, "cross_entropy", "Cross-entropy per sample", &cross_entropy_table,
     "{\"type\":\"object\",\"properties\":{},\"additionalProperties\":false}"},
    {VH_LOSS_1, "square", "Squared distance to the one-hot label", &square_table,
     "{\"type\":\"object\",\"properties\":{"
     "\"scale\":{\"type\":\"number\",\"exclusiveMinimum\":0,\"default\":1.0,\"description\":\"factor\"}},"
     "\"additionalProperties\":false}"},
};
VH_C_PLUGIN(parts);

static const void* service(const char* id) {
  return vh_the_host->get_service(id);
}
static const vh_tensor_1* T(void) {
  return service(VH_TENSOR_1);
}
static const vh_map_1* M(void) {
  return service(VH_MAP_1);
}

/* Both */
static int32_t describe(void* self, const vh_specs* in, vh_spec_sink* sink, vh_error* err) {
  vh_spec sum = {.struct_size = sizeof sum, .key = "loss.sum", .semantic = "loss", .axes = ""};
  return (void)self, (void)in, (void)err, sink->add(sink, &sum);
}
static int32_t normaliser(void* self, uint32_t* kind, vh_error* err) {
  return (void)self, (void)err, *kind = VH_DIVIDE_SAMPLES, VH_OK;
}
static void destroy(void* self) {
  free(self);
}

/* cross_entropy */
static vh_value tensor(vh_tensor* t) {
  return (vh_value){.tag = VH_TENSOR, .v.t = t};
}
static int32_t call(const char* schema, const vh_value* args, uint32_t n, vh_tensor** out, vh_error* err) {
  const vh_ops_1* ops = service(VH_OPS_1);
  const vh_op* op = ops->find(schema, err);
  vh_value result = {0};
  if (!op) return VH_ERR_UNSUPPORTED;
  const int32_t status = ops->call(op, args, n, &result, 1, err);
  *out = status ? NULL : result.v.t;
  return status;
}
static int32_t cross_entropy_create(const vh_build* build, void** self, vh_error* err) {
  return (void)build, (void)err, *self = NULL, VH_OK;
}
static int32_t cross_entropy_run(void* self, const vh_step* step, vh_error* err) {
  vh_tensor *each = NULL, *weighted = NULL, *sum = NULL;
  const vh_value args[] = {
      tensor(M()->get(step->in, "pred")), tensor(M()->get(step->in, "target")), {.tag = VH_NONE}, {.tag = VH_INT}};
  (void)self;
  int32_t status = call(VH_SCHEMA_CROSS_ENTROPY_LOSS, args, 4, &each, err); /* reduction 0: none */
  const vh_value product[] = {tensor(each), tensor(M()->get(step->in, "sample_weight"))};
  if (!status) status = call(VH_SCHEMA_MUL, product, 2, &weighted, err);
  const vh_value all[] = {tensor(weighted)};
  if (!status) status = call(VH_SCHEMA_SUM, all, 1, &sum, err);
  if (!status) status = M()->put(step->out, "loss.sum", sum);
  T()->release(each), T()->release(weighted), T()->release(sum);
  return status;
}
static const vh_loss_1 cross_entropy_table = {
    sizeof cross_entropy_table, VH_CAP_META, cross_entropy_create, destroy, describe, cross_entropy_run, normaliser};

/* square */
static int32_t shape(void* ctx, vh_tensor* const* in, uint32_t n_in, vh_spec_sink* sink, vh_error* err) {
  vh_spec sum = {.struct_size = sizeof sum, .dtype = T()->dtype(in[0]), .key = "sum", .semantic = "loss", .axes = ""};
  return (void)ctx, (void)n_in, (void)err, sink->add(sink, &sum);
}
/* in: pred [B,K] f32, label [B] i64, sample_weight [B] f32 -> out: the weighted sum; saved: d sum / d pred */
static int32_t forward(void* ctx, vh_tensor* const* in, uint32_t n_in, vh_tensor** out, uint32_t n_out, vh_map* save,
                       vh_error* err) {
  const double scale = *(double*)ctx;
  const int64_t *size = T()->sizes(in[0]), *label = T()->data(in[1]);
  const float *pred = T()->data(in[0]), *weight = T()->data(in[2]);
  vh_tensor* slope = NULL;
  double sum = 0;
  (void)n_in, (void)n_out;
  int32_t status = T()->empty(size, 2, VH_F32, VH_CPU, 0, &slope, err);
  if (status) return status;
  float* s = T()->data_mut(slope, err);
  for (int64_t i = 0; i < size[0] * size[1]; ++i) {
    const double d = pred[i] - (i % size[1] == label[i / size[1]]), w = scale * weight[i / size[1]];
    sum += w * d * d;
    s[i] = (float)(2 * w * d);
  }
  const float result = (float)sum;
  status = T()->from_host(&result, NULL, 0, VH_F32, VH_CPU, 0, &out[0], err);
  if (!status) status = M()->put(save, "slope", slope);
  T()->release(slope);
  return status;
}
static int32_t backward(void* ctx, const vh_map* saved, vh_tensor* const* grad_out, vh_tensor** grad_in,
                        vh_error* err) {
  vh_tensor* slope = M()->get(saved, "slope");
  const int64_t* size = T()->sizes(slope);
  const float *s = T()->data(slope), g = grad_out[0] ? *(const float*)T()->data(grad_out[0]) : 0;
  (void)ctx;
  const int32_t status = T()->empty(size, 2, VH_F32, VH_CPU, 0, &grad_in[0], err);
  if (status) return status;
  float* out = T()->data_mut(grad_in[0], err);
  for (int64_t i = 0; i < size[0] * size[1]; ++i) out[i] = g * s[i];
  return VH_OK;
}
static const vh_function function = {sizeof function, VH_FN_FP32 | VH_FN_CONTIGUOUS, shape, forward, backward, NULL};

static int32_t square_create(const vh_build* build, void** self, vh_error* err) {
  const vh_config_1* config = service(VH_CONFIG_1);
  double* scale = malloc(sizeof *scale);
  if (!scale) return VH_ERR_MEMORY;
  const int32_t status = config->get_double(build->params, "/scale", scale, err);
  if (status)
    free(scale);
  else
    *self = scale;
  return status;
}
static int32_t square_run(void* self, const vh_step* step, vh_error* err) {
  const vh_autograd_1* autograd = service(VH_AUTOGRAD_1);
  vh_tensor *in[3] = {M()->get(step->in, "pred"), M()->get(step->in, "target"), M()->get(step->in, "sample_weight")},
            *sum = NULL;
  int32_t status = autograd->apply(&function, self, in, 3, &sum, 1, err);
  if (!status) status = M()->put(step->out, "loss.sum", sum);
  T()->release(sum);
  return status;
}
static const vh_loss_1 square_table = {sizeof square_table, VH_CAP_META, square_create, destroy, describe,
                                       square_run,          normaliser};
