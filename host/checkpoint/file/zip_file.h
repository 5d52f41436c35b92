// The entries of a zip file, as far as torch.save goes: one part; zip64 too. Source: PKWARE's
// APPNOTE 6.3, sections 4.3 and 4.5.
#pragma once
#include <map>

#include "checkpoint/file/bytes.h"

namespace vhost {

bool looks_like_zip(Bytes file);  // by its first bytes

struct ZipEntry {
  Bytes bytes;          // a piece of the file
  unsigned method = 0;  // of compression; 0: none, as in files of torch.save
};

// By name. Every offset and size is checked. Throws Error; `name` is what it calls the file.
std::map<std::string_view, ZipEntry> zip_entries(Bytes file, const std::string& name);

}  // namespace vhost
