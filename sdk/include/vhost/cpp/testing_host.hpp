// The stand-in for the host that testing.hpp uses: parameters, specs, parameter shapes and plain tensors; no operators.
#pragma once
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <tuple>

#include "spec.hpp"

// The host's opaque types, as this stand-in makes them.
struct vh_node {  // a value of JSON
  int32_t type = VH_JSON_NULL;
  int64_t whole = 0;
  double number = 0;
  std::string text = {};
  std::vector<std::pair<std::string, vh_node>> items = {};  // of an array with empty names
  const vh_node* member(const std::string& name) const {
    for (const auto& [key, value] : items)
      if (key == name) return &value;
    return nullptr;
  }
};
struct vh_tensor {  // contiguous, on the CPU
  std::vector<int64_t> sizes;
  int32_t dtype = VH_F32;
  std::vector<uint8_t> bytes = {};
  int64_t handles = 1;
};
struct vh_specs {
  explicit vh_specs(std::vector<vh::Spec> all) : specs(std::move(all)) {
    struct Sink : vh_spec_sink {
      std::vector<vh_spec>* to;
    } sink;
    sink.add = [](vh_spec_sink* self, const vh_spec* spec) {
      static_cast<Sink*>(self)->to->push_back(*spec);  // its strings stay in `specs`
      return VH_OK;
    };
    sink.to = &c;
    vh::detail::emit(specs, &sink);
  }
  vh_specs(const vh_specs&) = delete;
  std::vector<vh::Spec> specs;
  std::vector<vh_spec> c;
};
struct vh_scope {
  std::map<std::string, std::unique_ptr<vh_scope>> children;
  std::map<std::string, vh_tensor> tensors;
  void list(const std::string& prefix, std::map<std::string, std::vector<int64_t>>& all) const {
    for (const auto& [name, tensor] : tensors) all[prefix + name] = tensor.sizes;
    for (const auto& [name, child] : children) child->list(prefix + name + ".", all);
  }
};

namespace vh::test {

// JSON without comments; throws vh::Error.
class JsonReader {
 public:
  explicit JsonReader(const std::string& text) : at_(text.c_str()) {}
  vh_node value() {
    const char c = next();
    if (c == '{' || c == '[') return list(c);
    if (c == '"') return {.type = VH_JSON_STRING, .text = string()};
    for (const auto& [word, type, whole] :
         {std::tuple{"true", VH_JSON_BOOL, 1}, {"false", VH_JSON_BOOL, 0}, {"null", VH_JSON_NULL, 0}}) {
      if (std::string(at_).rfind(word, 0) != 0) continue;
      at_ += std::string(word).size();
      return {.type = type, .whole = whole};
    }
    return number();
  }
  void end() {
    if (next()) fail();
  }

