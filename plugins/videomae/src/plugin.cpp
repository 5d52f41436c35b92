#include "decoder.h"
#include "mse.h"
#include "pixels.h"
#include "tube.h"
#include "vit.h"

VH_PLUGIN(vh::backbone<videomae::Vit>("vit", "Vision transformer over cubes of video, as in VideoMAE"),
          vh::mask<videomae::Tube>("tube", "Masks the same cells in every frame"),
          vh::head<videomae::Decoder>("decoder", "Transformer decoder that predicts masked tokens"),
          vh::target<videomae::Pixels>("pixels", "The pixels of each cube, normalised per cube and channel"),
          vh::loss<videomae::Mse>("mse", "Mean squared error, averaged over masked tokens"));
