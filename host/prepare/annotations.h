// What class and split a Kinetics video has, by its path or by the data set's own tables.
#pragma once
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace vhost {

struct VideoPlace {
  std::string split;       // "train", "val", "test"; "" = not known
  std::string class_name;  // "" = not known
  int64_t label = -1;      // of a list that names no class
};

bool is_video_name(const std::string& name);

// From the folders of a path: a folder called train, val, validation or test (or videos_train, train_256, ...) tells
// the split; the video's own folder is its class, unless it is that folder or one of an archive ("part_0", "k400",
// "replacement_for_corrupted_k400", ...).
VideoPlace place_of(const std::string& path);

// "replacement_for_corrupted_k400": videos that the data set's hosts put in the place of broken ones.
bool is_replacement(const std::string& folder);

// The tables that come with the data set, by the name of the video's file without extension, or by its YouTube id.
class Annotations {
 public:
  // A CSV with the columns label, youtube_id and maybe time_start, time_end, split (the data set's own), or lines of
  // "path label" (mmaction's lists; `name` tells the split). Returns how many videos it named; 0 = it is neither.
  int64_t add(std::string_view text, const std::string& name);
  const VideoPlace* find(const std::string& file_name) const;
  // What was announced, by split; call found() for each video that is there.
  void found(const std::string& file_name);
  std::vector<std::string> missing() const;
  std::set<std::string> class_names() const;
  // The announced class that a folder's name means, "air_drumming" that of "air drumming"; else the name itself.
  std::string class_of_folder(const std::string& folder) const;

 private:
  std::string key_of(const std::string& file_name) const;
  bool add_csv(std::string_view text, const std::string& name, int64_t& added);
  void add_list(std::string_view text, const std::string& name, int64_t& added);

  struct Entry {
    VideoPlace place;
    bool found = false;
  };
  std::map<std::string, Entry> places_;
  std::map<std::string, std::string> by_spelling_;
};

}  // namespace vhost
