#include "record/record.h"

#include "base/files.h"

namespace vhost {

namespace fs = std::filesystem;

namespace {

constexpr int64_t kFormat = 1;
constexpr uintmax_t kLargestFile = 64u << 20;

using Texts = std::map<std::string, std::string>;

// ---- writing
json::object to_json(const Texts& texts) {
  json::object object;
  for (const auto& [key, text] : texts) object[key] = text;
  return object;
}

json::array to_json(const std::vector<std::string>& texts) {
  return json::array(texts.begin(), texts.end());
}

json::object to_json(const Start& start) {
  return {{"started", start.started},
          {"command", start.command},
          {"step", start.step},
          {"vhost", start.vhost},
          {"abi", start.abi},
          {"libtorch", start.libtorch},
          {"cpu", start.cpu},
          {"cpu_capability", start.cpu_capability},
          {"device", start.device},
          {"threads", start.threads},
          {"environment", to_json(start.environment)},
          {"config_sha256", start.config_sha256},
          {"lock_sha256", start.lock_sha256}};
}

// ---- reading
Texts texts(const Manifest& at, const std::string& pointer) {
  const json::value& value = at.at(pointer);
  if (!value.is_object()) throw at.error(pointer, "must be an object, not " + show_json(value));
  Texts texts;
  for (const auto& member : value.get_object())
    texts[std::string(member.key())] = at.string(pointer + "/" + escape_pointer(member.key()));
  return texts;
}

std::vector<std::string> list(const Manifest& at, const std::string& pointer) {
  const json::value& value = at.at(pointer);
  if (!value.is_array()) throw at.error(pointer, "must be a list, not " + show_json(value));
  std::vector<std::string> list;
  for (size_t i = 0; i < value.get_array().size(); ++i) list.push_back(at.string(pointer + "/" + std::to_string(i)));
  return list;
}

std::vector<std::string> keys(const Manifest& at, const std::string& pointer) {
  const json::value& value = at.at(pointer);
  if (!value.is_object()) throw at.error(pointer, "must be an object, not " + show_json(value));
  std::vector<std::string> keys;
  for (const auto& member : value.get_object()) keys.emplace_back(member.key());
  return keys;
}

Start read_start(const Manifest& at, const std::string& pointer) {
  Start start;
  for (const auto& [key, text] : {std::pair{"started", &start.started},
                                  {"command", &start.command},
                                  {"vhost", &start.vhost},
                                  {"abi", &start.abi},
                                  {"libtorch", &start.libtorch},
                                  {"cpu", &start.cpu},
                                  {"cpu_capability", &start.cpu_capability},
                                  {"device", &start.device},
                                  {"config_sha256", &start.config_sha256},
                                  {"lock_sha256", &start.lock_sha256}})
    *text = at.string(pointer + "/" + key);
  start.step = at.integer(pointer + "/step");
  start.threads = at.integer(pointer + "/threads");
  start.environment = texts(at, pointer + "/environment");
  return start;
}

// The manifest within the record, with places of its own, so that its errors name lines of the record.
Manifest inner_manifest(const Manifest& at) {
  const std::string prefix = "/manifest";
  const json::value& value = at.at(prefix);
  if (!value.is_object()) throw at.error(prefix, "must be an object, not " + show_json(value));
  Manifest manifest;
  manifest.root = value.get_object();
  manifest.path = at.path;
  for (auto it = at.places.lower_bound(prefix); it != at.places.end() && it->first.starts_with(prefix); ++it)
    manifest.places[it->first.substr(prefix.size())] = it->second;
  return manifest;
}

void read_inputs(const Manifest& at, Record& record) {
  for (const std::string& pointer : keys(at, "/data")) {
    const std::string place = "/data/" + escape_pointer(pointer);
    record.data[pointer] = {at.string(place + "/fingerprint"), texts(at, place + "/files")};
  }
  for (const std::string& from : keys(at, "/weights")) {
    const std::string place = "/weights/" + escape_pointer(from);
    record.weights[from] = {at.string(place + "/path"), texts(at, place + "/sha256")};
  }
  record.inputs = list(at, "/inputs");
  record.output = at.string("/output");
  record.top_k = at.integer("/top_k");
}

void collect_files(const Manifest& manifest, const std::string& pointer, const json::value& value, Texts& files) {
  if (const json::object* object = value.if_object())
    for (const auto& member : *object)
      collect_files(manifest, pointer + "/" + escape_pointer(member.key()), member.value(), files);
  if (const json::array* array = value.if_array())
    for (size_t i = 0; i < array->size(); ++i)
      collect_files(manifest, pointer + "/" + std::to_string(i), (*array)[i], files);
  if (!value.is_string()) return;
  const fs::path path(std::string(value.get_string()));
  std::error_code error;
  if (!fs::is_regular_file(path, error) || fs::file_size(path, error) > kLargestFile || error) return;
  files[pointer] = sha256_file(path);
}

// A work-dir's record.json; where there is none, the one record of another task.
fs::path record_in(const fs::path& folder) {
  if (fs::exists(folder / "record.json")) return folder / "record.json";
  std::vector<fs::path> others;
  for (const auto& entry : fs::directory_iterator(folder))
    if (entry.path().filename().string().ends_with(".record.json")) others.push_back(entry.path());
  if (others.size() == 1) return others[0];
  std::string text;
  for (const fs::path& other : others) text += (text.empty() ? "" : ", ") + other.filename().string();
  throw Error(folder.string() + ": holds no record.json" + (text.empty() ? "" : "; name one of " + text) +
              ": a run's work-dir or its record is wanted");
}

}  // namespace

std::string config_sha256(const Manifest& manifest) {
  return sha256_hex(canonical_json(manifest.root));
}

std::string lock_sha256(const Lock& lock) {
  return sha256_hex(canonical_json(lock_json(lock)));
}

std::map<std::string, std::string> files_of(const Manifest& manifest, const std::string& part) {
  Texts files;
  collect_files(manifest, part, manifest.at(part), files);
  return files;
}

std::string record_text(const Record& record) {
  json::object data, weights;
  for (const auto& [pointer, entry] : record.data)
    data[pointer] = {{"fingerprint", entry.fingerprint}, {"files", to_json(entry.files)}};
  for (const auto& [from, entry] : record.weights)
    weights[from] = {{"path", entry.path}, {"sha256", to_json(entry.sha256)}};
  json::array history;
  for (const Start& start : record.history) history.push_back(to_json(start));
  const json::object object{{"vhost_record", kFormat},
                            {"task", record.task},
                            {"folder", record.folder},
                            {"work_dir", record.work_dir},
                            {"plugin_path", to_json(record.plugin_path)},
                            {"rerun_of", record.rerun_of},
                            {"seed", record.seed},
                            {"config_sha256", record.config_sha256},
                            {"lock", lock_json(record.lock)},
                            {"data", std::move(data)},
                            {"weights", std::move(weights)},
                            {"inputs", to_json(record.inputs)},
                            {"output", record.output},
                            {"top_k", record.top_k},
                            {"history", std::move(history)},
                            {"manifest", record.manifest.root}};
  return pretty_json(object);
}

Record read_record(const fs::path& path) {
  const fs::path file = fs::is_directory(path) ? record_in(path) : path;
  return parse_record(read_file(file), file);
}

Record parse_record(std::string_view text, const fs::path& file) {
  JsonDocument document = parse_json(text, file.string());
  if (!document.root.is_object() || !document.root.get_object().contains("vhost_record"))
    throw Error(file.string() + ": is no record of a run: the key \"vhost_record\" is missing");
  const Manifest at{document.root.get_object(), document.places, file};
  if (at.integer("/vhost_record") != kFormat)
    throw at.error("/vhost_record", "is " + show_json(at.at("/vhost_record")) + ", this vhost reads version " +
                                        std::to_string(kFormat) + " of the format: use the vhost that wrote it");
  Record record;
  record.file = file;
  record.task = at.string("/task");
  record.folder = at.string("/folder");
  record.work_dir = at.string("/work_dir");
  record.plugin_path = list(at, "/plugin_path");
  record.rerun_of = at.string("/rerun_of");
  record.seed = at.integer("/seed");
  record.config_sha256 = at.string("/config_sha256");
  record.manifest = inner_manifest(at);
  record.lock = parse_lock(document, "/lock");
  read_inputs(at, record);
  const json::value& history = at.at("/history");
  if (!history.is_array() || history.get_array().empty())
    throw at.error("/history", "must be a list with the run's start");
  for (size_t i = 0; i < history.get_array().size(); ++i)
    record.history.push_back(read_start(at, "/history/" + std::to_string(i)));
  return record;
}

}  // namespace vhost
