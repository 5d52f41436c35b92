#include "libav.h"

#include <cstdarg>
#include <cstdio>
#include <mutex>

namespace kinetics {
namespace {

thread_local std::string* capture_target = nullptr;

void capture_log(void* context, int level, const char* format, va_list arguments) {
  if (!capture_target || level > AV_LOG_ERROR || !capture_target->empty()) return;
  char line[512];
  int prefix = 1;
  av_log_format_line(context, level, format, arguments, line, sizeof line, &prefix);
  std::string text = line;
  if (text.starts_with('[')) {
    auto end = text.find("] ");
    if (end != std::string::npos) text.erase(0, end + 2);
  }
  while (!text.empty() && (text.back() == '\n' || text.back() == '.')) text.pop_back();
  *capture_target = text;
}

}  // namespace

std::string av_error_text(int code) {
  char text[AV_ERROR_MAX_STRING_SIZE] = {};
  av_strerror(code, text, sizeof text);
  return text;
}

int open_input(const std::string& path, FormatPtr& format) {
  format.reset();
  AVFormatContext* raw = nullptr;
  AVDictionary* options = nullptr;
  av_dict_set(&options, "protocol_whitelist", "file", 0);
  int status = avformat_open_input(&raw, ("file:" + path).c_str(), nullptr, &options);
  av_dict_free(&options);
  if (status < 0) return status;
  format.reset(raw);
  return avformat_find_stream_info(raw, nullptr);
}

LogCapture::LogCapture() : previous_(capture_target) {
  static std::once_flag once;
  std::call_once(once, [] { av_log_set_callback(capture_log); });
  capture_target = &text_;
}
LogCapture::~LogCapture() {
  capture_target = previous_;
}
void LogCapture::clear() {
  text_.clear();
}
std::string LogCapture::describe(int code) const {
  std::string what = code < 0 ? av_error_text(code) : std::string();
  if (text_.empty()) return what;
  return what.empty() ? text_ : what + " (" + text_ + ")";
}

}  // namespace kinetics
