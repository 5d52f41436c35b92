#include "gateway/internal.h"
namespace vhost {
const vh_autograd_1 kAutogradTable = {sizeof(vh_autograd_1), 0, nullptr, nullptr};
}
