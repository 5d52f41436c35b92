#include "mvit.h"

VH_PLUGIN(vh::backbone<mvit::Mvit>("mvit",
                                   "Multiscale vision transformer for clips and images: MViTv2, MaskFeat's MViT"));
