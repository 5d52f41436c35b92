#include "engine/output_file.h"

#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "base/error.h"
#include "base/files.h"
#include "base/replaceable.h"

namespace vhost {

void check_output_file(const std::filesystem::path& file) {
  if (std::filesystem::is_directory(file)) throw Error("can't write " + file.string() + ": it is a folder");
  if (file.has_parent_path()) make_directories(file.parent_path());
  check_replaceable(file);
  std::string probe = file.string() + ".XXXXXX";
  const int opened = mkstemp(probe.data());
  if (opened < 0) throw Error("can't write " + file.string() + ": " + std::strerror(errno));
  close(opened);
  unlink(probe.c_str());
}

}  // namespace vhost
