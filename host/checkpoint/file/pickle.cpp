#include "checkpoint/file/pickle.h"

#include <bit>

#include "base/error.h"

namespace vhost {

namespace {

// The opcodes of protocols 2 to 5, by the names of pickletools.
enum Opcode : uint8_t {
  kMark = '(',
  kStop = '.',
  kPop = '0',
  kPopMark = '1',
  kDup = '2',
  kNone = 'N',
  kBinInt = 'J',
  kBinInt1 = 'K',
  kBinInt2 = 'M',
  kBinFloat = 'G',
  kBinString = 'T',
  kShortBinString = 'U',
  kBinUnicode = 'X',
  kBinBytes = 'B',
  kShortBinBytes = 'C',
  kEmptyList = ']',
  kAppend = 'a',
  kAppends = 'e',
  kList = 'l',
  kEmptyTuple = ')',
  kTuple = 't',
  kEmptyDict = '}',
  kDict = 'd',
  kSetItem = 's',
  kSetItems = 'u',
  kGlobal = 'c',
  kReduce = 'R',
  kBuild = 'b',
  kBinPersId = 'Q',
  kBinPut = 'q',
  kLongBinPut = 'r',
  kBinGet = 'h',
  kLongBinGet = 'j',
  kProto = 0x80,
  kNewObj = 0x81,
  kExt1 = 0x82,
  kExt2 = 0x83,
  kExt4 = 0x84,
  kTuple1 = 0x85,
  kTuple2 = 0x86,
  kTuple3 = 0x87,
  kNewTrue = 0x88,
  kNewFalse = 0x89,
  kLong1 = 0x8a,
  kLong4 = 0x8b,
  kShortBinUnicode = 0x8c,
  kBinUnicode8 = 0x8d,
  kBinBytes8 = 0x8e,
  kEmptySet = 0x8f,
  kAddItems = 0x90,
  kFrozenSet = 0x91,
  kNewObjEx = 0x92,
  kStackGlobal = 0x93,
  kMemoize = 0x94,
  kFrame = 0x95,
  kByteArray8 = 0x96,
  kNextBuffer = 0x97,
  kReadonlyBuffer = 0x98,
};

constexpr std::string_view kTextOpcodes = "IFLSVgpPio";  // of protocols 0 and 1
constexpr int kNewestProtocol = 5;
constexpr size_t kLongestName = 4096;  // of a module or class; names are copied and compared wherever they are met

}  // namespace

class PickleReader {
 public:
  PickleReader(Bytes file, size_t& at, size_t end, const std::string& name)
      : file_(file), at_(at), begin_(at), end_(end), name_(name) {}

  Pickle read() {
    uint8_t opcode = 0;
    do {
      place_ = at_;
      opcode = static_cast<uint8_t>(take(1)[0]);
      if (opcode != kStop && !simple(opcode) && !text(opcode) && !container(opcode) && !object(opcode) &&
          !stack_or_memo(opcode))
        refuse(opcode);
    } while (opcode != kStop);
    graph_.root_ = pop();
    return std::move(graph_);
  }

 private:
  // ---- bytes
  [[noreturn]] void fail(const std::string& what,
                         const std::string& way_out = "the file is damaged; fetch it again") const {
    throw Error(name_ + ": byte " + std::to_string(place_) + ": " + what + ": " + way_out);
  }
  [[noreturn]] void refuse(uint8_t opcode) const {
    if (kTextOpcodes.find(static_cast<char>(opcode)) != std::string_view::npos)
      fail("pickle protocol 0 or 1", "load it and save it again with pickle_protocol=2");
    if (opcode >= kExt1 && opcode <= kExt4)
      fail("a pickle extension code, known only to the program that wrote it", "save it again without");
    if (opcode == kNextBuffer || opcode == kReadonlyBuffer)
      fail("a pickle with buffers outside of it", "save it again with torch.save");
    fail("unknown pickle opcode " + std::to_string(opcode));
  }
  Bytes take(uint64_t n) {
    if (!lies_in(at_, n, end_)) fail("the pickle goes on beyond its end");
    const Bytes taken = file_.substr(at_, n);
    at_ += n;
    return taken;
  }
  uint64_t number(size_t n) { return little_endian(take(n), 0, n); }
  Bytes line() {
    const size_t end = file_.substr(0, end_).find('\n', at_);
    if (end == Bytes::npos) fail("a name without an end");
    const Bytes taken = take(end - at_);
    take(1);
    return taken;
  }

