#include "prepare/prepare.h"

#include <algorithm>
#include <functional>
#include <set>

#include "base/files.h"
#include "base/json.h"
#include "base/printable.h"
#include "prepare/annotations.h"
#include "prepare/lists.h"
#include "prepare/media_archive.h"
#include "prepare/safe_folder.h"
#include "prepare/sources.h"

namespace vhost {
namespace fs = std::filesystem;

namespace {

constexpr int64_t kLargestTable = int64_t{256} << 20;
constexpr const char* kUnsorted = ".unsorted";  // of videos whose split or class isn't known yet
constexpr const char* kSuspect = "damaged";     // as an archive's stamp: what it gave may be wrong

bool leads_out(const std::string& path) {
  const fs::path parts(path);
  return parts.is_absolute() || std::ranges::find(parts, fs::path("..")) != parts.end();
}

// Names in archives may be of any bytes, which JSON may not.
json::array printable_list(const std::vector<std::string>& lines) {
  json::array list;
  for (const std::string& line : lines) list.emplace_back(printable(line));
  return list;
}

std::string read_all(ByteSource& data) {
  std::string text;
  for (std::string_view block = data.read(); !block.empty(); block = data.read()) text += block;
  return text;
}

int64_t size_of(const fs::path& path) {
  std::error_code error;
  const uintmax_t size = fs::file_size(path, error);
  return error ? -1 : static_cast<int64_t>(size);
}

bool is_there(const fs::path& path) {
  std::error_code ignored;
  return fs::symlink_status(path, ignored).type() != fs::file_type::not_found;
}

// "k400.tar.gz" -> "k400"
std::string stem_of(const std::string& archive) {
  return archive.substr(0, archive.find('.'));
}

// "size,time" of an archive's parts: the same again means that it needn't be read again.
std::string stamp_of(const SourceArchive& archive) {
  std::string stamp;
  for (const fs::path& part : archive.parts) {
    std::error_code ignored;
    stamp += fs::absolute(part).lexically_normal().string() + " " + std::to_string(size_of(part)) + " " +
             std::to_string(fs::last_write_time(part, ignored).time_since_epoch().count()) + "\n";
  }
  return sha256_hex(stamp);
}

class Preparation {
 public:
  explicit Preparation(const PrepareOptions& options)
      : options_(options), sources_(find_sources(options.source, options.out)), out_(options.out) {
    result_.problems = sources_.problems;
    result_.archives = static_cast<int64_t>(sources_.archives.size());
    read_state();
    read_tables();
  }

  Prepared run() {
    const auto replaces = [](const SourceArchive& archive) { return is_replacement(stem_of(archive.name)); };
    std::ranges::stable_partition(sources_.archives, std::not_fn(replaces));
    for (const SourceArchive& archive : sources_.archives) read_archive(archive);
    for (const fs::path& video : sources_.videos) take_video(video);
    sort_held();
    write_lists(out_, annotations_, result_);
    result_.missing = annotations_.missing();
    check_none_is_gone();
    if (listed() == 0 && result_.whole())
      result_.problems.push_back(options_.source.string() + ": no video (.mp4, .mkv, .avi, ...) was found in it");
    write_state();
    return std::move(result_);
  }

 private:
  fs::path state_file() const { return out_.root() / "prepare.json"; }

  void read_state() {
    std::error_code ignored;
    if (!fs::exists(state_file(), ignored)) return;
    const json::value state = read_state_file();
    if (const json::value* done = find_pointer(state, "/done"); done && done->is_object())
      for (const auto& entry : done->get_object())
        if (entry.value().is_string()) done_[std::string(entry.key())] = std::string(entry.value().get_string());
    for (const char* split : {"/train", "/val", "/test"})
      if (const json::value* count = find_pointer(state, split); count && count->is_int64())
        listed_before_ += count->get_int64();
  }

  int64_t listed() const { return result_.train + result_.val + result_.test; }

  // Archives that are done aren't read again, so what was deleted since would go from the lists without a word.
  void check_none_is_gone() {
    if (listed() < listed_before_ && result_.archives_done_before > 0)
      result_.problems.push_back(out_.root().string() + ": holds " + std::to_string(listed()) +
                                 " videos, after the last run " + std::to_string(listed_before_) + "; with " +
                                 state_file().string() +
                                 " removed the archives are read again and the others come back");
  }

