#include "vhost/cpp/plugin.hpp"

#include "block2d.h"
#include "cube3d.h"

// clang-format off
VH_PLUGIN(
  vh::mask<maskfeat::Block2d>("block2d", "Masks rectangles until an exact number of cells is reached, as in BEiT"),
  vh::mask<maskfeat::Cube3d>("cube3d", "Masks cubes of random extent in space and time"),
);
