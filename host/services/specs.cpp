#include "services/specs.h"

#include <algorithm>
#include <cstring>

#include "services/tables.h"

namespace vhost {
namespace {

constexpr int kMaxRank = 8;

const char* dtype_name(int32_t dtype) {
  static constexpr const char* names[] = {"", "f32", "f64", "f16", "bf16", "u8", "i8", "i16", "i32", "i64", "bool"};
  return dtype >= 0 && dtype <= VH_BOOL ? names[dtype] : "?";
}

std::string dim_text(const vh_spec& c, int i) {
  switch (c.dim[i]) {
    case VH_DIM_BATCH:
      return "B";
    case VH_DIM_VISIBLE:
      return "Nv";
    case VH_DIM_MASKED:
      return "Nm";
    case VH_DIM_VAR:
      return "<=" + std::to_string(c.dim_max[i]);
    default:
      return std::to_string(c.dim[i]);
  }
}

std::string coverage_text(int32_t coverage) {
  switch (coverage) {
    case VH_ALL:
      return " of all tokens";
    case VH_VISIBLE:
      return " of the visible tokens";
    case VH_MASKED:
      return " of the masked tokens";
    default:
      return " of unknown coverage " + std::to_string(coverage);
  }
}

const char* text_or_empty(const char* text) {
  return text ? text : "";
}

std::string why_no_spec(const Spec& spec) {
  const std::string name = spec.key.empty() ? "a spec" : "spec \"" + spec.key + "\"";
  if (spec.c.rank < 0 || spec.c.rank > kMaxRank)
    return name + ": rank must be 0 to 8, not " + std::to_string(spec.c.rank);
  if (!spec.axes.empty() && spec.axes.size() != static_cast<size_t>(spec.c.rank))
    return name + ": axes \"" + spec.axes + "\" don't name " + std::to_string(spec.c.rank) + " dimensions";
  return "";
}

int32_t add_spec(vh_spec_sink* sink, const vh_spec* spec) {
  auto* self = static_cast<SpecCollector*>(sink);
  try {
    if (!spec) {
      self->problem = "a spec is NULL";
      return VH_ERR_ARGUMENT;
    }
    Spec copy(*spec);
    self->problem = why_no_spec(copy);
    if (!self->problem.empty()) return VH_ERR_ARGUMENT;
    self->into.add(copy);
    return VH_OK;
  } catch (...) {
    return VH_ERR_MEMORY;
  }
}

int32_t add_text(vh_text_sink* sink, const char* text, uint64_t n) {
  if (n && !text) return VH_ERR_ARGUMENT;
  try {
    if (n) static_cast<TextCollector*>(sink)->text.append(text, n);
    return VH_OK;
  } catch (...) {
    return VH_ERR_MEMORY;
  }
}

const vh_spec* specs_find(const vh_specs* specs, const char* key) {
  if (!specs || !key) return nullptr;
  for (const Spec& spec : specs->list)
    if (spec.key == key) return spec.view();
  return nullptr;
}

uint32_t specs_count(const vh_specs* specs) {
  return specs ? static_cast<uint32_t>(specs->list.size()) : 0;
}

const vh_spec* specs_at(const vh_specs* specs, uint32_t i) {
  return specs && i < specs->list.size() ? specs->list[i].view() : nullptr;
}

}  // namespace

const vh_specs_1 kSpecsTable = {sizeof(vh_specs_1), 0, specs_find, specs_count, specs_at};

Spec::Spec(const vh_spec& spec) {
  std::memcpy(&c, &spec, std::min<size_t>(spec.struct_size, sizeof(c)));
  c.struct_size = sizeof(c);
  if (!VH_HAS(&spec, key)) c.key = nullptr;
  if (!VH_HAS(&spec, semantic)) c.semantic = nullptr;
  if (!VH_HAS(&spec, axes)) c.axes = nullptr;
  key = text_or_empty(c.key);
  semantic = text_or_empty(c.semantic);
  axes = text_or_empty(c.axes);
}

// Writes only what differs, so that a set whose specs have been viewed once can be read from many threads.
const vh_spec* Spec::view() const {
  if (c.struct_size != sizeof(c)) c.struct_size = sizeof(c);
  if (c.key != key.c_str()) c.key = key.c_str();
  if (c.semantic != semantic.c_str()) c.semantic = semantic.c_str();
  if (c.axes != axes.c_str()) c.axes = axes.c_str();
  return &c;
}

std::string Spec::str() const {
  std::string text = key;
  if (!semantic.empty()) text += " " + semantic;
  if (c.dtype != VH_DTYPE_ANY) text += std::string(" ") + dtype_name(c.dtype);
  text += " [";
  for (int i = 0; i < std::clamp(c.rank, 0, kMaxRank); ++i) text += (i ? "," : "") + dim_text(c, i);
  text += "]";
  if (axes.find('N') != std::string::npos) text += coverage_text(c.coverage);
  if (c.prefix_tokens > 0) text += ", " + std::to_string(c.prefix_tokens) + " prefix tokens";
  if (c.grid[0] > 0)
    text += ", grid " + std::to_string(c.grid[0]) + "x" + std::to_string(c.grid[1]) + "x" + std::to_string(c.grid[2]);
  if (c.classes > 0) text += ", " + std::to_string(c.classes) + " classes";
  return text;
}

SpecCollector::SpecCollector(vh_specs& specs) : vh_spec_sink{sizeof(vh_spec_sink), 0, add_spec}, into(specs) {}
TextCollector::TextCollector() : vh_text_sink{sizeof(vh_text_sink), 0, add_text} {}

}  // namespace vhost

const vhost::Spec* vh_specs::find(const std::string& key) const {
  for (const vhost::Spec& spec : list)
    if (spec.key == key) return &spec;
  return nullptr;
}

vhost::Spec& vh_specs::add(const vhost::Spec& spec) {
  vhost::Spec* slot = nullptr;
  if (!spec.key.empty())
    for (vhost::Spec& old : list)
      if (old.key == spec.key) slot = &old;
  if (slot) {
    *slot = spec;
  } else {
    list.push_back(spec);
    slot = &list.back();
  }
  slot->view();
  return *slot;
}
