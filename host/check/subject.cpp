#include "check/subject.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Context.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>

#include "assembly/part.h"
#include "manifest/manifest.h"
#include "vhost/random.h"

namespace vhost::check {

std::string Answer::text() const {
  std::string text = message.empty() ? "status " + std::to_string(status) + " without a message" : message;
  if (!where.empty() && text.find(where) == std::string::npos) text += " (" + where + ")";
  return pointer.empty() ? text : text + " at " + pointer;
}

Answer to_answer(int32_t status, const vh_error& error) {
  const auto text = [](const auto& field) { return std::string(field, strnlen(field, sizeof field)); };
  if (status == VH_OK) return {};
  return {status, text(error.message), text(error.where), text(error.json_pointer)};
}

json::object complete(const Case& subject, const json::object& over) {
  json::object parameters = subject.parameters;
  for (const auto& [key, value] : over) parameters[key] = value;
  const Manifest manifest;
  validate(manifest, "", parameters, subject.component->schema);
  return parameters;
}

Subject::Subject(const Case& subject, json::object parameters) : case_(subject), parameters_(std::move(parameters)) {
  table_ = load(subject).entry->get(subject.component->interface_id.c_str(), subject.component->name.c_str());
  if (!table_) throw Error("the library doesn't serve " + subject.component->name);
}

Subject::~Subject() {
  destroy();
}

void Subject::destroy() {
  if (self_) static_cast<const PartTable*>(table_)->destroy(self_);
  self_ = nullptr;
}

Answer Subject::create(const vh_specs& in, const vh_specs& want, const BuildAs& as) {
  destroy();
  const at::Device device = as.meta ? at::kMeta : at::kCPU;
  scope_ = std::make_unique<vh_scope>("", as.seed, device, as.dtype, as.meta);
  const std::string folder = case_.package->folder.string();
  vh_build build{};
  build.struct_size = sizeof build;
  build.flags = as.meta ? VH_BUILD_META : 0;
  build.host = host_table();
  build.params = node_of(parameters_);
  build.scope = scope_.get();
  build.in = &in;
  build.want = &want;
  build.package_dir = folder.c_str();
  build.cache_dir = case_.cache_dir.c_str();
  build.device_type = as.meta ? VH_META : VH_CPU;
  build.dtype = from_scalar_type(as.dtype);
  void* self = nullptr;
  const PartScope part(case_.component->name);
  const Answer answer = answer_of([&](vh_error* error) { return table<PartTable>().create(&build, &self, error); });
  if (!answer.ok()) return answer;
  if (!self) throw Failed("create succeeds and leaves *self NULL");
  self_ = self;
  return answer;
}

Answer Subject::describe(const vh_specs& in, vh_specs& out) const {
  SpecCollector sink(out);
  Answer answer = answer_of([&](vh_error* error) { return table<PartTable>().describe(self_, &in, &sink, error); });
  if (!sink.problem.empty()) throw Failed("describe states no valid spec: " + sink.problem);
  return answer;
}

void seed_generator(uint64_t seed) {
  at::Generator generator = at::globalContext().defaultGenerator(at::kCPU);
  generator.set_current_seed(seed);
}

// A head that wants labels gets them in train mode.
vh_map Subject::with_labels(const vh_map& in, const RunAs& as) const {
  vh_map all = in;
  const bool wants = kind_of(case_.component->interface_id) == kHead && claims(VH_CAP_LABELS);
  if (wants && as.mode == VH_TRAIN && !in.items.empty()) {
    const at::Tensor& any = in.items[0].second;
    all.put("batch.label", at::zeros({any.size(0)}, any.options().dtype(at::kLong)));
  }
  return all;
}

Answer Subject::run(const vh_map& given, vh_map& out, const RunAs& as) const {
  const vh_map in = with_labels(given, as);
  seed_generator(as.seed);
  const bool meta = !in.items.empty() && in.items[0].second.is_meta();
  const int64_t rows = in.items.empty() || in.items[0].second.dim() == 0 ? 0 : in.items[0].second.size(0);
  std::vector<uint64_t> seeds;
  for (int64_t row = 0; row < rows; ++row) seeds.push_back(vh_hash2(as.seed, static_cast<uint64_t>(row)));
  vh_step step{};
  step.struct_size = sizeof step;
  step.mode = as.mode;
  step.flags = meta ? VH_STEP_META : 0;
  step.in = &in;
  step.out = &out;
  step.sample_seed = seeds.data();
  step.samples = rows;
  step.step = as.step;
  step.device_type = meta ? VH_META : VH_CPU;
  const at::AutoGradMode grad(kind_of(case_.component->interface_id) != kTarget);
  const PartScope part(case_.component->name);
  return answer_of([&](vh_error* error) { return table<PartTable>().run(self_, &step, error); });
}

bool Subject::claims(uint32_t cap) const {
  return (table<PartTable>().caps & cap) != 0;
}

namespace {

// Made on the meta device where the part can, since it's thrown away.
Answer try_out(const Case& subject, const Situation& situation, uint32_t* modes = nullptr, int64_t* unit = nullptr) {
  Subject part(subject);
  Answer answer = part.create(situation.in, situation.want, {.meta = part.claims(VH_CAP_META)});
  vh_specs out;
  if (answer.ok()) answer = part.describe(situation.in, out);
  if (answer.ok() && modes)
    answer = answer_of(
        [&](vh_error* error) { return part.table<vh_backbone_1>().mask_modes(part.self(), modes, unit, error); });
  return answer;
}

[[noreturn]] void refused_all(const std::vector<std::string>& reasons, const char* key) {
  std::string text;
  for (size_t i = 0; i < std::min<size_t>(3, reasons.size()); ++i) text += "; " + reasons[i];
  throw Failed("accepts none of the kit's inputs: say one that it accepts in plugin.in.json (\"check\", " +
               std::string(key) + "). It answered" + text.substr(0, 1500));
}

void add_masked(const Case& subject, const Clip& clip, uint32_t modes, const int64_t* unit,
                std::vector<Situation>& into, size_t most) {
  const int64_t size[3] = {clip.frames, clip.height, clip.width};
  int64_t grid[3];
  for (int i = 0; i < 3; ++i) {
    if (modes == VH_MASK_NONE) return;
    if (unit[i] <= 0 || size[i] % unit[i] != 0)
      throw Failed("mask_modes states cells of " + std::to_string(unit[i]) +
                   " samples, which don't divide an input of " + std::to_string(size[i]) + " that it accepts");
    grid[i] = size[i] / unit[i];
  }
  for (const auto& [masking, bit] : {std::pair{Masking::replace, VH_MASK_REPLACE}, {Masking::drop, VH_MASK_DROP}}) {
    if (!(modes & bit) || into.size() >= most) continue;
    Situation masked = of_clip(clip, masking, grid);
    if (const Answer answer = try_out(subject, masked); !answer.ok())
      throw Failed("states a mask mode and refuses it (" + masked.name + "): " + answer.text());
    into.push_back(std::move(masked));
  }
}

std::vector<Situation> accepted_clips(const Case& subject, size_t most) {
  std::vector<Situation> all;
  std::vector<std::string> reasons;
  for (const Clip& clip : clips(subject)) {
    if (!all.empty() && (all.size() >= most || clip.height > 64)) break;  // large ones only if nothing else will do
    Situation plain = of_clip(clip);
    uint32_t modes = 0;
    int64_t unit[3] = {0, 0, 0};
    const Answer answer = try_out(subject, plain, &modes, unit);
    const std::string name = plain.name;
    if (!answer.ok()) {
      reasons.push_back(name + ": " + answer.text());
      continue;
    }
    all.push_back(std::move(plain));
    add_masked(subject, clip, modes, unit, all, most);
  }
  if (all.empty()) refused_all(reasons, "\"input\"");
  return all;
}

}  // namespace

std::vector<Situation> accepted(const Case& subject, size_t most) {
  if (kind_of(subject.component->interface_id) == kBackbone) return accepted_clips(subject, most);
  std::vector<Situation> all;
  std::vector<std::string> reasons;
  for (Situation& situation : situations(subject)) {
    const Answer answer = try_out(subject, situation);
    if (answer.ok())
      all.push_back(std::move(situation));
    else
      reasons.push_back(situation.name + ": " + answer.text());
    if (all.size() >= most) break;
  }
  if (all.empty()) refused_all(reasons, "\"parameters\"");
  return all;
}

std::unique_ptr<Subject> made(const Case& subject, const Situation& situation, const BuildAs& as) {
  auto part = std::make_unique<Subject>(subject);
  if (const Answer answer = part->create(situation.in, situation.want, as); !answer.ok())
    throw Failed("can't be made for " + situation.name + ": " + answer.text());
  return part;
}

vh_specs described(const Subject& part, const vh_specs& in) {
  vh_specs out;
  if (const Answer answer = part.describe(in, out); !answer.ok()) throw Failed("describe fails: " + answer.text());
  return out;
}

Tensors outputs(const Subject& part, const vh_map& in, const RunAs& as) {
  vh_map out;
  if (const Answer answer = part.run(in, out, as); !answer.ok())
    throw Failed(std::string("run fails in ") + (as.mode == VH_TRAIN ? "train" : "eval") + " mode: " + answer.text());
  return {out.items.begin(), out.items.end()};
}

at::ScalarType widest(const Subject& part) {
  return part.claims(VH_CAP_DOUBLE) ? at::kDouble : at::kFloat;
}

at::ScalarType widest_of(const Case& subject) {
  return widest(Subject(subject));
}

at::Tensor weighted_sum(const Tensors& tensors) {
  at::Tensor sum = at::zeros({}, at::kDouble);
  uint64_t seed = 77;
  for (const auto& [key, value] : tensors) {
    if (!value.defined() || !value.is_floating_point()) continue;
    at::Generator random = at::detail::createCPUGenerator(++seed);
    sum =
        sum + (value.to(at::kDouble) * at::randn(value.sizes(), random, at::TensorOptions().dtype(at::kDouble))).sum();
  }
  return sum;
}

bool same_bits(const at::Tensor& a, const at::Tensor& b) {
  if (a.sizes() != b.sizes() || a.scalar_type() != b.scalar_type()) return false;
  const at::Tensor x = a.detach().contiguous(), y = b.detach().contiguous();
  return std::memcmp(x.const_data_ptr(), y.const_data_ptr(), x.nbytes()) == 0;
}

std::string difference(const Tensors& a, const Tensors& b, double tolerance) {
  for (const auto& [key, x] : a) {
    const auto it = b.find(key);
    if (it == b.end()) return key + " is missing in one of two runs";
    const at::Tensor& y = it->second;
    if (x.sizes() != y.sizes() || x.scalar_type() != y.scalar_type()) return key + " has another shape or type";
    if (x.numel() == 0) continue;
    const at::Tensor u = x.detach().to(at::kDouble), v = y.detach().to(at::kDouble);
    const double scale = std::max(u.abs().max().item<double>(), 1e-3), apart = (u - v).abs().max().item<double>();
    if (!(apart <= tolerance * scale)) {
      char text[96];
      std::snprintf(text, sizeof text, " is apart by %.3g where its values reach %.3g", apart, scale);
      return key + text;
    }
  }
  return "";
}

}  // namespace vhost::check
