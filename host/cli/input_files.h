// The files that predict and extract are given: names, folders, a list.
#pragma once
#include <string>
#include <vector>

namespace vhost {

// Each file as it is named; each folder's files with one of the dataset's extensions (without dots, in lower case), at
// any depth, in order, hidden ones left out; then those of the list. Without extensions folders are as they are named
// too: the dataset may read folders. A list has a path a line, relative to its own
// folder, and may have a label behind it: an integer after the last comma, tab or space, unless the whole line is a
// file. Lines that begin with # and empty ones are left out. Throws Error for what isn't there, a folder or list
// without files, and a list that was given as if it were an input. What a list names needn't exist.
std::vector<std::string> input_files(const std::vector<std::string>& named, const std::string& list,
                                     const std::vector<std::string>& extensions);

}  // namespace vhost
