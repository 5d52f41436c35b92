// Pictures of one shape each, whose colours, place, size and angle say nothing about the class.
#pragma once
#include <vhost/media/picture.h>

#include <cstdint>
#include <string>
#include <vector>

namespace imagenet {

using vh::media::Picture;

// circle ring square triangle cross star stripes checks
const std::vector<std::string>& shape_classes();

// A function of (size, shape, seed). The shape, soft-edged, on a ground of another colour, both under smooth noise;
// `size` pixels a side.
Picture shape_image(int64_t size, const std::string& shape, uint64_t seed);

}  // namespace imagenet
