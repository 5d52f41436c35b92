// libjpeg's headers, which need others before them and each other in this order.
#pragma once
// clang-format off
#include <cstddef>
#include <cstdio>
#include <jpeglib.h>
#include <jerror.h>
// clang-format on
