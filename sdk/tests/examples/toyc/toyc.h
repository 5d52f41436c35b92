#ifndef TOYC_H
#define TOYC_H
#include "vhost/vhost.h"
const vh_host* toyc_host(void);
extern const vh_dataset_1 toyc_noise;
extern const vh_loss_1 toyc_huber;
#endif
