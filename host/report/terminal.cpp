#include "report/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>
#include <vhost/log.h>

#include <cerrno>
#include <cstdlib>
#include <string_view>

namespace vhost::report {
namespace {

constexpr const char* kErase = "\r\x1b[K";

std::string_view environment(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

bool utf8_locale() {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const std::string_view value = environment(name);
    if (value.empty()) continue;
    return value.find("UTF-8") != value.npos || value.find("utf8") != value.npos || value.find("utf-8") != value.npos;
  }
  return false;
}

const char* level_color(int level) {
  if (level >= VH_LOG_ERROR) return "\x1b[31m";
  return level == VH_LOG_WARN ? "\x1b[33m" : "";
}

}  // namespace

Terminal::Terminal(int fd, bool want_live) : fd_(fd) {
  const std::string_view term = environment("TERM");
  live_ = want_live && isatty(fd) && !term.empty() && term != "dumb";
  color_ = live_ && environment("NO_COLOR").empty();
  unicode_ = utf8_locale();
}

Terminal::~Terminal() {
  clear();
}

LiveStyle Terminal::style() const {
  winsize size{};
  const bool known = ioctl(fd_, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  return {known ? size.ws_col : 80, unicode_, color_};
}

void Terminal::print(int level, const std::string& text) {
  const std::string color = color_ ? level_color(level) : "";
  const std::string body = color.empty() ? text : color + text + "\x1b[0m";
  put(shown_.empty() ? body + "\n" : kErase + body + "\n" + shown_);
}

void Terminal::redraw(const std::string& line) {
  if (!live_ || line == shown_) return;
  put("\r" + line + "\x1b[K");  // erased behind the new text, not before it: no flicker
  shown_ = line;
}

void Terminal::clear() {
  if (shown_.empty()) return;
  put(kErase);
  shown_.clear();
}

void Terminal::put(const std::string& bytes) {
  for (size_t done = 0; done < bytes.size();) {
    const ssize_t n = ::write(fd_, bytes.data() + done, bytes.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return;
    done += static_cast<size_t>(n);
  }
}

}  // namespace vhost::report
