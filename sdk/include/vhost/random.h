/* Counter-based random numbers for the CPU, written out here so that no later host can change results.
 * Source: the SplitMix64 mixer (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", OOPSLA 2014): the
 * n-th number of a stream is mix(key + n * golden ratio). Streams are made by hashing: vh_hash2(seed, epoch). */
#ifndef VHOST_RANDOM_H
#define VHOST_RANDOM_H
#include <math.h>
#include <stdint.h>

typedef struct vh_random {
  uint64_t key, counter;
} vh_random;

static inline uint64_t vh_mix64(uint64_t z) {
  z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
  z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
  return z ^ (z >> 31);
}
/* A new seed from two numbers; not commutative. */
static inline uint64_t vh_hash2(uint64_t a, uint64_t b) {
  return vh_mix64(vh_mix64(a + UINT64_C(0x9e3779b97f4a7c15)) ^ (b + UINT64_C(0xd1b54a32d192ed03)));
}
static inline uint64_t vh_hash3(uint64_t a, uint64_t b, uint64_t c) {
  return vh_hash2(vh_hash2(a, b), c);
}
static inline uint64_t vh_hash4(uint64_t a, uint64_t b, uint64_t c, uint64_t d) {
  return vh_hash2(vh_hash3(a, b, c), d);
}
/* FNV-1a with a final mix: a seed from a name. */
static inline uint64_t vh_hash_text(const char* text) {
  uint64_t h = UINT64_C(0xcbf29ce484222325);
  for (; *text; ++text) h = (h ^ (uint8_t)*text) * UINT64_C(0x100000001b3);
  return vh_mix64(h);
}

static inline vh_random vh_random_from(uint64_t seed) {
  vh_random r = {seed, 0};
  return r;
}
static inline uint64_t vh_random_u64(vh_random* r) {
  return vh_mix64(r->key + ++r->counter * UINT64_C(0x9e3779b97f4a7c15));
}
/* [0, 1), 53 bits */
static inline double vh_random_unit(vh_random* r) {
  return (double)(vh_random_u64(r) >> 11) * 0x1p-53;
}
/* [low, high) */
static inline double vh_random_uniform(vh_random* r, double low, double high) {
  return low + (high - low) * vh_random_unit(r);
}
/* 0 .. n-1, n >= 1, without bias (rejection) */
static inline int64_t vh_random_below(vh_random* r, int64_t n) {
  uint64_t u = (uint64_t)n, limit = UINT64_MAX - UINT64_MAX % u, x;
  do x = vh_random_u64(r);
  while (x >= limit);
  return (int64_t)(x % u);
}
/* Standard normal (Box-Muller, cosine branch: two numbers a call, so that the stream has no hidden state) */
static inline double vh_random_normal(vh_random* r) {
  double u = 1.0 - vh_random_unit(r), v = vh_random_unit(r);
  return sqrt(-2.0 * log(u)) * cos(6.283185307179586 * v);
}
/* Fisher-Yates */
static inline void vh_random_shuffle(vh_random* r, int64_t* items, int64_t n) {
  for (int64_t i = n - 1; i > 0; --i) {
    int64_t j = vh_random_below(r, i + 1), t = items[i];
    items[i] = items[j];
    items[j] = t;
  }
}
#endif
