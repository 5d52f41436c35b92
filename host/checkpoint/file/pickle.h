// A pickle as a graph of inert values. What it asks to be called or built is written down, never done: no class is
// looked up, nothing is imported, nothing runs. Source: CPython's Lib/pickletools.py, protocols 2 to 5.
#pragma once
#include <deque>
#include <vector>

#include "checkpoint/file/bytes.h"

namespace vhost {

using Ref = uint32_t;  // a value of one Pickle
inline constexpr Ref kNoValue = UINT32_MAX;

enum class PickleKind : uint8_t {
  kNone,
  kBool,
  kInt,
  kBigInt,  // of more than 64 bits: its bytes, the lowest first
  kFloat,
  kText,   // UTF-8 as the writer says; a Python 2 string too
  kBytes,  // bytes or a bytearray
  kTuple,
  kList,
  kSet,
  kDict,        // items: key, value, key, value, ...
  kClass,       // a name, or a function's
  kObject,      // a call or a new object that the pickle asks for
  kPersistent,  // first: the id, which means something to whoever wrote the file
};

struct PickleValue {
  PickleKind kind = PickleKind::kNone;
  Ref first = kNoValue;   // object: class; class: module
  Ref second = kNoValue;  // object: arguments; class: name
  uint32_t pool = 0;      // tuple, list, set, dict: which of the items; text and bytes: the size; object: 1 + its parts
  union {
    int64_t number = 0;
    double real;
    const char* data;
  };
};

// What was put into an object after it was asked for.
struct ObjectParts {
  std::vector<Ref> entries;   // key, value, ...: as into a dict
  std::vector<Ref> appended;  // as to a list
  Ref state = kNoValue;       // as __setstate__ or __dict__ would get it
};

// Memory: at most some 100 bytes per byte of the pickle, and kMostValues of them. Cycles are possible. Nothing
// recurses, not even destruction. Text and bytes lie in the file, which must outlive this.
class Pickle {
 public:
  static constexpr size_t kMostValues = 1 << 23;

  const PickleValue& operator[](Ref ref) const { return values_[ref]; }
  size_t size() const { return values_.size(); }
  Ref root() const { return root_; }
  std::string_view text(Ref ref) const;          // of text, bytes, a big integer; "" for others
  const std::vector<Ref>& items(Ref ref) const;  // of a tuple, list, set or dict; none for others
  const ObjectParts& parts(Ref ref) const;       // of an object; none for others
  std::string class_name(Ref ref) const;         // of a class or an object: "argparse.Namespace"
  bool is_class(Ref ref, std::string_view module, std::string_view name) const;

 private:
  friend class PickleReader;
  std::deque<PickleValue> values_;
  std::deque<std::vector<Ref>> items_;
  std::deque<ObjectParts> parts_;
  Ref root_ = kNoValue;
};

// The pickle that begins at file[at]; moves `at` behind it. It must end before `end`. Time and memory are linear in its
// length. Throws Error naming `name` and the byte.
Pickle read_pickle(Bytes file, size_t& at, size_t end, const std::string& name);

}  // namespace vhost
