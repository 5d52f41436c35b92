// Numbers that JSON has no text for, as words: "nan", "inf" and "-inf", as in metrics.jsonl.
#pragma once
#include "base/json.h"

namespace vhost {

json::value number_json(double);
double json_number(const json::value&);  // of either form; throws Error at anything else

}  // namespace vhost
