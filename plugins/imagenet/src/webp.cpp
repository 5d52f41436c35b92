#include "formats.h"

namespace imagenet {

Stored decode_webp(Bytes, const DecodeLimits&) {
  throw DecodeError("can't be decoded yet");
}

}  // namespace imagenet
