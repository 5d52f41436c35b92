/* The whole SDK for plain C. */
#ifndef VHOST_H
#define VHOST_H
#include "autograd.h"
#include "backbone.h"
#include "config.h"
#include "dataset.h"
#include "device.h"
#include "head.h"
#include "log.h"
#include "loss.h"
#include "map.h"
#include "mask.h"
#include "ops.h"
#include "parallel.h"
#include "params.h"
#include "plugin.h"
#include "random.h"
#include "rng.h"
#include "spec.h"
#include "target.h"
#include "tensor.h"
#endif
