// The whole SDK for C++. Datasets and masks need only plugin.hpp.
#pragma once
#include "autograd.hpp"
#include "checkpoint.hpp"
#include "grid.hpp"
#include "log.hpp"
#include "nn.hpp"
#include "plugin.hpp"
#include "transformer.hpp"