  // ---- values
  Ref add(const PickleValue& value) {
    if (graph_.values_.size() >= Pickle::kMostValues)
      fail("more than " + std::to_string(Pickle::kMostValues) + " values in a pickle", "keep the weights only");
    graph_.values_.push_back(value);
    return static_cast<Ref>(graph_.values_.size() - 1);
  }
  Ref push(const PickleValue& value) {
    stack_.push_back(add(value));
    return stack_.back();
  }
  void push_number(PickleKind kind, int64_t number) {
    PickleValue value;
    value.kind = kind, value.number = number;
    push(value);
  }
  PickleValue text_value(PickleKind kind, Bytes bytes) const {
    if (bytes.size() >= UINT32_MAX) fail("a text of 4 GiB or more", "keep the weights only");
    PickleValue value;
    value.kind = kind, value.data = bytes.data(), value.pool = static_cast<uint32_t>(bytes.size());
    return value;
  }
  void push_items(PickleKind kind, std::vector<Ref> items) {
    PickleValue value;
    value.kind = kind, value.pool = static_cast<uint32_t>(graph_.items_.size());
    graph_.items_.push_back(std::move(items));
    push(value);
  }
  void push_pair(PickleKind kind, Ref first, Ref second) {
    PickleValue value;
    value.kind = kind, value.first = first, value.second = second;
    push(value);
  }

  // ---- the stack
  Ref top() const {
    if (stack_.size() <= floor()) fail("a value is missing");
    return stack_.back();
  }
  size_t floor() const { return marks_.empty() ? 0 : marks_.back(); }
  Ref pop() {
    const Ref ref = top();
    stack_.pop_back();
    return ref;
  }
  std::vector<Ref> pop_many(size_t n) {
    if (stack_.size() < floor() + n) fail("a value is missing");
    const std::vector<Ref> taken(stack_.end() - static_cast<std::ptrdiff_t>(n), stack_.end());
    stack_.resize(stack_.size() - n);
    return taken;
  }
  std::vector<Ref> pop_to_mark() {
    if (marks_.empty()) fail("a mark is missing");
    const std::vector<Ref> taken = pop_many(stack_.size() - marks_.back());
    marks_.pop_back();
    return taken;
  }
  PickleKind kind_of(Ref ref) const { return graph_.values_[ref].kind; }

  // ---- numbers
  bool simple(uint8_t opcode) {
    switch (opcode) {
      case kProto:
        if (const uint64_t version = number(1); version > kNewestProtocol)
          fail("pickle protocol " + std::to_string(version), "save it again with pickle_protocol=2");
        return true;
      case kFrame:
        return take(8), true;
      case kNone:
        return push(PickleValue{}), true;
      case kNewTrue:
        return push_number(PickleKind::kBool, 1), true;
      case kNewFalse:
        return push_number(PickleKind::kBool, 0), true;
      case kBinInt:
        return push_number(PickleKind::kInt, static_cast<int32_t>(number(4))), true;
      case kBinInt1:
        return push_number(PickleKind::kInt, static_cast<int64_t>(number(1))), true;
      case kBinInt2:
        return push_number(PickleKind::kInt, static_cast<int64_t>(number(2))), true;
      case kLong1:
        return push_long(take(number(1))), true;
      case kLong4:
        return push_long(take(number(4))), true;
      case kBinFloat:
        return push_float(), true;
      default:
        return false;
    }
  }
  void push_long(Bytes bytes) {
    if (bytes.size() > 8) {
      push(text_value(PickleKind::kBigInt, bytes));
      return;
    }
    uint64_t value = little_endian(bytes, 0, bytes.size());
    const bool negative = !bytes.empty() && (bytes.back() & 0x80) != 0;
    if (negative && bytes.size() < 8) value |= ~uint64_t{0} << (8 * bytes.size());
    push_number(PickleKind::kInt, static_cast<int64_t>(value));
  }
  void push_float() {
    uint64_t bits = 0;
    for (const char byte : take(8)) bits = bits << 8 | static_cast<uint8_t>(byte);  // the highest byte comes first
    PickleValue value;
    value.kind = PickleKind::kFloat, value.real = std::bit_cast<double>(bits);
    push(value);
  }

  // ---- text and bytes
  bool text(uint8_t opcode) {
    const auto sized = [&](PickleKind kind, size_t n) { return push(text_value(kind, take(number(n)))), true; };
    switch (opcode) {
      case kShortBinString:
      case kShortBinUnicode:
        return sized(PickleKind::kText, 1);
      case kBinString:
      case kBinUnicode:
        return sized(PickleKind::kText, 4);
      case kBinUnicode8:
        return sized(PickleKind::kText, 8);
      case kShortBinBytes:
        return sized(PickleKind::kBytes, 1);
      case kBinBytes:
        return sized(PickleKind::kBytes, 4);
      case kBinBytes8:
      case kByteArray8:
        return sized(PickleKind::kBytes, 8);
      default:
        return false;
    }
  }

