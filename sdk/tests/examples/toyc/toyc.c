#include "toyc.h"

static const vh_c_component parts[] = {
    {VH_DATASET_1, "noise", "Images of noise whose brightness is the label", &toyc_noise,
     "{\"type\":\"object\",\"properties\":{"
     "\"count\":{\"type\":\"integer\",\"minimum\":1,\"default\":64,\"description\":\"number of images\"},"
     "\"size\":{\"type\":\"integer\",\"minimum\":1,\"default\":16,\"description\":\"width and height in pixels\"},"
     "\"classes\":{\"type\":\"integer\",\"minimum\":1,\"maximum\":64,\"default\":4,\"description\":\"levels of "
     "brightness\"}},"
     "\"additionalProperties\":false}"},
    {VH_LOSS_1, "huber", "Huber loss against one-hot labels", &toyc_huber,
     "{\"type\":\"object\",\"properties\":{"
     "\"delta\":{\"type\":\"number\",\"exclusiveMinimum\":0,\"default\":1.0,\"description\":\"where the square becomes "
     "a line\"}},"
     "\"additionalProperties\":false}"},
};
VH_C_PLUGIN(parts);

const vh_host* toyc_host(void) {
  return vh_the_host;
}
