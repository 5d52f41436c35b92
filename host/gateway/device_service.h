#pragma once
#include <ATen/core/Generator.h>

#include "vhost/rng.h"

struct vh_generator {
  at::Generator generator;
};
