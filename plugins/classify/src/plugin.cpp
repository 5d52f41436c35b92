#include "cross_entropy.h"
#include "heads.h"

VH_PLUGIN(vh::head<classify::Linear>("linear", "Mean or class token, layer norm, linear layer"),
          vh::head<classify::Tsn>("tsn", "Mean over space, then over frames, dropout, linear layer"),
          vh::head<classify::I3d>("i3d", "Mean over space and time, dropout, linear layer"),
          vh::head<classify::Timesformer>("timesformer", "Mean over tokens, layer norm, dropout, linear layer"),
          vh::loss<classify::CrossEntropy>("cross_entropy", "Cross entropy with label smoothing and soft labels"));