 private:
  [[noreturn]] void fail() const {
    throw Error(str("JSON: unexpected text at \"", std::string(at_).substr(0, 20), "\""));
  }
  char next() {
    while (*at_ == ' ' || *at_ == '\n' || *at_ == '\t' || *at_ == '\r') ++at_;
    return *at_;
  }
  void want(char c) {
    if (next() != c) fail();
    ++at_;
  }
  vh_node list(char open) {
    vh_node node{.type = open == '{' ? VH_JSON_OBJECT : VH_JSON_ARRAY};
    const char close = open == '{' ? '}' : ']';
    for (++at_; next() != close;) {
      if (!node.items.empty()) want(',');
      std::string name;
      if (open == '{') {
        next();
        name = string();
        want(':');
      }
      vh_node item = value();
      node.items.emplace_back(std::move(name), std::move(item));
    }
    ++at_;
    return node;
  }
  std::string string() {
    want('"');
    std::string out;
    for (; *at_ && *at_ != '"'; ++at_) out += *at_ == '\\' && at_[1] ? *++at_ : *at_;
    want('"');
    return out;
  }
  vh_node number() {
    char* end = nullptr;
    vh_node node{.type = VH_JSON_DOUBLE, .number = std::strtod(at_, &end)};
    if (end == at_) fail();
    if (std::string(static_cast<const char*>(at_), static_cast<size_t>(end - at_)).find_first_of(".eE") ==
        std::string::npos)
      node.type = VH_JSON_INT, node.whole = std::strtoll(at_, nullptr, 10);
    at_ = end;
    return node;
  }
  const char* at_;
};
inline vh_node parse_json(const std::string& text) {
  JsonReader reader(text);
  vh_node node = reader.value();
  reader.end();
  return node;
}

// The parameters with the schema's defaults where a key is missing.
inline vh_node with_defaults(vh_node params, const vh_node& schema) {
  const vh_node* properties = schema.member("properties");
  if (!properties) return params;
  for (const auto& [name, property] : properties->items)
    if (const vh_node* value = property.member("default"); value && !params.member(name))
      params.items.emplace_back(name, *value);
  return params;
}

inline const vh_node* find_node(const vh_node* node, const char* pointer) {
  std::string rest = pointer;
  while (node && !rest.empty()) {
    const size_t slash = rest.find('/', 1);
    const std::string name = rest.substr(1, slash == std::string::npos ? slash : slash - 1);
    rest = slash == std::string::npos ? "" : rest.substr(slash);
    if (node->type == VH_JSON_ARRAY) {
      const auto i = static_cast<size_t>(std::strtoull(name.c_str(), nullptr, 10));
      node = i < node->items.size() ? &node->items[i].second : nullptr;
    } else {
      node = node->member(name);
    }
  }
  return node;
}
// The node if it has that type; else an error in *err.
inline const vh_node* typed(const vh_node* node, const char* pointer, int32_t type, const char* name, vh_error* err) {
  const vh_node* found = find_node(node, pointer);
  if (found && (found->type == type || (type == VH_JSON_DOUBLE && found->type == VH_JSON_INT))) return found;
  vh::detail::fill(err, VH_ERR_PARAM, str("want ", name), {}, pointer);
  return nullptr;
}

inline const vh_config_1 config_table = {
    sizeof(vh_config_1),
    0,
    [](const vh_node* node, const char* pointer) {
      const vh_node* found = find_node(node, pointer);
      return found ? found->type : VH_JSON_MISSING;
    },
    find_node,
    [](const vh_node* node, const char* pointer, int64_t* out, vh_error* err) -> int32_t {
      const vh_node* found = typed(node, pointer, VH_JSON_INT, "an integer", err);
      return found ? (*out = found->whole, VH_OK) : VH_ERR_PARAM;
    },
    [](const vh_node* node, const char* pointer, double* out, vh_error* err) -> int32_t {
      const vh_node* found = typed(node, pointer, VH_JSON_DOUBLE, "a number", err);
      return found ? (*out = found->number, VH_OK) : VH_ERR_PARAM;
    },
    [](const vh_node* node, const char* pointer, int32_t* out, vh_error* err) -> int32_t {
      const vh_node* found = typed(node, pointer, VH_JSON_BOOL, "true or false", err);
      return found ? (*out = static_cast<int32_t>(found->whole), VH_OK) : VH_ERR_PARAM;
    },
    [](const vh_node* node, const char* pointer, const char** out, vh_error* err) -> int32_t {
      const vh_node* found = typed(node, pointer, VH_JSON_STRING, "a text", err);
      return found ? (*out = found->text.c_str(), VH_OK) : VH_ERR_PARAM;
    },
    [](const vh_node* node) { return node ? static_cast<uint32_t>(node->items.size()) : 0u; },
    [](const vh_node* node, uint32_t i) -> const vh_node* {
      return node && i < node->items.size() ? &node->items[i].second : nullptr;
    },
    [](const vh_node* node, uint32_t i) -> const char* {
      return node && i < node->items.size() ? node->items[i].first.c_str() : nullptr;
    }};

inline const vh_specs_1 specs_table = {
    sizeof(vh_specs_1), 0,
    [](const vh_specs* set, const char* key) -> const vh_spec* {
      for (const vh_spec& spec : set->c)
        if (!std::strcmp(spec.key, key)) return &spec;
      return nullptr;
    },
    [](const vh_specs* set) { return static_cast<uint32_t>(set->c.size()); },
    [](const vh_specs* set, uint32_t i) -> const vh_spec* { return i < set->c.size() ? &set->c[i] : nullptr; }};

inline const vh_params_1 params_table = {
    sizeof(vh_params_1), 0,
    [](vh_scope* scope, const vh_param* p, vh_tensor** out, vh_error* err) -> int32_t {
      const std::vector<int64_t> sizes(p->shape, p->shape + p->rank);
      const auto [at, fresh] = scope->tensors.try_emplace(p->name, vh_tensor{sizes, p->dtype ? p->dtype : VH_F32});
      if (!fresh) return vh::detail::fill(err, VH_ERR_ARGUMENT, str("the parameter ", p->name, " is made twice"));
      *out = &at->second;
      return VH_OK;
    },
    [](vh_scope* scope, const char* name) {
      auto& child = scope->children[name];
      if (!child) child = std::make_unique<vh_scope>();
      return child.get();
    }};

inline int64_t width_of(int32_t dtype) {
  static constexpr int64_t bytes[] = {4, 4, 8, 2, 2, 1, 1, 2, 4, 8, 1};
  return dtype < 0 || dtype > VH_BOOL ? 0 : bytes[dtype];
}
inline int64_t numel_of(const vh_tensor* t) {
  int64_t n = 1;
  for (const int64_t size : t->sizes) n *= size;
  return n;
}
inline int32_t new_tensor(const int64_t* sizes, int32_t rank, int32_t dtype, vh_tensor** out) {
  *out = new vh_tensor{{sizes, sizes + rank}, dtype};
  (*out)->bytes.resize(static_cast<size_t>(numel_of(*out) * width_of(dtype)));
  return VH_OK;
}
inline int32_t copy_out(const vh_tensor* t, void* data, int64_t bytes, vh_error* err) {
  if (bytes != static_cast<int64_t>(t->bytes.size()))
    return vh::detail::fill(err, VH_ERR_ARGUMENT, str("the tensor has ", t->bytes.size(), " bytes, asked for ", bytes));
  std::memcpy(data, t->bytes.data(), t->bytes.size());
  return VH_OK;
}

inline vh_tensor_1 make_tensor_table() {
  vh_tensor_1 table{};
  table.struct_size = sizeof table;
  table.retain = [](vh_tensor* t) { t ? void(++t->handles) : void(); };
  table.release = [](vh_tensor* t) {
    if (t && --t->handles == 0) delete t;
  };
  table.rank = [](const vh_tensor* t) { return t ? static_cast<int32_t>(t->sizes.size()) : -1; };
  table.sizes = [](const vh_tensor* t) { return t->sizes.data(); };
  table.strides = [](const vh_tensor*) -> const int64_t* { return nullptr; };
  table.numel = numel_of;
  table.dtype = [](const vh_tensor* t) { return t->dtype; };
  table.device = [](const vh_tensor*, int32_t* type, int32_t* index) { *type = VH_CPU, *index = 0; };
  table.requires_grad = [](const vh_tensor*) { return 0; };
  table.is_contiguous = [](const vh_tensor*) { return 1; };
  table.data = [](const vh_tensor* t) -> const void* { return t->bytes.data(); };
  table.data_mut = [](vh_tensor* t, vh_error*) -> void* { return t->bytes.data(); };
  table.empty = [](const int64_t* sizes, int32_t rank, int32_t dtype, int32_t, int32_t, vh_tensor** out, vh_error*) {
    return new_tensor(sizes, rank, dtype, out);
  };
  table.from_host = [](const void* data, const int64_t* sizes, int32_t rank, int32_t dtype, int32_t, int32_t,
                       vh_tensor** out, vh_error*) {
    new_tensor(sizes, rank, dtype, out);
    std::memcpy((*out)->bytes.data(), data, (*out)->bytes.size());
    return int32_t{VH_OK};
  };
  table.to_host = copy_out;
  table.item = [](const vh_tensor* t, double* out, vh_error* err) -> int32_t {
    float value = 0;
    if (t->dtype == VH_F64) return copy_out(t, out, sizeof *out, err);
    if (t->dtype != VH_F32) return vh::detail::fill(err, VH_ERR_UNSUPPORTED, "the stand-in's item() takes f32 and f64");
    const int32_t status = copy_out(t, &value, sizeof value, err);
    *out = value;
    return status;
  };
  return table;
}

inline const void* service(const char* id) {
  static const vh_tensor_1 tensors = make_tensor_table();
  const std::pair<const char*, const void*> tables[] = {
      {VH_CONFIG_1, &config_table}, {VH_SPECS_1, &specs_table}, {VH_PARAMS_1, &params_table}, {VH_TENSOR_1, &tensors}};
  for (const auto& [name, table] : tables)
    if (!std::strcmp(id, name)) return table;
  return nullptr;
}
// With it the C++ layer works in the test itself too.
inline const vh_host* host() {
  static const vh_host table{sizeof(vh_host), VH_ABI_MINOR, service};
  vh::detail::connect(&table);
  return &table;
}

struct SpecCollector : vh_spec_sink {
  SpecCollector() : vh_spec_sink{sizeof(vh_spec_sink), 0, &put} {}
  static int32_t put(vh_spec_sink* self, const vh_spec* spec) {
    static_cast<SpecCollector*>(self)->specs.push_back(to_spec(*spec));
    return VH_OK;
  }
  std::vector<Spec> specs;
};
struct TextCollector : vh_text_sink {
  TextCollector() : vh_text_sink{sizeof(vh_text_sink), 0, &put} {}
  static int32_t put(vh_text_sink* self, const char* more, uint64_t n) {
    static_cast<TextCollector*>(self)->text.append(more, n);
    return VH_OK;
  }
  std::string text;
};

// Size of a sample's field, variable axes at their bound.
inline size_t bytes_of(const Spec& field) {
  int64_t n = width_of(static_cast<int32_t>(field.dtype));
  for (size_t i = 0; i < field.dim.size(); ++i) n *= field.dim[i] > 0 ? field.dim[i] : field.dim_max.at(i);
  return static_cast<size_t>(n);
}

template <class Table>
constexpr const char* interface_id() {
  if constexpr (std::is_same_v<Table, vh_backbone_1>)
    return VH_BACKBONE_1;
  else if constexpr (std::is_same_v<Table, vh_target_1>)
    return VH_TARGET_1;
  else if constexpr (std::is_same_v<Table, vh_head_1>)
    return VH_HEAD_1;
  else if constexpr (std::is_same_v<Table, vh_loss_1>)
    return VH_LOSS_1;
  else if constexpr (std::is_same_v<Table, vh_mask_1>)
    return VH_MASK_1;
  else
    return VH_DATASET_1;
}

}  // namespace vh::test
