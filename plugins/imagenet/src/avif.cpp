#include "formats.h"

namespace imagenet {

Stored decode_avif(Bytes, const DecodeLimits&) {
  throw DecodeError("can't be decoded yet");
}

}  // namespace imagenet
