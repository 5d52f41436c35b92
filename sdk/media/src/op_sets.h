// The operations that RandAugment draws from, and what a level of 0 .. 10 means to each.
#pragma once
#include <vhost/media/augment.h>

#include <span>

namespace vh::media {

std::span<const OpKind> ops_of(OpSet);
// The value of an operation; the sign, where there is one, is drawn.
double value_at(OpSet, OpKind, double level, vh_random& random);

}  // namespace vh::media
