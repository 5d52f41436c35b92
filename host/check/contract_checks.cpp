#include <algorithm>
#include <cstring>

#include "check/subject.h"

namespace vhost::check {

namespace {

constexpr size_t kSituations = 6;

std::string mode_name(uint32_t mode) {
  return mode == VH_TRAIN ? "train" : "eval";
}

std::string show(at::IntArrayRef sizes) {
  std::string text = "[";
  for (size_t i = 0; i < sizes.size(); ++i) {
    if (i) text += ",";
    text += std::to_string(sizes[i]);
  }
  return text + "]";
}

// What describe says is what run makes.
void compare(const vh_specs& stated, const Tensors& made, const Situation& situation, int64_t rows, at::ScalarType type,
             const std::string& when) {
  for (const Spec& spec : stated.list) {
    const auto it = made.find(spec.key);
    if (it == made.end()) throw Failed(when + ": describe states \"" + spec.key + "\", and run doesn't put it");
    const at::Tensor& value = it->second;
    const std::vector<int64_t> sizes = sizes_of(spec, rows, situation);
    if (value.sizes() != at::IntArrayRef(sizes))
      throw Failed(when + ": " + spec.key + " has shape " + show(value.sizes()) + ", describe states " + show(sizes));
    const at::ScalarType wanted = spec.c.dtype == VH_DTYPE_ANY ? type : to_scalar_type(spec.c.dtype);
    if (value.scalar_type() != wanted)
      throw Failed(when + ": " + spec.key + " is " + c10::toString(value.scalar_type()) + ", describe states " +
                   c10::toString(wanted));
    if (spec.semantic == "logits" && spec.c.classes > 0 && value.size(-1) != spec.c.classes)
      throw Failed(when + ": " + spec.key + " has " + std::to_string(value.size(-1)) + " logits for " +
                   std::to_string(spec.c.classes) + " classes");
  }
}

void check_keys(const Case& subject, const vh_specs& stated) {
  const Kind kind = kind_of(subject.component->interface_id);
  const auto needs = [&](const char* key) {
    if (!stated.find(key)) throw Failed(std::string("describe states no \"") + key + "\"");
  };
  if (kind == kBackbone) needs("features.0");
  if (kind == kLoss) needs("loss.sum");
  const std::string prefix = kind == kHead ? "pred." : kind == kTarget ? "target." : "";
  for (const Spec& spec : stated.list)
    if (!spec.key.starts_with(prefix) && !(kind == kTarget && spec.key.starts_with("weight.")))
      throw Failed("describe states \"" + spec.key + "\"; keys of this kind begin with " + prefix);
  if (stated.list.empty()) throw Failed("describe states nothing");
}

void check_spec(const Subject& part, const Situation& situation) {
  const vh_specs stated = described(part, situation.in), again = described(part, situation.in);
  for (const Spec& spec : stated.list)
    if (!again.find(spec.key) || again.find(spec.key)->str() != spec.str())
      throw Failed("describe isn't pure: asked twice, it states " + spec.key + " in two ways");
  for (const uint32_t mode : {VH_TRAIN, VH_EVAL})
    for (const int64_t rows : {mode == VH_TRAIN ? 2 : 1, 3})  // batch statistics need more than one row
      compare(stated, outputs(part, fill(situation, {.rows = rows}), {.mode = mode}), situation, rows, at::kFloat,
              situation.name + ", " + std::to_string(rows) + " rows, " + mode_name(mode));
}

// A part made for one size says of another whether it takes it, and keeps its word.
void check_other_sizes(const Case& subject, const Subject& part, const Situation& own) {
  if (kind_of(subject.component->interface_id) != kBackbone || own.cells) return;
  for (const Clip& clip : clips(subject)) {
    const Situation other = of_clip(clip);
    vh_specs stated;
    if (clip.height > 64 || other.name == own.name || !part.describe(other.in, stated).ok()) continue;
    compare(stated, outputs(part, fill(other), {.mode = VH_EVAL}), other, 2, at::kFloat,
            "made for " + own.name + ", then given " + other.name);
  }
}

void spec(const Case& subject) {
  for (const Situation& situation : accepted(subject, kSituations)) {
    const auto part = made(subject, situation);
    check_keys(subject, described(*part, situation.in));
    check_spec(*part, situation);
    check_other_sizes(subject, *part, situation);
  }
}

void meta(const Case& subject) {
  for (const Situation& situation : accepted(subject, kSituations)) {
    const auto real = made(subject, situation);
    if (!real->claims(VH_CAP_META)) throw Skipped("doesn't claim VH_CAP_META");
    const auto shape = made(subject, situation, {.meta = true});
    for (const uint32_t mode : {VH_TRAIN, VH_EVAL}) {
      const std::string when = situation.name + ", " + mode_name(mode);
      const Tensors want = outputs(*real, fill(situation), {.mode = mode});
      const Tensors got = outputs(*shape, fill(situation, {.meta = true}), {.mode = mode});
      for (const auto& [key, value] : want) {
        const auto it = got.find(key);
        if (it == got.end()) throw Failed(when + ": \"" + key + "\" isn't made from tensors without data");
        if (!it->second.is_meta()) throw Failed(when + ": " + key + " has data although its inputs have none");
        if (it->second.sizes() != value.sizes() || it->second.scalar_type() != value.scalar_type())
          throw Failed(when + ": without data " + key + " is " + show(it->second.sizes()) + " " +
                       c10::toString(it->second.scalar_type()) + ", with data " + show(value.sizes()) + " " +
                       c10::toString(value.scalar_type()));
      }
    }
  }
}

// A batch without rows: refused with a message, or finite results without rows.
void empty_batch(const Case& subject) {
  const Situation situation = accepted(subject).front();
  const auto part = made(subject, situation);
  for (const uint32_t mode : {VH_TRAIN, VH_EVAL}) {
    vh_map out;
    const Answer answer = part->run(fill(situation, {.rows = 0}), out, {.mode = mode});
    if (!answer.ok() && answer.message.empty()) throw Failed("an empty batch is refused without a message");
    if (!answer.ok()) continue;
    for (const auto& [key, value] : out.items)
      if (value.is_floating_point() && !at::isfinite(value).all().item<bool>())
        throw Failed("of an empty batch " + key + " isn't finite");
  }
}

void must_refuse(const Answer& answer, const std::string& what) {
  if (answer.ok()) throw Failed(what + " is accepted");
  if (answer.message.empty()) throw Failed(what + " is refused without a message");
}

// Inputs with one of them in a form that can't be meant: its last axis missing.
void without_last_axis(const Case& subject, const Situation& situation) {
  for (const Spec& spec : situation.in.list) {
    const bool feeds = spec.key == "input" || spec.key == "features.0" || spec.key == "pred";
    if (!feeds || (spec.key == "input" && kind_of(subject.component->interface_id) != kBackbone)) continue;
    if (!situation.features_are_tensors) continue;
    Situation wrong = situation;
    Spec cut = spec;
    cut.c.rank -= 1;
    cut.axes.pop_back();
    wrong.in.add(cut);
    Subject part(subject);
    vh_specs stated;
    vh_map out;
    Answer answer = part.create(wrong.in, wrong.want, {});
    if (answer.ok()) answer = part.describe(wrong.in, stated);
    if (answer.ok()) answer = part.run(fill(wrong), out, {});
    must_refuse(answer, spec.key + " [" + cut.axes + "] in place of [" + spec.axes + "]");
  }
}

// A prediction and a target that can't belong together.
void mismatched_target(const Case& subject, const Situation& situation) {
  Situation wrong = situation;
  Spec target = *situation.in.find("target");
  if (target.c.rank == 1)  // labels: tokens instead
    target.axes = "BNC", target.c.rank = 3, target.c.dim[1] = 7, target.c.dim[2] = 3, target.c.dtype = VH_DTYPE_ANY;
  else
    target.c.dim[target.c.rank - 1] += 3;
  target.c.classes = 0;
  wrong.in.add(target);
  Subject part(subject);
  vh_specs stated;
  vh_map out;
  Answer answer = part.create(wrong.in, wrong.want, {});
  if (answer.ok()) answer = part.describe(wrong.in, stated);
  if (answer.ok()) answer = part.run(fill(wrong), out, {});
  must_refuse(answer, "a target [" + target.axes + "] of " + std::to_string(target.c.dim[target.c.rank - 1]) +
                          " values, which the prediction doesn't fit,");
}

void wrong_input(const Case& subject) {
  const Situation situation = accepted(subject).front();
  const auto part = made(subject, situation);
  vh_map nothing, out;
  nothing.read_only = true;
  must_refuse(part->run(nothing, out, {}), "a step without any input");
  {
    Subject empty(subject);
    vh_specs stated;
    Answer answer = empty.create({}, situation.want, {});
    if (answer.ok()) answer = empty.describe({}, stated);
    must_refuse(answer, "an assembly that gives it no input");
  }
  without_last_axis(subject, situation);
  if (kind_of(subject.component->interface_id) == kLoss) mismatched_target(subject, situation);
}

}  // namespace

void loss_sum(const Case& subject);     // loss_checks.cpp
void mask_counts(const Case& subject);  // mask_checks.cpp

std::vector<Check> contract_checks() {
  return {{"contract.spec", kParts, spec},
          {"contract.meta", kParts, meta},
          {"contract.empty_batch", kParts, empty_batch},
          {"contract.wrong_input", kParts, wrong_input},
          {"contract.loss_sum", kLoss, loss_sum},
          {"contract.mask_counts", kMask, mask_counts}};
}

}  // namespace vhost::check
