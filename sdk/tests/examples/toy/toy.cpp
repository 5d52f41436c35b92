#include "conv.hpp"
#include "linear.hpp"
#include "losses.hpp"
#include "pixels.hpp"
#include "random.hpp"
#include "stripes.hpp"

VH_PLUGIN(vh::dataset<toy::Stripes>("stripes", "Clips of drifting stripes, labelled with their direction"),
          vh::backbone<toy::Conv>("conv", "One 3-D convolution into tokens"),
          vh::mask<toy::RandomMask>("random", "A fixed share of all cells"),
          vh::target<toy::Pixels>("pixels", "The pixels of each token's cube, 0..1"),
          vh::head<toy::Linear>("linear", "One linear layer"),
          vh::loss<toy::Mse>("mse", "Mean squared error per token"),
          vh::loss<toy::Xent>("xent", "Cross-entropy per sample"));
