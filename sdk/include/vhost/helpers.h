/* Helpers for plugins in plain C: all static inline, compiled into the plugin; nothing of them crosses the boundary.
 * C++ has vhost/cpp instead. */
#ifndef VHOST_HELPERS_H
#define VHOST_HELPERS_H
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "op_schemas.h"
#include "vhost.h"

/* JSON as C sees it, made a text: VH_JSON({"type": "object", "properties": {}}). */
#define VH_JSON(...) #__VA_ARGS__

#if defined(__GNUC__)
#define VH_FORMAT(text, first) __attribute__((format(printf, text, first)))
#else
#define VH_FORMAT(text, first)
#endif

/* [any] The services that most parts use. Keep one in the part: vh_step has no host. */
typedef struct vh_services {
  const vh_config_1* config;
  const vh_map_1* map;
  const vh_ops_1* ops;
  const vh_params_1* params;
  const vh_specs_1* specs;
  const vh_tensor_1* tensor;
} vh_services;
static inline vh_services vh_services_of(const vh_host* host) {
  vh_services s;
  s.config = (const vh_config_1*)host->get_service(VH_CONFIG_1);
  s.map = (const vh_map_1*)host->get_service(VH_MAP_1);
  s.ops = (const vh_ops_1*)host->get_service(VH_OPS_1);
  s.params = (const vh_params_1*)host->get_service(VH_PARAMS_1);
  s.specs = (const vh_specs_1*)host->get_service(VH_SPECS_1);
  s.tensor = (const vh_tensor_1*)host->get_service(VH_TENSOR_1);
  return s;
}

/* [any] Fills in *err, as printf does, and returns `code`: return vh_fail(err, VH_ERR_ARGUMENT, "want %d", n). */
VH_FORMAT(3, 4)
static inline int32_t vh_fail(vh_error* err, int32_t code, const char* format, ...) {
  va_list args;
  if (!err) return code;
  err->code = code;
  va_start(args, format);
  vsnprintf(err->message, sizeof err->message, format, args);
  va_end(args);
  return code;
}

/* [any] One text into a sink, as printf writes it; at most 255 bytes. */
VH_FORMAT(2, 3)
static inline int32_t vh_add_text(vh_text_sink* sink, const char* format, ...) {
  char text[256];
  va_list args;
  va_start(args, format);
  int n = vsnprintf(text, sizeof text, format, args);
  va_end(args);
  if (n < 0) return VH_ERR;
  return sink->add(sink, text, (uint64_t)(n < (int)sizeof text ? n : (int)sizeof text - 1));
}

/* [setup] The spec of that key; NULL + error if nothing of the kind arrives. */
static inline const vh_spec* vh_need_spec(const vh_services* s, const vh_specs* in, const char* key, vh_error* err) {
  const vh_spec* spec = s->specs->find(in, key);
  if (!spec) vh_fail(err, VH_ERR_ARGUMENT, "needs '%s', which doesn't arrive", key);
  return spec;
}
/* [setup] Size of the axis with this letter; 0 if there is none. */
static inline int64_t vh_axis(const vh_spec* spec, char axis) {
  for (int32_t i = 0; i < spec->rank && spec->axes[i]; ++i)
    if (spec->axes[i] == axis) return spec->dim[i];
  return 0;
}
/* The spec of the tokens of a grid, [B,N,width]; N follows the coverage. */
static inline vh_spec vh_tokens_spec(const char* key, const char* semantic, const int64_t grid[3],
                                     const int64_t stride[3], int64_t width, int32_t coverage) {
  vh_spec spec;
  memset(&spec, 0, sizeof spec);
  spec.struct_size = sizeof spec;
  spec.key = key, spec.semantic = semantic, spec.axes = "BNC";
  spec.rank = 3, spec.coverage = coverage;
  spec.dim[0] = VH_DIM_BATCH;
  spec.dim[1] = coverage == VH_MASKED    ? VH_DIM_MASKED
                : coverage == VH_VISIBLE ? VH_DIM_VISIBLE
                                         : grid[0] * grid[1] * grid[2];
  spec.dim[2] = width;
  for (int i = 0; i < 3; ++i) spec.grid[i] = grid[i], spec.stride[i] = stride[i];
  return spec;
}

