// An open file's number, closed at the end of its life.
#pragma once
#include <unistd.h>

namespace vhost {

struct Descriptor {
  int fd = -1;  // -1: none

  Descriptor() = default;
  explicit Descriptor(int opened) : fd(opened) {}
  ~Descriptor() {
    if (fd >= 0) ::close(fd);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
};

}  // namespace vhost
