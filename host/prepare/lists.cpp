#include "prepare/lists.h"

#include <algorithm>
#include <set>

#include "base/files.h"

namespace vhost {
namespace fs = std::filesystem;

namespace {

struct Listed {
  std::string path, class_name;  // "videos_train/abseiling/x.mp4", "abseiling"; class "" = in no folder
};

std::vector<Listed> videos_of(const fs::path& root, const std::string& folder, Prepared& result) {
  std::vector<Listed> videos;
  std::error_code ignored;
  if (!fs::is_directory(fs::symlink_status(root / folder, ignored))) return videos;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(root / folder)) {
    if (!entry.is_regular_file(ignored) || !is_video_name(entry.path().string())) continue;
    const fs::path within = entry.path().lexically_relative(root / folder);
    const std::string class_name = within.has_parent_path() ? within.begin()->string() : "";
    if (entry.file_size(ignored) == 0)
      result.empty.push_back((fs::path(folder) / within).string());
    else
      videos.push_back({(fs::path(folder) / within).string(), class_name});
  }
  std::ranges::sort(videos, {}, &Listed::path);
  return videos;
}

std::string lines_of(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

}  // namespace

void write_lists(const SafeFolder& out, Annotations& annotations, Prepared& result) {
  std::map<std::string, std::vector<Listed>> splits;
  std::set<std::string> names;
  for (const char* split : {"train", "val", "test"}) {
    splits[split] = videos_of(out.root(), std::string("videos_") + split, result);
    for (const Listed& video : splits[split])
      if (!video.class_name.empty()) names.insert(video.class_name);
  }
  const std::set<std::string> announced = annotations.class_names();
  if (!names.empty() && std::ranges::includes(announced, names)) names = announced;
  const std::vector<std::string> classes(names.begin(), names.end());
  int64_t largest = -1;
  for (auto& [split, videos] : splits) {
    std::vector<std::string> lines;
    for (const Listed& video : videos) {
      const std::string file = fs::path(video.path).filename().string();
      annotations.found(file);
      const VideoPlace* known = annotations.find(file);
      int64_t label = classes.empty() && known ? known->label : -1;
      if (!video.class_name.empty()) label = std::ranges::lower_bound(classes, video.class_name) - classes.begin();
      if (label < 0 && split != "test") {
        result.unplaced.push_back(video.path);
        continue;
      }
      largest = std::max(largest, label);
      lines.push_back(label < 0 ? video.path : video.path + " " + std::to_string(label));
    }
    (split == "train" ? result.train : split == "val" ? result.val : result.test) = static_cast<int64_t>(lines.size());
    if (!lines.empty()) write_file_atomically(out.root() / (split + ".txt"), lines_of(lines));
  }
  result.classes = classes.empty() ? largest + 1 : static_cast<int64_t>(classes.size());
  if (!classes.empty()) write_file_atomically(out.root() / "classes.txt", lines_of(classes));
}

}  // namespace vhost
