#include "vhost/cpp/plugin.hpp"

#include "hog.h"

VH_PLUGIN(vh::target<maskfeat::Hog>("hog", "Histograms of oriented gradients of each token's cells, per channel"));
