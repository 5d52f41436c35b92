/* A mask of a fixed share of cells, anywhere. A mask chooses cells on the CPU, for one sample at a time, from that
 * sample's seed alone; the host makes the lists of visible and masked tokens of it. */
#include <math.h>
#include <stdlib.h>

#include "vhost/helpers.h"

typedef struct random_mask {
  double ratio;
} random_mask;

static int32_t create(const vh_build* build, void** self, vh_error* err) {
  const vh_services s = vh_services_of(build->host);
  random_mask* m = calloc(1, sizeof *m);
  if (!m) return VH_ERR_MEMORY;
  const int32_t status = s.config->get_double(build->params, "/ratio", &m->ratio, err);
  if (status)
    free(m);
  else
    *self = m;
  return status;
}
static void destroy(void* self) {
  free(self);
}

/* Fewest and most masked cells on a grid of t,h,w. If they are equal, a backbone may drop the masked tokens. */
static int32_t counts(void* self, const int64_t grid[3], int64_t* least, int64_t* most, vh_error* err) {
  const int64_t all = grid[0] * grid[1] * grid[2], n = llround(((random_mask*)self)->ratio * (double)all);
  if (n < 1 || n >= all)
    return vh_fail(err, VH_ERR_PARAM, "masks %lld of %lld cells; want at least 1 masked and 1 visible", (long long)n,
                   (long long)all);
  *least = *most = n;
  return VH_OK;
}

/* [worker] Many threads at once on one object: mask[t*h*w], 1 = masked. Each cell is taken with the chance that the
 * rest still needs (Knuth, The Art of Computer Programming 2, 3.4.2, algorithm S). */
static int32_t draw(void* self, const int64_t grid[3], uint64_t seed, uint8_t* mask, vh_error* err) {
  vh_random random = vh_random_from(seed);
  int64_t wanted = 0, same = 0;
  const int32_t status = counts(self, grid, &wanted, &same, err);
  if (status) return status;
  for (int64_t left = grid[0] * grid[1] * grid[2]; left > 0; --left, ++mask) {
    *mask = vh_random_below(&random, left) < wanted;
    wanted -= *mask;
  }
  return VH_OK;
}

static const vh_mask_1 table = {sizeof table, 0, create, destroy, counts, draw};
/* The manifest's keys: default, range and what `vhost plugin inspect` says about them. */
// clang-format off
static const vh_c_component parts[] = {{VH_MASK_1, "random", "A fixed share of all cells, anywhere", &table, VH_JSON({
  "type": "object", "additionalProperties": false, "properties": {
    "ratio": {"type": "number", "minimum": 0.01, "maximum": 0.99, "default": 0.5, "description": "share of cells that is masked"}}})}};
// clang-format on
VH_C_PLUGIN(parts);
