// TensorBoard event files, written without protobuf: records framed as in TFRecord with masked CRC-32C, each an Event
// message. A resumed run adds a file to the folder, beginning with a
// SessionLog START that makes TensorBoard drop later steps.
#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "report/append_file.h"

namespace vhost::report {

uint32_t crc32c(std::string_view bytes);
uint32_t masked_crc32c(std::string_view bytes);

class EventFile {
 public:
  struct Scalar {
    std::string tag;
    double value;
  };
  EventFile() = default;
  // Makes the folder. Without `resume`, older event files in it are removed. Throws Error.
  EventFile(const std::filesystem::path& folder, bool resume, int64_t resume_step);

  explicit operator bool() const { return static_cast<bool>(file_); }
  bool scalars(int64_t step, const std::vector<Scalar>& values);  // false: see failure()
  bool png(int64_t step, const std::string& tag, std::string_view png_bytes);
  const std::string& failure() const { return file_.failure(); }

 private:
  bool event(int64_t step, std::string_view fields);

  AppendFile file_;
};

// Width and height in a PNG's header; {0, 0} if it is no PNG.
std::pair<int, int> png_size(std::string_view bytes);

}  // namespace vhost::report
