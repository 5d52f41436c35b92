// What of the machine and the environment may change results.
#pragma once
#include <map>
#include <string>

namespace vhost {

std::string cpu_name();  // "AMD EPYC 9454", or "unknown"

// Variables that change what is computed, as far as they are set: threads, instruction sets, precision of libraries.
std::map<std::string, std::string> result_environment();

std::string utc_time();  // "2026-11-21T06:45:28Z"

}  // namespace vhost
