#include "vhost/cpp/plugin.hpp"

#include "block2d.h"
#include "cube3d.h"
#include "hog.h"
#include "linear.h"
#include "masked_l2.h"
#include "vit.h"

// clang-format off
VH_PLUGIN(
  vh::backbone<maskfeat::Vit>("vit", "Vision transformer for images, with a class token and learned positions"),
  vh::mask<maskfeat::Block2d>("block2d", "Masks rectangles until an exact number of cells is reached, as in BEiT"),
  vh::mask<maskfeat::Cube3d>("cube3d", "Masks cubes of random extent in space and time"),
  vh::target<maskfeat::Hog>("hog", "Histograms of oriented gradients of each token's cells, per channel"),
  vh::head<maskfeat::Linear>("linear", "One linear layer on every token, class tokens dropped"),
  vh::loss<maskfeat::MaskedL2>("masked_l2", "Mean squared error per token, averaged over masked tokens"),
);
