// What lies in an archive of videos, archives within it among them.
#pragma once
#include <cstdint>
#include <functional>
#include <string>

#include "prepare/byte_source.h"

namespace vhost {

struct MediaEntry {
  std::string path;        // as the archive says, the path of an archive within before it: "train/part_0.tar.gz/a.mp4"
  int64_t size = -1;       // -1 = not known
  std::string not_a_file;  // "a symbolic link", ...; "" = a regular file
};

using EntryVisitor = std::function<void(const MediaEntry& entry, ByteSource& data)>;

bool is_archive_name(const std::string& name);  // .tar, .tar.gz, .tgz, .tar.zst, .tar.xz, .tar.bz2, .zip

// Calls visit for everything in it but folders, in order. Archives within are read as part of it, up to four deep. The
// data that `visit` leaves unread is passed over. Throws Error: "name: ..." where it is no archive, damaged or cut
// short.
void read_media_archive(ByteSource& source, const std::string& name, const EntryVisitor& visit);

}  // namespace vhost
