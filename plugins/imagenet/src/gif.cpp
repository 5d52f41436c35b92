#include "formats.h"

namespace imagenet {

Stored decode_gif(Bytes, const DecodeLimits&) {
  throw DecodeError("can't be decoded yet");
}

}  // namespace imagenet
