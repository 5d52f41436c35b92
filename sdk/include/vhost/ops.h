/* Service "vh.ops/1": PyTorch's operators through its dispatcher, so autograd, autocast and every device work.
 * Authors use vhost/cpp/ops.hpp, generated from sdk/ops.list; plain C uses the schema texts in vhost/op_schemas.h. */
#ifndef VHOST_OPS_H
#define VHOST_OPS_H
#include "types.h"
#ifdef __cplusplus
extern "C" {
#endif

#define VH_OPS_1 "vh.ops/1"

/* vh_value.tag */
#define VH_NONE 0u       /* an absent optional */
#define VH_DEFAULT 1u    /* the live schema's default */
#define VH_BOOLEAN 2u    /* v.i */
#define VH_INT 3u        /* v.i; converts to float, Scalar and int list by the live schema */
#define VH_DOUBLE 4u     /* v.d */
#define VH_STRING 5u     /* v.s */
#define VH_TENSOR 6u     /* v.t, NULL = undefined */
#define VH_TENSORS 7u    /* v.ts, n items, NULL items allowed where the schema says Tensor?[] */
#define VH_INTS 8u       /* v.is, n items */
#define VH_DOUBLES 9u    /* v.ds, n items */
#define VH_DTYPE 10u     /* v.i, VH_F32 .. */
#define VH_DEVICE 11u    /* v.i = type | (index << 8) */
#define VH_GENERATOR 12u /* v.p, a vh_generator; NULL = the default one, which the host seeds every micro-step */
#define VH_LIST 13u      /* results only: v.p, a vh_list */

/* Memory formats, where a schema wants MemoryFormat (passed as VH_INT). */
#define VH_CONTIGUOUS 0
#define VH_PRESERVE 1
#define VH_CHANNELS_LAST 2
#define VH_CHANNELS_LAST_3D 3

/* The one struct without a size: 16 bytes for ever, so that argument arrays are plain arrays. */
typedef struct vh_value {
  uint32_t tag, n; /* VH_NONE ..; n: items of a list, else 0 */
  union {
    int64_t i;
    double d;
    const char* s;
    vh_tensor* t;
    vh_tensor* const* ts;
    const int64_t* is;
    const double* ds;
    void* p;
  } v;
} vh_value;

typedef struct vh_ops_1 {
  uint32_t struct_size, reserved;
  /* [any] The operator for the schema text that the caller was compiled against. Its arguments are mapped onto the live
   * schema: positional ones by position, keyword-only ones by name. NULL + error if the live one can't take them. The
   * handle lives as long as the process; finding twice gives the same one. */
  const vh_op* (*find)(const char* schema, vh_error*);
  /* [step] [backward] Arguments in the order of the compiled schema; missing trailing ones take their defaults.
   * Converts by the live schema; a wrong tag or count is VH_ERR_ARGUMENT and names operator, argument and wanted type.
   * ret[i] is owned by the caller: tensors are released with vh.tensor/1, a VH_LIST with list_release. On failure
   * nothing is owned. VH_ERR_THREAD from a [worker]. */
  int32_t (*call)(const vh_op*, const vh_value* args, uint32_t n, vh_value* ret, uint32_t n_ret, vh_error*);
  uint32_t (*list_size)(const vh_list*);              /* [any] */
  vh_tensor* (*list_get)(const vh_list*, uint32_t i); /* [any] owned by the caller; NULL past the end */
  void (*list_release)(vh_list*);                     /* [any] NULL is allowed */
  /* -- minor 1 -- */
} vh_ops_1;

#ifdef __cplusplus
}
#endif
#endif
