/* Loss: Huber's, summed over the classes, with its own forward and backward on the CPU. in: pred [B,K], target [B]
 * labels. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "toyc.h"

typedef struct huber {
  double delta;
} huber;

static const vh_tensor_1* T(void) {
  return toyc_host()->get_service(VH_TENSOR_1);
}
static const vh_map_1* M(void) {
  return toyc_host()->get_service(VH_MAP_1);
}

static int32_t shape(void* ctx, vh_tensor* const* in, uint32_t n_in, vh_spec_sink* sink, vh_error* err) {
  vh_spec sum = {.struct_size = sizeof sum, .dtype = T()->dtype(in[0]), .key = "sum", .semantic = "loss", .axes = ""};
  return (void)ctx, (void)n_in, (void)err, sink->add(sink, &sum);
}
/* in: pred [B,K] f32, label [B] i64, sample_weight [B] f32 -> out: the weighted sum; saved: d sum / d pred */
static int32_t forward(void* ctx, vh_tensor* const* in, uint32_t n_in, vh_tensor** out, uint32_t n_out, vh_map* save,
                       vh_error* err) {
  const double delta = ((huber*)ctx)->delta;
  const int64_t *size = T()->sizes(in[0]), *label = T()->data(in[1]);
  const float *pred = T()->data(in[0]), *weight = T()->data(in[2]);
  vh_tensor* slope = NULL;
  double sum = 0;
  (void)n_in, (void)n_out;
  int32_t status = T()->empty(size, 2, VH_F32, VH_CPU, 0, &slope, err);
  if (status) return status;
  float* s = T()->data_mut(slope, err);
  for (int64_t i = 0; i < size[0] * size[1]; ++i) {
    const int64_t row = i / size[1];
    const double d = pred[i] - (i % size[1] == label[row]), a = fabs(d), w = weight[row];
    sum += w * (a < delta ? 0.5 * d * d : delta * (a - 0.5 * delta));
    s[i] = (float)(w * (a < delta ? d : copysign(delta, d)));
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

static int32_t create(const vh_build* build, void** self, vh_error* err) {
  const vh_config_1* config = toyc_host()->get_service(VH_CONFIG_1);
  huber* h = malloc(sizeof *h);
  if (!h) return VH_ERR_MEMORY;
  const int32_t status = config->get_double(build->params, "/delta", &h->delta, err);
  if (status)
    free(h);
  else
    *self = h;
  return status;
}
static void destroy(void* self) {
  free(self);
}
static int32_t describe(void* self, const vh_specs* in, vh_spec_sink* sink, vh_error* err) {
  const vh_specs_1* specs = toyc_host()->get_service(VH_SPECS_1);
  const vh_spec *pred = specs->find(in, "pred"), *target = specs->find(in, "target");
  if (!pred || !target || pred->rank != 2 || target->rank != 1 || target->dtype != VH_I64) {
    if (err) snprintf(err->message, sizeof err->message, "accepts logits [B,K] and labels [B]");
    return VH_ERR_ARGUMENT;
  }
  vh_spec sum = {.struct_size = sizeof sum, .key = "loss.sum", .semantic = "loss", .axes = ""};
  return (void)self, sink->add(sink, &sum);
}
static int32_t run(void* self, const vh_step* step, vh_error* err) {
  const vh_autograd_1* autograd = toyc_host()->get_service(VH_AUTOGRAD_1);
  vh_tensor *in[3] = {M()->get(step->in, "pred"), M()->get(step->in, "target"), M()->get(step->in, "sample_weight")},
            *sum = NULL;
  int32_t status = autograd->apply(&function, self, in, 3, &sum, 1, err);
  if (!status) status = M()->put(step->out, "loss.sum", sum);
  T()->release(sum);
  return status;
}
static int32_t normaliser(void* self, uint32_t* kind, vh_error* err) {
  return (void)self, (void)err, *kind = VH_DIVIDE_SAMPLES, VH_OK;
}

const vh_loss_1 toyc_huber = {sizeof toyc_huber, VH_CAP_META, create, destroy, describe, run, normaliser};
