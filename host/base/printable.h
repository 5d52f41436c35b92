// Text of files as a terminal, a report and JSON can take it.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace vhost {

// Control characters and what is no UTF-8 become \xNN, so that a text can neither break a line nor drive a terminal.
// Cut, with "...", after some `most` bytes.
std::string printable(std::string_view text, size_t most = SIZE_MAX);

}  // namespace vhost
