// Lists of clips or images: one per line, a path and a label.
#pragma once
#include <cstdint>
#include <string>
#include <vector>
#include <vhost/cpp/error.hpp>

namespace vh::media {

// A list or a file of class names: what() names file and line, `pointer` is the parameter that gave it.
struct ListError : Error {
  ListError(const char* at, const std::string& file, const std::string& why) : Error(file + why, VH_ERR_IO, file, at) {}
};

struct ListItem {
  std::string name;  // as written
  std::string path;  // where it is
  int64_t label = -1;
};

inline constexpr int64_t kLargestLabel = 999999;  // of as many classes as a head may have

struct ListFormat {
  std::string separator = "auto";      // "auto", "space", "comma", "tab"
  std::string columns = "path label";  // or "path frames label" (the middle column is ignored)
  std::string extension = ".mp4";      // of paths without one; "" adds none
};

// Blank lines and lines that begin with '#' are skipped; CRLF is accepted. Paths may hold the separator: the label is
// what follows the last one. "auto" takes the first of tab, comma, space that is followed by an integer at the line's
// end, and refuses a line that ends in another number. A list without labels gives -1; a mixture is an error. Relative
// paths begin at root, "": at the list's folder. Throws ListError of "/list".
std::vector<ListItem> read_list(const std::string& file, std::string root, const ListFormat& format);

// Lines of a text file, trimmed, without blank ones. Throws ListError of "/class_names".
std::vector<std::string> read_lines(const std::string& file);

// root/name unless name is absolute; `extension` appended when the last component has no dot and isn't a file.
std::string resolve_path(const std::string& root, const std::string& name, const std::string& extension = ".mp4");

}  // namespace vh::media
