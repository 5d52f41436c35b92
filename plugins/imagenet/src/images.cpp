#include "images.h"

#include <vhost/random.h>

#include <algorithm>
#include <filesystem>
#include <map>

#include "views.h"

namespace imagenet {
namespace {

namespace fs = std::filesystem;

bool exists(const std::string& path) {
  std::error_code ignored;
  return !path.empty() && fs::exists(path, ignored);
}

}  // namespace

Images::Images(ImagesOptions options, const Hooks& hooks) : options_(std::move(options)), augment_(options_.augment) {
  check_options();
  bool named_elsewhere = !options_.files.empty();  // then root, list and class_names may have stayed on another machine
  if (exists(options_.class_names) || (!options_.class_names.empty() && !named_elsewhere))
    class_names_ = read_class_names(options_.class_names);
  const std::string& source = options_.class_folders ? options_.root : options_.list;
  if (source.empty() && !named_elsewhere)
    throw OptionError(options_.class_folders ? "/root" : "/list",
                      options_.class_folders ? "is missing: the folder of the class folders, or give \"files\""
                                             : "is missing: the list file of the images, or give \"files\"");
  if (exists(source) || !named_elsewhere) {
    if (options_.class_folders)
      read_class_folders(hooks);
    else
      read_list();
  }
  classes_ = vh::media::count_classes(options_.classes, largest_label_, class_names_.size(),
                                      options_.class_folders ? options_.root : options_.list);
  if (named_elsewhere) use_files();
  check_some_exist();
}

void Images::check_options() const {
  check_crop(options_.crop);
  if (options_.index_by_names && options_.class_names.empty())
    throw OptionError("/class_names", "is missing: index \"class_names\" needs a file with synsets");
}

void Images::add(const std::string& name, std::string path, int64_t label) {
  fingerprint_.add(name, label);
  largest_label_ = std::max(largest_label_, label);
  items_.push_back({std::move(path), label});
}

void Images::read_class_folders(const Hooks& hooks) {
  auto found = imagenet::read_class_folders(options_.root, [&](int64_t done, int64_t total) {
    hooks.progress("listing class folders", done, total);
    if (hooks.cancelled()) throw vh::media::Cancelled("listing images");
  });
  if (options_.index_by_names)
    number_by_names(found);
  else
    name_classes(found.folders);
  for (auto& image : found.images) {
    std::string path = (fs::path(options_.root) / image.name).string();
    add(image.name, std::move(path), image.folder);
  }
}

// A folder becomes the class whose synset (or name) it bears.
void Images::number_by_names(ClassFolders& found) {
  std::map<std::string, int64_t> index;
  for (size_t i = 0; i < class_names_.size(); ++i) {
    const ClassName& c = class_names_[i];
    index.emplace(c.synset.empty() ? c.name : c.synset, static_cast<int64_t>(i));
  }
  std::vector<int64_t> numbers;
  for (const auto& folder : found.folders) {
    auto at = index.find(folder);
    if (at == index.end())
      throw OptionError("/class_names", options_.class_names + " doesn't list the class folder " + folder);
    numbers.push_back(at->second);
  }
  for (auto& image : found.images) image.folder = numbers[static_cast<size_t>(image.folder)];
}

// Folder i is class i; its name comes from class_names, by synset if that has synsets.
void Images::name_classes(const std::vector<std::string>& folders) {
  std::map<std::string, std::string> by_synset;
  for (const auto& c : class_names_)
    if (!c.synset.empty()) by_synset.emplace(c.synset, c.name);
  if (by_synset.empty() && !class_names_.empty()) {
    if (class_names_.size() != folders.size())
      throw OptionError("/class_names", options_.class_names + " names " + std::to_string(class_names_.size()) +
                                            " classes without synsets, but " + options_.root + " has " +
                                            std::to_string(folders.size()) + " class folders");
    return;
  }
  std::vector<ClassName> names;
  for (const auto& folder : folders) {
    auto at = by_synset.find(folder);
    names.push_back({folder, at == by_synset.end() ? folder : at->second});
  }
  class_names_ = std::move(names);
}

void Images::read_list() {
  vh::media::ListFormat format;
  format.separator = options_.separator, format.extension = "";
  auto items = vh::media::read_list(options_.list, options_.root, format);
  if (items.empty()) throw OptionError("/list", options_.list + " lists no image");
  for (auto& item : items) add(item.name, std::move(item.path), item.label);
}

void Images::use_files() {
  items_.clear();
  fingerprint_ = {};
  for (const auto& file : options_.files) add(file, vh::media::resolve_path(".", file, ""), -1);
}

// A wrong root is noticed here, by a few dozen files, not by a million failed reads.
void Images::check_some_exist() const {
  constexpr size_t kLooks = 64;
  size_t step = std::max<size_t>(items_.size() / kLooks, 1);
  for (size_t i = 0; i < items_.size(); i += step)
    if (exists(items_[i].path)) return;
  if (items_.empty()) return;
  bool files = !options_.files.empty();
  throw OptionError(files ? "/files" : "/root", "none of the " + std::to_string(length()) +
                                                    (files ? " files exists" : " images of the list exists below it") +
                                                    "; the first: " + items_[0].path);
}

std::string Images::class_name(int64_t label) const {
  return label >= 0 && label < static_cast<int64_t>(class_names_.size()) ? class_names_[static_cast<size_t>(label)].name
                                                                         : "";
}

FileFacts Images::read(int64_t index, Pass pass, std::span<const Output> outputs) const {
  const std::string& path = item(index).path;
  FileFacts facts;
  try {
    auto bytes = read_file(path);
    Image image(bytes, options_.limits);
    facts.width = image.width(), facts.height = image.height();
    write_views(image, plan_views(image, options_, pass, outputs), options_);
  } catch (const DecodeError& error) {
    throw SampleError(path, error.what());
  }
  if (pass == Pass::kTrain)
    for (const Output& output : outputs) augment(output);
  return facts;
}

void Images::augment(const Output& output) const {
  if (augment_.is_nothing()) return;
  int64_t size = options_.crop.size;
  vh_random random = vh::media::augment_stream(output.seed);
  augment_.apply(augment_.draw(random, size, size), {output.pixels, size, size, size * 3});
}

}  // namespace imagenet
