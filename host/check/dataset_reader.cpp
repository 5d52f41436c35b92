#include "check/dataset_reader.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "assembly/input.h"

namespace vhost::check {

namespace {

constexpr uint8_t kCanary = 0xA5;
constexpr size_t kAlignment = 64;

size_t rounded(size_t n) {
  return (n + kAlignment - 1) / kAlignment * kAlignment;
}

int64_t field_bytes(const Spec& spec) {
  int64_t bytes = dtype_bytes(spec.c.dtype);
  if (!bytes) throw Failed("field \"" + spec.key + "\" states no element type");
  for (int i = 0; i < spec.c.rank; ++i) {
    const int64_t size = spec.c.dim[i] == VH_DIM_VAR ? spec.c.dim_max[i] : spec.c.dim[i];
    if (size <= 0) throw Failed("field \"" + spec.key + "\" has an axis without a size: " + spec.str());
    bytes *= size;
  }
  return bytes;
}

}  // namespace

void SampleMemory::Free::operator()(uint8_t* memory) const {
  std::free(memory);
}

SampleMemory::SampleMemory(const vh_specs& specs) {
  for (const Spec& spec : specs.list) {
    Field field;
    field.key = spec.key, field.size = field_bytes(spec);
    field.memory.reset(
        static_cast<uint8_t*>(std::aligned_alloc(kAlignment, rounded(static_cast<size_t>(field.size) + 2 * kGuard))));
    field.extent.resize(static_cast<size_t>(spec.c.rank));
    field.variable = std::any_of(spec.c.dim, spec.c.dim + spec.c.rank, [](int64_t n) { return n == VH_DIM_VAR; });
    fields_.push_back(std::move(field));
  }
  for (Field& field : fields_) {
    data_.push_back(field.memory.get() + kGuard);
    bytes_.push_back(field.size);
    extent_.push_back(field.variable ? field.extent.data() : nullptr);
  }
  slot_ = {sizeof(vh_slot), static_cast<uint32_t>(fields_.size()), data_.data(), bytes_.data(), extent_.data()};
  clear();
}

void SampleMemory::clear() {
  for (Field& field : fields_) {
    const auto size = static_cast<size_t>(field.size);
    std::memset(field.memory.get(), kCanary, kGuard);
    std::memset(field.memory.get() + kGuard, 0, size);
    std::memset(field.memory.get() + kGuard + size, kCanary, kGuard);
  }
}

std::string SampleMemory::damage() const {
  const auto intact = [](const uint8_t* from) {
    return std::all_of(from, from + kGuard, [](uint8_t byte) { return byte == kCanary; });
  };
  for (const Field& field : fields_) {
    if (!intact(field.memory.get())) return "before the memory of field \"" + field.key + "\"";
    if (!intact(field.memory.get() + kGuard + field.size)) return "past the memory of field \"" + field.key + "\"";
  }
  return "";
}

std::vector<uint8_t> SampleMemory::bytes() const {
  std::vector<uint8_t> all;
  for (const Field& field : fields_)
    all.insert(all.end(), field.memory.get() + kGuard, field.memory.get() + kGuard + field.size);
  return all;
}

int64_t SampleMemory::integer(size_t field) const {
  int64_t value = 0;
  std::memcpy(&value, data_[field], sizeof value);
  return value;
}

double SampleMemory::real(size_t field) const {
  double value = 0;
  std::memcpy(&value, data_[field], sizeof value);
  return value;
}

Reader::Reader(const Case& subject, const json::object& over) : part_(subject, complete(subject, over)) {
  if (const Answer answer = part_.create(); !answer.ok()) throw Failed("can't be made: " + answer.text());
  const Answer answer = answer_of([&](vh_error* error) { return table().length(part_.self(), &length_, error); });
  if (!answer.ok()) throw Failed("length fails: " + answer.text());
  if (length_ <= 0) throw Failed("has " + std::to_string(length_) + " samples");
}

vh_specs Reader::fields(uint32_t pass) const {
  vh_specs specs;
  SpecCollector sink(specs);
  const Answer answer = answer_of([&](vh_error* error) { return table().fields(part_.self(), pass, &sink, error); });
  if (!answer.ok()) throw Failed("fields fails for " + pass_name(pass) + ": " + answer.text());
  return specs;
}

Answer Reader::read(uint32_t pass, int64_t index, const std::vector<uint64_t>& seeds,
                    const std::vector<SampleMemory*>& memory) const {
  std::vector<vh_slot*> slots;
  for (SampleMemory* one : memory) slots.push_back(one->slot());
  vh_read read{};
  read.struct_size = sizeof read;
  read.pass = pass;
  read.index = index;
  read.n = static_cast<uint32_t>(seeds.size());
  read.seed = seeds.data();
  read.slot = slots.data();
  const WorkerScope worker;
  return answer_of([&](vh_error* error) { return table().read(part_.self(), &read, error); });
}

std::string Reader::name(int64_t index) const {
  TextCollector sink;
  const Answer answer = answer_of([&](vh_error* error) { return table().name(part_.self(), index, &sink, error); });
  if (!answer.ok()) throw Failed("name(" + std::to_string(index) + ") fails: " + answer.text());
  return sink.text;
}

std::string pass_name(uint32_t pass) {
  return pass == VH_PASS_TRAIN ? "training" : pass == VH_PASS_EVAL ? "evaluation" : "prediction";
}

}  // namespace vhost::check
