// One part of the plugin under check, made and run as the engine would, with what it answers kept apart from
// exceptions.
#pragma once
#include <map>
#include <memory>
#include <string>

#include "check/checks.h"
#include "check/situation.h"
#include "gateway/gateway.h"

namespace vhost::check {

// What a slot has answered.
struct Answer {
  int32_t status = VH_OK;
  std::string message, where, pointer;
  bool ok() const { return status == VH_OK; }
  std::string text() const;  // "message (where) at /pointer", or that there is none
};

struct BuildAs {
  at::ScalarType dtype = at::kFloat;
  bool meta = false;
  uint64_t seed = 1;
};

struct RunAs {
  uint32_t mode = VH_TRAIN;
  uint64_t seed = 1;  // of the default generator and of the samples
  int64_t step = 0;
};

using Tensors = std::map<std::string, at::Tensor>;

// The component's parameters for the checks, with `over` on top, validated and with defaults. Throws Error.
json::object complete(const Case& subject, const json::object& over = {});

class Subject {
 public:
  // Loads the plugin; nothing is made yet. Throws Error.
  Subject(const Case& subject, json::object parameters);
  explicit Subject(const Case& subject) : Subject(subject, complete(subject)) {}
  ~Subject();
  Subject(const Subject&) = delete;
  Subject& operator=(const Subject&) = delete;

  Answer create(const vh_specs& in = {}, const vh_specs& want = {}, const BuildAs& as = {});
  void destroy();
  Answer describe(const vh_specs& in, vh_specs& out) const;
  // Under the engine's conditions: generators seeded, targets without grad mode.
  Answer run(const vh_map& given, vh_map& out, const RunAs& as) const;

  template <class Table>
  const Table& table() const {
    return *static_cast<const Table*>(table_);
  }
  void* self() const { return self_; }
  bool claims(uint32_t cap) const;
  std::vector<Param*> params() const { return scope_->all(); }

 private:
  vh_map with_labels(const vh_map& in, const RunAs& as) const;

  const Case& case_;
  json::value parameters_;
  const void* table_ = nullptr;
  void* self_ = nullptr;
  std::unique_ptr<vh_scope> scope_;
};

// answer_of calls slot(err) and keeps what it answers.
Answer to_answer(int32_t status, const vh_error& error);
template <class Slot>
Answer answer_of(Slot slot) {
  vh_error error = new_error();
  const int32_t status = slot(&error);
  return to_answer(status, error);
}

// The situations that the part accepts, simplest first, at most `most`. Throws Failed if there is none.
std::vector<Situation> accepted(const Case& subject, size_t most = 1);

// A part made for the situation; throws Failed if it refuses.
std::unique_ptr<Subject> made(const Case& subject, const Situation& situation, const BuildAs& as = {});
vh_specs described(const Subject& part, const vh_specs& in);              // throws Failed
Tensors outputs(const Subject& part, const vh_map& in, const RunAs& as);  // throws Failed
at::ScalarType widest(const Subject& part);                               // float64 where it claims to work
at::ScalarType widest_of(const Case& subject);

void seed_generator(uint64_t seed);  // LibTorch's default one

// Sum over the float outputs of <output, fixed random weights>: one number that depends on all of them.
at::Tensor weighted_sum(const Tensors& tensors);
bool same_bits(const at::Tensor& a, const at::Tensor& b);
// "" if a and b are near each other; else where and how far they are apart.
std::string difference(const Tensors& a, const Tensors& b, double tolerance);

}  // namespace vhost::check