  json::value read_state_file() const try { return read_json(state_file().string()).root; } catch (const Error& error) {
    throw Error(std::string(error.what()) + "; without this file the archives are read again, and nothing is lost");
  }

  void write_state() const {
    json::object done;
    for (const auto& [name, stamp] : done_) done[name] = stamp;
    const json::object state{{"done", std::move(done)},
                             {"train", result_.train},
                             {"val", result_.val},
                             {"test", result_.test},
                             {"classes", result_.classes},
                             {"problems", printable_list(result_.problems)},
                             {"refused", printable_list(result_.refused)},
                             {"differing", printable_list(result_.differing)},
                             {"unplaced", printable_list(result_.unplaced)},
                             {"empty", printable_list(result_.empty)},
                             {"missing", printable_list(result_.missing)}};
    write_file_atomically(state_file(), pretty_json(state));
  }

  void add_table(const fs::path& path, bool must) {
    const int64_t named = annotations_.add(read_file(path), path.filename().string());
    if (must && named == 0)
      throw Error(path.string() +
                  ": names no video: a CSV with label and youtube_id, or lines of \"path label\", is wanted");
  }

  void read_tables() {
    std::error_code ignored;
    const fs::path kept = out_.root() / "annotations";
    if (fs::is_directory(kept, ignored))
      for (const fs::directory_entry& entry : fs::directory_iterator(kept)) add_table(entry.path(), /*must=*/false);
    for (const fs::path& table : sources_.tables)
      if (size_of(table) <= kLargestTable) add_table(table, /*must=*/false);
    for (const fs::path& table : options_.annotations) add_table(table, /*must=*/true);
  }

  void read_archive(const SourceArchive& archive) {
    const std::string stamp = stamp_of(archive), key = printable(archive.parts[0].lexically_normal().string());
    if (const auto done = done_.find(key); done != done_.end() && done->second == stamp) {
      ++result_.archives_done_before;
      return;
    }
    const std::string name = (archive.parts[0].parent_path() / archive.name).string();
    const size_t refused = result_.refused.size();
    overwrite_ = (done_.contains(key) && done_.at(key) == kSuspect) || is_replacement(stem_of(archive.name));
    split_of_archive_ = place_of(within_source(archive.parts[0])).split;
    try {
      const std::unique_ptr<ByteSource> bytes = joined_files(archive.parts);
      read_media_archive(*bytes, name,
                         [&](const MediaEntry& entry, ByteSource& data) { take_entry(name, entry, data); });
      if (refused == result_.refused.size()) done_[key] = stamp;
    } catch (const WriteError&) {
      throw;
    } catch (const CutShort& error) {
      result_.problems.emplace_back(error.what());
    } catch (const Error& error) {
      result_.problems.emplace_back(error.what());
      done_[key] = kSuspect;
    }
    overwrite_ = false;
    split_of_archive_.clear();
    write_state();
  }

  void take_entry(const std::string& archive, const MediaEntry& entry, ByteSource& data) {
    const std::string name = fs::path(entry.path).filename().string();
    const bool video = is_video_name(name), table = !video && (name.ends_with(".csv") || name.ends_with(".txt"));
    if (!video && !table && entry.not_a_file.empty() && !leads_out(entry.path)) return;
    std::string why = unusable_name(name);
    if (leads_out(entry.path)) why = "leads out of the archive";
    if (!entry.not_a_file.empty()) why = "is " + entry.not_a_file;
    if (!why.empty()) return refuse(archive + ": \"" + entry.path + "\" " + why);
    if (table) return take_table(name, entry, data);
    const VideoPlace place = placed(entry.path);
    if (const std::string bad = place.class_name.empty() ? "" : unusable_name(place.class_name); !bad.empty())
      return refuse(archive + ": \"" + entry.path + "\": its folder " + bad);
    put(place, name, entry.size, [&](const fs::path& folder) { bytes_ += out_.write(folder, name, data, entry.size); });
    if (options_.progress) options_.progress(archive, result_.unpacked + result_.kept, bytes_);
  }

  void take_table(const std::string& name, const MediaEntry& entry, ByteSource& data) {
    if (entry.size > kLargestTable) return;
    const std::string text = read_all(data);
    if (annotations_.add(text, name) > 0) write_file_atomically(out_.folder("annotations") / name, text);
  }