  // ---- containers
  bool container(uint8_t opcode) {
    switch (opcode) {
      case kEmptyTuple:
        return push_items(PickleKind::kTuple, {}), true;
      case kTuple1:
        return push_items(PickleKind::kTuple, pop_many(1)), true;
      case kTuple2:
        return push_items(PickleKind::kTuple, pop_many(2)), true;
      case kTuple3:
        return push_items(PickleKind::kTuple, pop_many(3)), true;
      case kTuple:
        return push_items(PickleKind::kTuple, pop_to_mark()), true;
      case kEmptyList:
        return push_items(PickleKind::kList, {}), true;
      case kList:
        return push_items(PickleKind::kList, pop_to_mark()), true;
      case kEmptySet:
        return push_items(PickleKind::kSet, {}), true;
      case kFrozenSet:
        return push_items(PickleKind::kSet, pop_to_mark()), true;
      case kEmptyDict:
        return push_items(PickleKind::kDict, {}), true;
      case kDict:
        return push_items(PickleKind::kDict, pairs(pop_to_mark())), true;
      case kAppend:
        return append(PickleKind::kList, pop_many(1)), true;
      case kAppends:
        return append(PickleKind::kList, pop_to_mark()), true;
      case kAddItems:
        return append(PickleKind::kSet, pop_to_mark()), true;
      case kSetItem:
        return append(PickleKind::kDict, pop_many(2)), true;
      case kSetItems:
        return append(PickleKind::kDict, pairs(pop_to_mark())), true;
      default:
        return false;
    }
  }
  std::vector<Ref> pairs(std::vector<Ref> items) const {
    if (items.size() % 2 != 0) fail("a key without a value");
    return items;
  }
  void append(PickleKind kind, const std::vector<Ref>& added) {
    const Ref target = top();
    const bool object = kind_of(target) == PickleKind::kObject;
    if (!object && kind_of(target) != kind) fail("items for a value that takes none");
    std::vector<Ref>& items = !object                     ? graph_.items_[graph_.values_[target].pool]
                              : kind == PickleKind::kDict ? parts(target).entries
                                                          : parts(target).appended;
    items.insert(items.end(), added.begin(), added.end());
  }

  // ---- classes and objects: names and arguments are written down
  bool object(uint8_t opcode) {
    switch (opcode) {
      case kGlobal:
        return push_global(), true;
      case kStackGlobal: {
        const std::vector<Ref> names = pop_many(2);
        if (kind_of(names[0]) != PickleKind::kText || kind_of(names[1]) != PickleKind::kText)
          fail("a class whose name is no text");
        return push_class(names[0], names[1]), true;
      }
      case kReduce:
      case kNewObj:
        return push_object(pop_many(2)), true;
      case kNewObjEx:
        return push_object(pop_many(3)), true;
      case kBuild:
        return build(pop()), true;
      case kBinPersId:
        return push_pair(PickleKind::kPersistent, pop(), kNoValue), true;
      default:
        return false;
    }
  }
  void push_global() {
    const Bytes module = line();
    const Ref first = add(text_value(PickleKind::kText, module));
    push_class(first, add(text_value(PickleKind::kText, line())));
  }
  void push_class(Ref module, Ref name) {
    if (graph_.text(module).size() > kLongestName || graph_.text(name).size() > kLongestName)
      fail("a class whose name has more than " + std::to_string(kLongestName) + " bytes");
    push_pair(PickleKind::kClass, module, name);
  }
  void push_object(const std::vector<Ref>& call) {
    if (kind_of(call[1]) != PickleKind::kTuple) fail("arguments that are no tuple");
    push_pair(PickleKind::kObject, call[0], call[1]);
  }
  void build(Ref state) {
    const Ref target = top();
    if (kind_of(target) == PickleKind::kObject)
      parts(target).state = state;
    else if (kind_of(target) != PickleKind::kPersistent)
      fail("a state for a value that has none");
  }
  ObjectParts& parts(Ref ref) {
    PickleValue& value = graph_.values_[ref];
    if (value.pool == 0) {
      graph_.parts_.emplace_back();
      value.pool = static_cast<uint32_t>(graph_.parts_.size());
    }
    return graph_.parts_[value.pool - 1];
  }

  // ---- the stack and the memo
  bool stack_or_memo(uint8_t opcode) {
    switch (opcode) {
      case kMark:
        return marks_.push_back(stack_.size()), true;
      case kPop:
        if (!marks_.empty() && marks_.back() == stack_.size())
          marks_.pop_back();
        else
          pop();
        return true;
      case kPopMark:
        return pop_to_mark(), true;
      case kDup:
        return stack_.push_back(top()), true;
      case kBinPut:
        return put(number(1)), true;
      case kLongBinPut:
        return put(number(4)), true;
      case kMemoize:
        return put(memo_.size()), true;
      case kBinGet:
        return get(number(1)), true;
      case kLongBinGet:
        return get(number(4)), true;
      default:
        return false;
    }
  }
  void put(uint64_t index) {
    if (index > at_ - begin_) fail("a memo number beyond the pickle's length");  // so the memo is no larger than it
    if (index >= memo_.size()) memo_.resize(index + 1, kNoValue);
    memo_[index] = top();
  }
  void get(uint64_t index) {
    if (index >= memo_.size() || memo_[index] == kNoValue)
      fail("memo number " + std::to_string(index) + " was never set");
    stack_.push_back(memo_[index]);
  }

  Bytes file_;
  size_t& at_;
  const size_t begin_, end_;
  const std::string& name_;
  size_t place_ = 0;  // of the opcode
  Pickle graph_;
  std::vector<Ref> stack_, memo_;
  std::vector<size_t> marks_;
};

Pickle read_pickle(Bytes file, size_t& at, size_t end, const std::string& name) {
  return PickleReader(file, at, end, name).read();
}

}  // namespace vhost
