#include "checkpoint/file/tree.h"

#include <unordered_map>

#include "checkpoint/file/describe.h"

namespace vhost {

namespace {

constexpr int kDepth = 200;
constexpr size_t kMostOthers = 1000;  // entries of `other`; more are counted
constexpr size_t kLongList = 8;       // plain values of longer lists are not shown
constexpr size_t kBytesPerPath = 16;  // of the paths, per byte of the pickle
constexpr size_t kRepeatsOfTensor = 8;
constexpr size_t kFree = 1000;  // visits and repeats that any file may have

class Walker {
 public:
  Walker(const Pickle& pickle, size_t pickle_bytes, const TensorReader& reader, const std::string& name,
         TorchFile& file)
      : pickle_(pickle),
        reader_(reader),
        name_(name),
        file_(file),
        entered_(pickle.size()),
        visits_left_(kFree + 2 * pickle_bytes),
        path_bytes_left_(64 * kFree + kBytesPerPath * pickle_bytes) {
    size_t objects = 0;
    for (size_t i = 0; i < pickle.size(); ++i)
      if (pickle[static_cast<Ref>(i)].kind == PickleKind::kObject) ++objects;
    tensors_left_ = kFree + kRepeatsOfTensor * objects;
    copied_left_ = StoredTensor::kMostCopied + StoredTensor::kCopiedPerByte * reader.stored_bytes();
  }

  void walk() {
    visit(pickle_.root(), 0);
    if (not_shown_ > 0) file_.other["..."] = std::to_string(not_shown_) + " more values";
  }

 private:
  std::string place() const { return name_ + ": " + (path_.empty() ? "its only value" : quote_path()); }
  std::string quote_path() const { return "\"" + printable(path_, 200) + "\""; }
  void spend(size_t& budget, size_t n) const {
    if (n > budget)
      throw Error(place() +
                  ": its containers repeat each other beyond all proportion to the file; save plain dicts of tensors");
    budget -= n;
  }

  void visit(Ref ref, int depth) {
    spend(visits_left_, 1);
    if (depth > kDepth)
      throw Error(place() + ": nested deeper than " + std::to_string(kDepth) + " levels; save the weights only");
    if (const std::optional<json::value> leaf = describe_leaf(pickle_, ref)) return note(*leaf);
    if (pickle_[ref].kind == PickleKind::kPersistent) return note_storage(ref);
    if (std::optional<TensorFound> tensor = reader_.tensor(ref, place())) return add(std::move(*tensor));
    if (entered_[ref]) return note(json::value("the " + describe_kind(pickle_, ref) + " around it"));
    entered_[ref] = true;
    if (pickle_[ref].kind == PickleKind::kObject)
      visit_object(ref, depth);
    else
      visit_container(ref, depth);
    entered_[ref] = false;
  }

  void visit_container(Ref ref, int depth) {
    const auto& items = pickle_.items(ref);
    if (pickle_[ref].kind == PickleKind::kDict) return visit_entries(items, depth);
    if (items.size() > kLongList) note(json::value(describe_kind(pickle_, ref)));
    visit_list(items, depth);
  }

  void visit_object(Ref ref, int depth) {
    const PickleValue& object = pickle_[ref];
    const ObjectParts& parts = pickle_.parts(ref);
    const bool ordered = pickle_.is_class(object.first, "collections", "OrderedDict");
    const bool plain = ordered || pickle_.is_class(object.first, "collections", "defaultdict");
    if (ordered) visit_pairs(object.second, depth);
    if (!plain) note(json::value(describe_kind(pickle_, ref)));
    visit_entries(parts.entries, depth);
    visit_list(parts.appended, depth);
    // The state of an OrderedDict is torch's `_metadata`: versions of modules.
    if (!plain && parts.state != kNoValue) visit_state(parts.state, depth);
  }

  // Attributes: of a dict, or of a tuple of two for classes with slots.
  void visit_state(Ref state, int depth) {
    if (pickle_[state].kind == PickleKind::kTuple)
      for (const Ref part : pickle_.items(state)) visit_state_dict(part, depth);
    else
      visit_state_dict(state, depth);
  }
  void visit_state_dict(Ref state, int depth) {
    if (pickle_[state].kind == PickleKind::kDict) visit(state, depth + 1);
  }

