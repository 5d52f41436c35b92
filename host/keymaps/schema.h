// What a key map's file may hold.
#pragma once
#include "base/json.h"

namespace vhost {

const json::object& keymap_schema();

}  // namespace vhost
