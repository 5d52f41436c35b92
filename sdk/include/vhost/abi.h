/* vhost plugin ABI: numbers, rules and growth. C11 and C++20; includes only <stdint.h> and <stddef.h>.
 *
 * RULES
 *  - Every struct that crosses the boundary begins with `struct_size`, filled in by its producer. Fields and slots are
 * only appended; a reader asks VH_HAS(p, field) before it touches one that is newer than the oldest minor it supports.
 *  - Growable structs never sit in arrays: they cross one at a time, by pointer or through a sink.
 *  - All strings are UTF-8, NUL-terminated, and valid for the call unless a slot says otherwise.
 *  - A call returns an int32_t status: VH_OK (0) or one of VH_ERR_*; details go into the caller's vh_error.
 *  - No bool, enum, long, bit-field, varargs or compiler-laid-out type crosses. No memory is freed by the other side.
 *
 * THREADS. Each slot names who calls it:
 *  [setup]    the host's main thread, one call at a time, before the first step or after the last
 *  [step]     the host's compute thread, one call at a time, with device, grad mode and autocast set by the host
 *  [backward] an autograd thread: no thread-locals, no assumption about order
 *  [worker]   any of many threads at once on one object; operators are not available
 *  [any]      any thread at any time */
#ifndef VHOST_ABI_H
#define VHOST_ABI_H
#include <stddef.h>
#include <stdint.h>

#define VH_ABI_MAJOR 0u             /* while it is 0, a break sets minor and oldest to one new number */
#define VH_ABI_MINOR 1u             /* of these headers; additions raise it */
#define VH_ABI_MINOR_OLDEST 1u      /* of plugins that hosts take */
#define VH_PLUGIN_MAGIC 0x54534856u /* "VHST", little-endian */

/* The oldest host minor that a plugin accepts, set before the first include (-DVH_TARGET_MINOR=2). What came later is
 * hidden, so that the minimum is derived, not declared. In these headers everything of minor 2 stands between
 * `#if VH_TARGET_MINOR >= 2` and `#endif`: slots at the end of their table, behind the fence of minor 1. */
#ifndef VH_TARGET_MINOR
#define VH_TARGET_MINOR VH_ABI_MINOR_OLDEST
#endif
#if VH_TARGET_MINOR > VH_ABI_MINOR
#error "VH_TARGET_MINOR is above VH_ABI_MINOR: these headers are older than what the plugin targets; get a newer SDK"
#elif VH_TARGET_MINOR < VH_ABI_MINOR_OLDEST
#error "VH_TARGET_MINOR is below VH_ABI_MINOR_OLDEST: no supported host is that old; raise it or leave it out"
#endif

/* Does the producer of *p know `field`, and is it within what it says it filled in? Uses the end of the field, not
 * sizeof, because tail padding would hide an appended field. */
#define VH_FIELD_END(type, field) (offsetof(type, field) + sizeof(((type*)0)->field))
#define VH_HAS(p, field) \
  ((p)->struct_size >= (size_t)((const char*)(&(p)->field) - (const char*)(p)) + sizeof((p)->field))

/* Status codes. 0 is success; every other value is a failure whatever its number. */
#define VH_OK 0
#define VH_ERR 1             /* anything without a better code */
#define VH_ERR_ARGUMENT 2    /* a value or a shape that the callee can't take */
#define VH_ERR_PARAM 3       /* a manifest parameter; json_pointer names it */
#define VH_ERR_IO 4          /* a file or stream; `where` names it */
#define VH_ERR_DATA 5        /* a sample that can't be read: the host logs it, replaces it and counts it */
#define VH_ERR_UNSUPPORTED 6 /* understood, and not offered */
#define VH_ERR_THREAD 7      /* called from a thread that may not */
#define VH_ERR_CANCELLED 8   /* the user asked to stop */
#define VH_ERR_MEMORY 9

/* Element types: our numbers, mapped by the host onto LibTorch's. */
#define VH_DTYPE_ANY 0 /* in a spec: the float type that the host computes in */
#define VH_F32 1
#define VH_F64 2
#define VH_F16 3
#define VH_BF16 4
#define VH_U8 5
#define VH_I8 6
#define VH_I16 7
#define VH_I32 8
#define VH_I64 9
#define VH_BOOL 10

/* Devices. One device per process. */
#define VH_CPU 0
#define VH_CUDA 1
#define VH_META 2 /* shapes only: no data may be read or written */

#endif
