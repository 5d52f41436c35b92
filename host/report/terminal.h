// One redrawn line at a terminal, with messages above it; plain lines where the output is no terminal.
#pragma once
#include <string>

#include "report/format.h"

namespace vhost::report {

class Terminal {
 public:
  // Live only if `want_live`, fd is a terminal and TERM isn't "dumb".
  Terminal(int fd, bool want_live);
  ~Terminal();
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  bool live() const { return live_; }
  LiveStyle style() const;                         // with the present width
  void print(int level, const std::string& text);  // whole lines; the live line moves below them
  void redraw(const std::string& line);            // nothing if not live
  void clear();                                    // takes the live line away

 private:
  void put(const std::string& bytes);

  int fd_;
  bool live_ = false, color_ = false, unicode_ = false;
  std::string shown_;
};

}  // namespace vhost::report
