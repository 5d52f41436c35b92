#include "class_folders.h"

#include <algorithm>
#include <cctype>
#include <filesystem>

namespace imagenet {
namespace {

namespace fs = std::filesystem;

constexpr const char* kExtensions[] = {".jpg", ".jpeg", ".png",  ".ppm",  ".pgm", ".pbm", ".pnm",
                                       ".bmp", ".tif",  ".tiff", ".webp", ".gif", ".avif"};
constexpr int kDeepest = 32;  // so that a link to a folder above ends

bool hidden(const fs::path& path) {
  return path.filename().native().starts_with('.');
}

void add_images(const std::string& root, const fs::path& folder, const std::string& name, int64_t number, int depth,
                std::vector<FolderImage>& images) {
  if (depth > kDeepest)
    throw FolderError(root, folder.string() + ": nested more than 32 deep; does a link point upwards?");
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (hidden(entry.path())) continue;
    std::string below = name + "/" + entry.path().filename().string();
    if (has_image_extension(below) && !entry.is_directory())
      images.push_back({std::move(below), number});
    else if (entry.is_directory())
      add_images(root, entry.path(), below, number, depth + 1, images);
  }
}

std::vector<std::string> class_names(const std::string& root) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(root))
    if (entry.is_directory() && !hidden(entry.path())) names.push_back(entry.path().filename().string());
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace

bool has_image_extension(const std::string& name) {
  auto dot = name.rfind('.');
  if (dot == std::string::npos) return false;
  std::string extension = name.substr(dot);
  for (char& c : extension) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return std::find(std::begin(kExtensions), std::end(kExtensions), extension) != std::end(kExtensions);
}

ClassFolders read_class_folders(const std::string& root, const std::function<void(int64_t, int64_t)>& progress) try {
  ClassFolders out;
  out.folders = class_names(root);
  if (out.folders.empty())
    throw FolderError(root, root + " holds no class folder: wanted one folder a class, images below it");
  auto n = static_cast<int64_t>(out.folders.size());
  for (int64_t i = 0; i < n; ++i) {
    const std::string& name = out.folders[static_cast<size_t>(i)];
    auto before = static_cast<std::ptrdiff_t>(out.images.size());
    add_images(root, fs::path(root) / name, name, i, 0, out.images);
    if (static_cast<std::ptrdiff_t>(out.images.size()) == before)
      throw FolderError(root, root + "/" + name + " holds no image (jpg, jpeg, png, ppm, bmp, pgm, tif, webp, ..)");
    std::sort(out.images.begin() + before, out.images.end(),
              [](const FolderImage& a, const FolderImage& b) { return a.name < b.name; });
    progress(i + 1, n);
  }
  return out;
} catch (const fs::filesystem_error& error) {
  throw FolderError(root, error.path1().string() + " can't be read: " + error.code().message());
}

}  // namespace imagenet