/* [setup] A parameter below the part's scope; `flags` VH_PARAM_*, `init` as in params.h. */
static inline int32_t vh_make_param(const vh_services* s, vh_scope* scope, const char* name, const char* init,
                                    uint32_t flags, const int64_t* shape, int32_t rank, vh_tensor** out,
                                    vh_error* err) {
  vh_param p;
  memset(&p, 0, sizeof p);
  p.struct_size = sizeof p;
  p.flags = flags;
  p.name = name, p.init = init;
  p.shape = shape, p.rank = rank;
  p.layer = -1, p.lr_scale = 1;
  return s->params->create(scope, &p, out, err);
}

/* A part's run() as a row of operators. The first failure stays: every later call does nothing and gives NULL, so it is
 * asked for once, in vh_end(). Results live until vh_end().
 *     vh_calls c = vh_begin(&part->s, step, err);
 *     vh_tensor* d = vh_call(&c, VH_SCHEMA_SUB, vh_t(vh_in(&c, "pred")), vh_t(vh_in(&c, "target")));
 *     vh_out(&c, "loss.sum", vh_call(&c, VH_SCHEMA_SUM, vh_t(d)));
 *     return vh_end(&c); */
#define VH_CALLS_MAX 128u
typedef struct vh_calls {
  const vh_services* s;
  const vh_step* step;
  vh_error* err;
  int32_t status;
  uint32_t n;
  vh_tensor* made[VH_CALLS_MAX];
} vh_calls;
static inline vh_calls vh_begin(const vh_services* s, const vh_step* step, vh_error* err) {
  vh_calls c;
  c.s = s, c.step = step, c.err = err, c.status = VH_OK, c.n = 0;
  return c;
}
/* [step] Borrowed; a missing key is a failure. */
static inline vh_tensor* vh_in(vh_calls* c, const char* key) {
  vh_tensor* t = c->s->map->get(c->step->in, key);
  if (!t && !c->status) c->status = vh_fail(c->err, VH_ERR_ARGUMENT, "the step has no '%s'", key);
  return t;
}
/* [step] One operator with one tensor as its result, by its schema's text (op_schemas.h); missing trailing arguments
 * take their defaults. */
static inline vh_tensor* vh_call_n(vh_calls* c, const char* schema, const vh_value* args, uint32_t n) {
  vh_value result = {VH_NONE, 0, {0}};
  const vh_op* op;
  if (c->status) return NULL;
  if (c->n == VH_CALLS_MAX) {
    c->status = vh_fail(c->err, VH_ERR, "more than %u operators in one vh_calls", VH_CALLS_MAX);
    return NULL;
  }
  op = c->s->ops->find(schema, c->err);
  c->status = op ? c->s->ops->call(op, args, n, &result, 1, c->err) : VH_ERR_UNSUPPORTED;
  if (c->status) return NULL;
  c->made[c->n++] = result.v.t;
  return result.v.t;
}
#define vh_call(calls, schema, ...)                         \
  vh_call_n(calls, schema, (const vh_value[]){__VA_ARGS__}, \
            (uint32_t)(sizeof((const vh_value[]){__VA_ARGS__}) / sizeof(vh_value)))
/* [step] Under that key into the step's outputs. */
static inline void vh_out(vh_calls* c, const char* key, vh_tensor* t) {
  if (!c->status) c->status = c->s->map->put(c->step->out, key, t);
}
/* [step] Releases all results; the first failure, or VH_OK. */
static inline int32_t vh_end(vh_calls* c) {
  while (c->n > 0) c->s->tensor->release(c->made[--c->n]);
  return c->status;
}

/* Arguments of operators. */
static inline vh_value vh_t(vh_tensor* t) {
  vh_value v = {VH_TENSOR, 0, {0}};
  v.v.t = t;
  return v;
}
static inline vh_value vh_i(int64_t i) {
  vh_value v = {VH_INT, 0, {0}};
  v.v.i = i;
  return v;
}
static inline vh_value vh_d(double d) {
  vh_value v = {VH_DOUBLE, 0, {0}};
  v.v.d = d;
  return v;
}
static inline vh_value vh_b(int32_t b) {
  vh_value v = {VH_BOOLEAN, 0, {0}};
  v.v.i = b;
  return v;
}
/* Integers; the list must outlive the call: vh_ints(3, (const int64_t[]){b, n, c}). */
static inline vh_value vh_ints(uint32_t n, const int64_t* list) {
  vh_value v = {VH_INTS, 0, {0}};
  v.n = n;
  v.v.is = list;
  return v;
}

#endif
