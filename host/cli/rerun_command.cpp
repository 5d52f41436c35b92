#include <iostream>

#include "cli/commands.h"
#include "plugins/resolve_manifest.h"
#include "record/rerun.h"

namespace vhost {
namespace fs = std::filesystem;

namespace {

void append(std::vector<std::string>& to, const std::vector<std::string>& from) {
  to.insert(to.end(), from.begin(), from.end());
}

Found packages_for(const Record& record, const std::vector<std::string>& plugin_path) {
  std::vector<fs::path> path = plugin_search_path(plugin_path);
  path.insert(path.end(), record.plugin_path.begin(), record.plugin_path.end());
  return find_packages(path);
}

// Relative paths of the manifest are meant from where the run was started.
void enter_folder_of(const Record& record) {
  std::error_code error;
  if (fs::equivalent(record.folder, fs::current_path(), error)) return;
  fs::current_path(record.folder, error);
  std::cout << (error ? "the run's folder isn't here, so relative paths start in this one: "
                      : "relative paths start where the run was started: ")
            << record.folder << "\n";
}

bool is_rerun_of(const fs::path& work_dir, const Record& record) {
  try {
    return read_record(work_dir).rerun_of == record.file.string();
  } catch (const Error&) {
    return false;
  }
}

// Never the work-dir of another run: only a rerun of the same record may go on there.
fs::path new_work_dir(const std::string& wanted, const Record& record) {
  fs::path folder = wanted.empty() ? fs::absolute(record.work_dir) : fs::path(wanted);
  if (wanted.empty()) folder = (folder / "").parent_path().string() + "-rerun";
  std::error_code error;
  if (fs::exists(folder, error) && !fs::is_empty(folder, error) && !is_rerun_of(folder, record))
    throw Error(folder.string() +
                ": is there already, and holds no rerun of this record; name another with --work-dir");
  return folder;
}

RunRequest request_of(const Record& record, const fs::path& work_dir) {
  RunRequest request;
  request.work_dir = work_dir.string();
  request.lock_file = (work_dir / "lock.json").string();
  if (const auto weights = record.weights.find("--checkpoint"); weights != record.weights.end())
    request.checkpoint = weights->second.path;
  request.files = record.inputs;
  if (!record.output.empty()) request.output = (work_dir / fs::path(record.output).filename()).string();
  request.top_k = static_cast<int>(record.top_k);
  request.rerun_of = &record;
  return request;
}

// Throws the Error that lists all that is missing if the plugins can't be opened; else `problems` holds the rest of it.
Resolution resolve_record(const Record& record, const Found& found, Manifest& manifest,
                          std::vector<std::string>& problems) {
  problems = record_problems(record, found);
  const bool blocked = !problems.empty();
  append(problems, input_problems(record));
  if (blocked) refuse_rerun(record, problems);
  validate_host(manifest);
  LockPolicy policy;
  policy.file = record.file;
  policy.lock = record.lock;
  Resolution resolution = resolve_manifest(manifest, found, policy);
  append(problems, resolution.changes);
  if (!resolution.changes.empty()) refuse_rerun(record, problems);
  resolution.notes.clear();  // newer versions are of no interest here
  return resolution;
}

}  // namespace

int rerun_command(const Options& options) {
  Record record = read_record(options.record);
  record.file = fs::absolute(record.file).lexically_normal();
  std::vector<std::string> plugin_path;
  for (const std::string& folder : options.plugin_path) plugin_path.push_back(fs::absolute(folder).string());
  const std::string wanted = options.work_dir.empty() ? "" : fs::absolute(options.work_dir).string();
  enter_folder_of(record);

  const Found found = packages_for(record, plugin_path);
  std::vector<std::string> problems;
  Manifest manifest = record.manifest;
  const Resolution resolution = resolve_record(record, found, manifest, problems);
  const fs::path work_dir = new_work_dir(wanted, record);
  check_work_dir(work_dir, /*dry_run=*/true);  // made by the engine, once nothing is missing
  RunRequest request = request_of(record, work_dir);
  request.manifest = &manifest;
  request.resolution = &resolution;
  request.problems = problems;
  request.plugin_path = existing(found.searched);
  request.command_line = options.command_line;
  request.vhost_version = VHOST_VERSION;
  request.dry_run = options.dry_run;
  const int code = run_engine(request);
  if (code == 0 && options.dry_run) std::cout << "nothing is missing: the run can be made again\n";
  return code;
}

}  // namespace vhost