  // OrderedDict([[key, value], ...]), as Python 2 wrote it.
  void visit_pairs(Ref arguments, int depth) {
    const auto& values = pickle_.items(arguments);
    if (values.empty()) return;
    for (const Ref pair : pickle_.items(values[0])) {
      spend(visits_left_, 1);
      const auto& both = pickle_.items(pair);
      if (both.size() != 2) continue;
      spend(path_bytes_left_, pickle_.text(both[0]).size());
      visit_entry(key_text(both[0]), both[1], depth);
    }
  }

  // Of a key that is there twice the last value counts.
  void visit_entries(const std::vector<Ref>& entries, int depth) {
    spend(visits_left_, entries.size() / 2);
    std::vector<std::pair<std::string, Ref>> named;
    std::unordered_map<std::string_view, size_t> places;
    for (size_t i = 0; i + 1 < entries.size(); i += 2) {
      spend(path_bytes_left_, pickle_.text(entries[i]).size());
      named.emplace_back(key_text(entries[i]), entries[i + 1]);
    }
    for (size_t i = 0; i < named.size(); ++i) places[named[i].first] = i;
    for (size_t i = 0; i < named.size(); ++i)
      if (places[named[i].first] == i) visit_entry(named[i].first, named[i].second, depth);
  }

  void visit_list(const std::vector<Ref>& items, int depth) {
    for (size_t i = 0; i < items.size(); ++i) {
      const bool shown = items.size() <= kLongList || !describe_leaf(pickle_, items[i]);
      if (shown)
        visit_entry(std::to_string(i), items[i], depth);
      else
        spend(visits_left_, 1);
    }
  }

  void visit_entry(const std::string& key, Ref value, int depth) {
    const size_t before = path_.size();
    if (before > 0) path_ += '.';
    path_ += key;
    visit(value, depth + 1);
    path_.resize(before);
  }

  std::string key_text(Ref key) const {
    if (pickle_[key].kind == PickleKind::kText || pickle_[key].kind == PickleKind::kBytes)
      return printable(pickle_.text(key));
    const std::optional<json::value> leaf = describe_leaf(pickle_, key);
    if (!leaf) return "(" + describe_kind(pickle_, key) + ")";
    return leaf->is_string() ? std::string(leaf->get_string()) : json::serialize(*leaf);
  }

  void note(const json::value& value) {
    const std::string key = path_.empty() ? "value" : path_;
    if (file_.other.size() >= kMostOthers) {
      ++not_shown_;
      return;
    }
    spend(path_bytes_left_, key.size());
    file_.other[key] = value;
  }

  void note_storage(Ref ref) {
    const std::optional<StorageId> id = storage_id(pickle_, ref, place());
    if (!id) return note(json::value(describe_kind(pickle_, ref)));
    note(json::value(printable(id->type, 100) + " of " + std::to_string(id->view_size)));
  }

  void add(TensorFound found) {
    if (!found.tensor) return add_unread(printable(found.opaque, 200));
    spend(tensors_left_, 1);
    spend_copy(*found.tensor);
    const std::string key = path_.empty() ? "tensor" : path_;
    spend(path_bytes_left_, key.size());
    if (!file_.tensors.emplace(key, std::move(*found.tensor)).second)
      throw Error(name_ + ": two tensors have the path \"" + printable(key, 200) +
                  "\", as one of the keys holds a dot; save it with other keys");
  }

  void add_unread(const std::string& what) {
    spend(tensors_left_, 1);
    const std::string key = path_.empty() ? "tensor" : path_;
    spend(path_bytes_left_, key.size());
    file_.unread[key] = what;
    note(json::value(what));
  }

  // No overflow: the reader has checked the extent.
  void spend_copy(const StoredTensor& tensor) {
    uint64_t bytes = names_of(tensor.element).size;
    for (const int64_t size : tensor.sizes) bytes *= static_cast<uint64_t>(size);
    if (bytes > copied_left_)
      throw Error(place() + ": the tensors up to here repeat the file's " + std::to_string(reader_.stored_bytes()) +
                  " stored bytes beyond all proportion; save each as it is used, with .clone()");
    copied_left_ -= bytes;
  }

  const Pickle& pickle_;
  const TensorReader& reader_;
  const std::string& name_;
  TorchFile& file_;
  std::vector<bool> entered_;
  size_t visits_left_, path_bytes_left_, tensors_left_ = 0, copied_left_ = 0, not_shown_ = 0;
  std::string path_;
};

}  // namespace

void list_values(const Pickle& pickle, size_t pickle_bytes, const TensorReader& reader, const std::string& name,
                 TorchFile& file) {
  Walker(pickle, pickle_bytes, reader, name, file).walk();
}

}  // namespace vhost
