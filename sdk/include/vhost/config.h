/* Service "vh.config/1": typed getters on the validated parameters, since plain C has no JSON parser. */
#ifndef VHOST_CONFIG_H
#define VHOST_CONFIG_H
#include "types.h"
#ifdef __cplusplus
extern "C" {
#endif

#define VH_CONFIG_1 "vh.config/1"

/* type() */
#define VH_JSON_MISSING 0
#define VH_JSON_NULL 1
#define VH_JSON_BOOL 2
#define VH_JSON_INT 3
#define VH_JSON_DOUBLE 4
#define VH_JSON_STRING 5
#define VH_JSON_ARRAY 6
#define VH_JSON_OBJECT 7

/* Nodes and strings are valid as long as the vh_build they came with. Pointers are JSON pointers ("/size", "/crop/0"),
 * "" = the node itself. A getter of the wrong type fails with VH_ERR_PARAM and fills json_pointer. */
typedef struct vh_config_1 {
  uint32_t struct_size, reserved;
  int32_t (*type)(const vh_node*, const char* pointer);       /* [any] VH_JSON_* */
  const vh_node* (*get)(const vh_node*, const char* pointer); /* [any] NULL = missing */
  int32_t (*get_int)(const vh_node*, const char* pointer, int64_t* out,
                     vh_error*); /* [any] a fraction is a wrong type */
  int32_t (*get_double)(const vh_node*, const char* pointer, double* out, vh_error*); /* [any] takes integers too */
  int32_t (*get_bool)(const vh_node*, const char* pointer, int32_t* out, vh_error*);  /* [any] 0 or 1 */
  int32_t (*get_string)(const vh_node*, const char* pointer, const char** out, vh_error*); /* [any] UTF-8 */
  uint32_t (*size)(const vh_node*);                   /* [any] of an array or object; else 0 */
  const vh_node* (*item)(const vh_node*, uint32_t i); /* [any] NULL past the end */
  const char* (*key)(const vh_node*, uint32_t i);     /* [any] of an object, in file order */
  /* -- minor 1 -- */
} vh_config_1;

#ifdef __cplusplus
}
#endif
#endif
