#include "engine/record.h"

#include "base/files.h"

namespace vhost {

namespace fs = std::filesystem;

namespace {

void write_lock_file(const fs::path& file, const std::string& text, const std::vector<std::string>& changes) {
  try {
    if (file.has_parent_path()) make_directories(file.parent_path());
    write_file_atomically(file, text);
  } catch (const Error& error) {
    std::string lines;
    for (const std::string& change : changes) lines += "\n  " + change;
    throw Error(error.message() + "; the lock must change:" + lines +
                "\n  name another file with --lock, a copy of this one");
  }
}

}  // namespace

void write_lock(const Experiment& x) {
  const Resolution& resolution = *x.request.resolution;
  const fs::path file = x.request.lock_file, own = fs::path(x.request.work_dir) / "lock.json";
  const std::string task = x.manifest.string("/task"), text = pretty_json(lock_json(resolution.lock));
  const bool keeps_work_dir = task != "predict" && task != "extract";
  if (!resolution.changes.empty() && (keeps_work_dir || file != own)) write_lock_file(file, text, resolution.changes);
  if (!keeps_work_dir || file == own) return;
  if (!fs::exists(own) || read_file(own) != text) write_lock_file(own, text, resolution.changes);
}

std::vector<SummaryRow> lock_rows(const RunRequest& request) {
  const std::vector<std::string>& changes = request.resolution->changes;
  std::vector<SummaryRow> rows{
      {"lock", request.lock_file + (changes.empty() ? " stays as it is" : " would be written:")}};
  for (const std::string& change : changes) rows.push_back({"", change});
  return rows;
}

}  // namespace vhost
