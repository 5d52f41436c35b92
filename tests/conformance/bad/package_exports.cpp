// Exports a symbol of its own: built without the SDK's version script.
#include "base.hpp"

#ifndef FIXED
extern "C" VH_EXPORT int surplus_symbol;
int surplus_symbol = 1;
#endif

VH_PLUGIN(vh::backbone<good::Backbone>("subject", "A linear layer"));