  std::string within_source(const fs::path& path) const {
    std::error_code ignored;
    return (fs::absolute(sources_.root).lexically_normal().filename() / fs::relative(path, sources_.root, ignored))
        .string();
  }

  void take_video(const fs::path& video) {
    const std::string name = video.filename().string();
    put(placed(within_source(video)), name, size_of(video),
        [&](const fs::path& folder) { out_.take(folder, name, video); });
    if (options_.progress) options_.progress(sources_.root.string(), result_.unpacked + result_.kept, bytes_);
  }

  void refuse(const std::string& what) { result_.refused.push_back(what); }

  VideoPlace placed(const std::string& path) const {
    VideoPlace place = place_of(path);
    if (!place.class_name.empty()) place.class_name = annotations_.class_of_folder(place.class_name);
    const VideoPlace* known = annotations_.find(fs::path(path).filename().string());
    if (place.split.empty() && known) place.split = known->split;
    if (place.split.empty()) place.split = split_of_archive_;
    if (!known) return place;
    const bool from_csv = known->label < 0 && !known->class_name.empty();
    if (place.class_name.empty() || from_csv) place.class_name = known->class_name;
    place.label = known->label;
    return place;
  }

  static bool is_complete(const VideoPlace& place) {
    return !place.split.empty() && (!place.class_name.empty() || place.label >= 0);
  }

  fs::path folder_of(const VideoPlace& place) const {
    if (is_complete(place)) return fs::path("videos_" + place.split) / place.class_name;
    return fs::path(kUnsorted) / (place.split.empty() ? "unknown" : place.split) /
           (place.class_name.empty() ? "unknown" : place.class_name);
  }

  template <class Write>
  void put(const VideoPlace& place, const std::string& name, int64_t size, Write write) {
    const fs::path folder = out_.folder(folder_of(place).lexically_normal()), file = folder / name;
    if (is_there(file) && !overwrite_) {
      ++result_.kept;
      if (size >= 0 && size_of(file) != size)
        result_.differing.push_back(file.string() + ": has " + std::to_string(size_of(file)) + " bytes, not " +
                                    std::to_string(size));
      return;
    }
    write(folder);
    ++result_.unpacked;
  }

  // Now that all tables are read.
  void sort_held() {
    const fs::path held = out_.root() / kUnsorted;
    std::error_code ignored;
    if (!fs::is_directory(held, ignored)) return;
    std::vector<fs::path> files;
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(held))
      if (entry.is_regular_file() && is_video_name(entry.path().string())) files.push_back(entry.path());
    std::ranges::sort(files);
    int64_t without_split = 0;
    for (const fs::path& file : files) {
      const VideoPlace place = place_of_held(file);
      if (place.split.empty()) {
        ++without_split;
        continue;
      }
      const fs::path to =
          out_.folder((fs::path("videos_" + place.split) / place.class_name).lexically_normal()) / file.filename();
      if (is_there(to))
        fs::remove(file, ignored);
      else
        fs::rename(file, to);
    }
    if (without_split > 0)
      result_.problems.push_back(std::to_string(without_split) + (without_split == 1 ? " video in " : " videos in ") +
                                 held.string() +
                                 ": neither a folder nor a table says whether they are of train or val; name it with "
                                 "--split, or a table with --annotations");
    else
      fs::remove_all(held, ignored);
  }

  VideoPlace place_of_held(const fs::path& file) const {
    const std::string split = file.parent_path().parent_path().filename().string(),
                      own = file.parent_path().filename().string();
    VideoPlace place = placed(file.filename().string());
    if (split != "unknown") place.split = split;
    if (own != "unknown" && place.class_name.empty()) place.class_name = annotations_.class_of_folder(own);
    if (place.split.empty()) place.split = options_.split;
    return place;
  }

  const PrepareOptions& options_;
  Sources sources_;
  SafeFolder out_;
  Annotations annotations_;
  Prepared result_;
  std::map<std::string, std::string> done_;
  int64_t listed_before_ = 0;
  int64_t bytes_ = 0;
  std::string split_of_archive_;  // the one being read, by the folder that it lies in
  bool overwrite_ = false;        // by replacements, and by an archive whose checksum was wrong before
};

}  // namespace

Prepared prepare_kinetics(const PrepareOptions& options) try {
  return Preparation(options).run();
} catch (const fs::filesystem_error& error) {
  throw Error(error.path1().string() + ": " + error.code().message());
}

}  // namespace vhost
