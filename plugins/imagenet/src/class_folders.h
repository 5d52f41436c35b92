// Class folders: one folder a class, images anywhere below it.
#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <vector>
#include <vhost/cpp/error.hpp>

namespace imagenet {

// Parameter "/root", the folder, can't be used: what() names the folder at fault.
struct FolderError : vh::Error {
  FolderError(const std::string& root, const std::string& what) : Error(what, VH_ERR_IO, root, "/root") {}
};

struct FolderImage {
  std::string name;  // below the root: class/image.jpg
  int64_t folder = 0;
};

struct ClassFolders {
  std::vector<std::string> folders;  // sorted by bytes, as Python sorts: the class index of most code bases
  std::vector<FolderImage> images;   // by folder, then by name
};

// jpg, jpeg, png, ppm, pgm, pbm, pnm, bmp, tif, tiff, webp, gif, avif in any case.
bool has_image_extension(const std::string& name);

// Links are followed, names that begin with a dot left out. `progress(done, folders)` is called after each folder and
// may throw. Throws FolderError: no folder, no class folder, or a class without an image.
ClassFolders read_class_folders(const std::string& root, const std::function<void(int64_t, int64_t)>& progress);

}  // namespace imagenet
