// Kinetics as it is downloaded -> folders of videos and list files.
#pragma once
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace vhost {

struct PrepareOptions {
  std::filesystem::path source;  // an archive, the first or any part of a split one, or a folder with any of these
  std::filesystem::path out;
  std::vector<std::filesystem::path> annotations;  // tables besides those that lie in the source
  std::string split;                               // of videos that nothing else tells it of; "" = an error
  std::function<void(const std::string& what, int64_t files, int64_t bytes)> progress;
};

struct Prepared {
  int64_t train = 0, val = 0, test = 0, classes = 0;  // listed
  int64_t unpacked = 0, kept = 0;                     // videos written; there before
  int64_t archives = 0, archives_done_before = 0;
  std::vector<std::string> problems;   // archives that are damaged, cut short or lack a part
  std::vector<std::string> refused;    // entries that aren't files, or whose names can't be used
  std::vector<std::string> differing;  // there before with another size, and left so
  std::vector<std::string> unplaced;   // neither class nor label is known: in no list
  std::vector<std::string> missing;    // announced by a table, but not there
  std::vector<std::string> empty;      // videos without a byte: in no list
  bool whole() const {
    return problems.empty() && refused.empty() && missing.empty() && unplaced.empty() && empty.empty();
  }
};

// Makes in `out`:
//   videos_train/CLASS/x.mp4, videos_val/CLASS/x.mp4 (videos_test/...); without CLASS where only a label is known
//   train.txt, val.txt (test.txt)  "videos_train/CLASS/x.mp4 LABEL"; classes.txt: their names in the order of labels
//   annotations/                   the tables that lay in the source
//   prepare.json                   the report, and which archives are done
// Every file gets its name only when it is whole, so that a call after a kill goes on: videos that are there are kept,
// archives that are done aren't read again; what came of a damaged one is written anew. Nothing is written outside of
// `out`, whatever names and links the archives hold. Videos of a source folder become hard links where that is
// possible. Throws Error for what can't be gone on with: no such source, nothing in it, a full disk.
Prepared prepare_kinetics(const PrepareOptions& options);

std::string prepared_text(const Prepared& prepared, const PrepareOptions& options);

}  // namespace vhost
