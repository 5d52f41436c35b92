#include "checkpoint/file/torch_file.h"

#include "checkpoint/file/tensor_reader.h"
#include "checkpoint/file/tree.h"
#include "checkpoint/file/zip_file.h"

namespace vhost {

namespace {

using Storages = std::map<std::string, StoragePlace, std::less<>>;

constexpr std::string_view kMagic = "\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19";
constexpr int64_t kStreamVersion = 1001;
constexpr const char* kBigEndian =
    ": was written on a big-endian machine, which is not read; load it there and save it as safetensors";

constexpr std::string_view kPickleEntry = "data.pkl";

using Entries = std::map<std::string_view, ZipEntry>;

Bytes stored(const Entries::value_type& entry, const std::string& name) {
  if (entry.second.method != 0)
    throw Error(name + ": zip entry " + quote(entry.first) + " is compressed (method " +
                std::to_string(entry.second.method) +
                "), as torch.save never writes it; unpack the file and pack it again with `zip -0`");
  return entry.second.bytes;
}

// The folder in the zip that holds data.pkl, with its slash: "archive/".
std::string_view archive_prefix(const Entries& entries, const std::string& name) {
  std::vector<std::string_view> found;
  for (const auto& [entry, bytes] : entries)
    if (entry == kPickleEntry ||
        (entry.ends_with(kPickleEntry) && entry[entry.size() - kPickleEntry.size() - 1] == '/'))
      found.push_back(entry.substr(0, entry.size() - kPickleEntry.size()));
  if (found.empty())
    throw Error(name + ": is a zip file without a data.pkl, so not one of torch.save; give the checkpoint itself");
  if (found.size() > 1) throw Error(name + ": holds more than one data.pkl; unpack it and give one checkpoint");
  return found[0];
}

TorchFile read_zip(Bytes file, const std::string& name) {
  const Entries entries = zip_entries(file, name);
  const std::string prefix(archive_prefix(entries, name));
  if (const auto order = entries.find(prefix + "byteorder"); order != entries.end()) {
    const Bytes text = stored(*order, name);
    if (text != "little")
      throw Error(name + (text == "big" ? kBigEndian : ": its byte order is neither little nor big"));
  }
  Storages storages;
  const std::string data = prefix + "data/";
  for (const auto& entry : entries) {
    if (!entry.first.starts_with(data)) continue;
    const Bytes bytes = stored(entry, name);
    storages[std::string(entry.first.substr(data.size()))] = {static_cast<uint64_t>(bytes.data() - file.data()),
                                                              bytes.size()};
  }
  const Bytes text = stored(*entries.find(prefix + std::string(kPickleEntry)), name);
  size_t at = static_cast<size_t>(text.data() - file.data());
  const Pickle pickle = read_pickle(file, at, at + text.size(), name);
  TorchFile result;
  result.container = "torch zip";
  list_values(pickle, text.size(), TensorReader(pickle, storages), name, result);
  return result;
}

// ---- the older stream: magic, version, what the machine was, the object, the storages' keys, then their data

void check_machine(const Pickle& machine, const std::string& name) {
  const auto& items = machine.items(machine.root());
  for (size_t i = 0; i + 1 < items.size(); i += 2)
    if (machine.text(items[i]) == "little_endian" && machine[items[i + 1]].kind == PickleKind::kBool &&
        machine[items[i + 1]].number == 0)
      throw Error(name + kBigEndian);
}

// Bytes per element of each storage that the object refers to.
std::map<std::string_view, uint64_t> element_sizes(const Pickle& pickle, const std::string& name) {
  std::map<std::string_view, uint64_t> sizes;
  for (size_t i = 0; i < pickle.size(); ++i) {
    const Ref ref = static_cast<Ref>(i);
    if (pickle[ref].kind != PickleKind::kPersistent) continue;
    const std::optional<StorageId> id = storage_id(pickle, ref, name);
    if (!id) continue;
    if (id->element_bytes == 0)
      throw Error(name + ": storage " + quote(id->key) + " is of type " + quote(id->type) +
                  ", whose size is not known; load it and save it again without");
    sizes.emplace(id->key, id->element_bytes);
  }
  return sizes;
}

Storages read_storages(Bytes file, size_t at, const Pickle& keys, const std::map<std::string_view, uint64_t>& sizes,
                       const std::string& name) {
  Storages storages;
  for (const Ref ref : keys.items(keys.root())) {
    const std::string key(keys.text(ref));
    const std::string place = name + ": byte " + std::to_string(at) + ": storage " + quote(key);
    const auto size = sizes.find(key);
    if (size == sizes.end()) throw Error(place + " belongs to no tensor: the file is damaged; fetch it again");
    if (!lies_in(at, 8, file.size())) throw Error(place + " is missing: the file is cut; fetch it again");
    const uint64_t count = little_endian(file, at, 8);
    uint64_t bytes = 0;
    at += 8;
    if (__builtin_mul_overflow(count, size->second, &bytes) || !lies_in(at, bytes, file.size()))
      throw Error(place + " should have " + std::to_string(count) + " elements and goes beyond the file's " +
                  std::to_string(file.size()) + " bytes: it is cut or damaged; fetch it again");
    storages[key] = {at, bytes};
    at += bytes;
  }
  return storages;
}

TorchFile read_stream(Bytes file, const std::string& name) {
  size_t at = 0;
  const Pickle magic = read_pickle(file, at, file.size(), name);
  if (magic.text(magic.root()) != kMagic)
    throw Error(name +
                ": is a pickle, but not one of torch.save; load it with its own program and save it as safetensors");
  const Pickle version = read_pickle(file, at, file.size(), name);
  if (version[version.root()].kind != PickleKind::kInt || version[version.root()].number != kStreamVersion)
    throw Error(name + ": is of another version of torch.save's stream than " + std::to_string(kStreamVersion) +
                "; load it and save it again");
  check_machine(read_pickle(file, at, file.size(), name), name);
  const size_t begin = at;
  const Pickle pickle = read_pickle(file, at, file.size(), name);
  const size_t pickle_bytes = at - begin;
  const Pickle keys = read_pickle(file, at, file.size(), name);
  const Storages storages = read_storages(file, at, keys, element_sizes(pickle, name), name);
  TorchFile result;
  result.container = "torch legacy";
  list_values(pickle, pickle_bytes, TensorReader(pickle, storages), name, result);
  return result;
}

}  // namespace

bool looks_like_torch(Bytes file) {
  const bool pickle = file.size() >= 2 && static_cast<uint8_t>(file[0]) == 0x80 && static_cast<uint8_t>(file[1]) <= 5;
  return looks_like_zip(file) || pickle;
}

TorchFile read_torch_file(Bytes file, const std::string& name) {
  return looks_like_zip(file) ? read_zip(file, name) : read_stream(file, name);
}

}  // namespace vhost
