#include "base/printable.h"

#include <cstdint>

#include "base/json.h"

namespace vhost {

std::string printable(std::string_view text, size_t most) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string out;
  for (size_t at = 0; at < text.size();) {
    if (out.size() >= most) return out + "...";
    const auto byte = static_cast<uint8_t>(text[at]);
    const size_t length = utf8_length(text, at);
    const bool control =
        byte < 0x20 || byte == 0x7f || (byte == 0xc2 && length == 2 && static_cast<uint8_t>(text[at + 1]) < 0xa0);
    if (length == 0 || control) {
      out += {'\\', 'x', kHex[byte >> 4], kHex[byte & 15]};
      at += 1;
    } else {
      out += text.substr(at, length);
      at += length;
    }
  }
  return out;
}

}  // namespace vhost
