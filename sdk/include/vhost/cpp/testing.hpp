// For a plugin's own tests: loads the built library beside a stand-in for the host, and calls its parts through their C
// tables. No operators: create, describe, masks and datasets can be tested so; `vhost plugin check` runs the rest.
//
//   int main(int, char** argv) {
//     const vh::test::Plugin plugin(argv[1]);
//     auto mask = plugin.make<vh_mask_1>("random", R"({"ratio": 0.5})");
//     VH_CHECK(mask.counts({2, 4, 4}).first == 16);
//     VH_CHECK_FAILS(plugin.make<vh_mask_1>("random", R"({"ratio": 2})"), "at most 1");
//     return vh::test::result();
//   }
//
// Parameters are JSON, as in a manifest; the stand-in fills in defaults from the part's schema, and checks nothing.
#pragma once
#include <dlfcn.h>

#include <cstdio>
#include <cstring>
#include <utility>

#include "testing_host.hpp"

namespace vh::test {

inline int failures = 0, checks = 0;

inline void check(bool good, const char* what, const char* file, int line, const std::string& said = {}) {
  ++checks;
  if (good) return;
  ++failures;
  std::fprintf(stderr, "%s:%d: failed: %s%s%s\n", file, line, what, said.empty() ? "" : "; it said: ", said.c_str());
}
// What main() returns.
inline int result() {
  std::printf("%d checks, %d failed\n", checks, failures);
  return failures || !checks ? 1 : 0;
}
#define VH_CHECK(condition) ::vh::test::check(bool(condition), #condition, __FILE__, __LINE__)
// The expression throws, and its message has this text in it.
#define VH_CHECK_FAILS(expression, text)                                                                     \
  try {                                                                                                      \
    (void)(expression);                                                                                      \
    ::vh::test::check(false, #expression " must fail", __FILE__, __LINE__);                                  \
  } catch (const ::vh::Error& e) {                                                                           \
    ::vh::test::check(std::strstr(e.what(), text), #expression " must say \"" text "\"", __FILE__, __LINE__, \
                      e.what());                                                                             \
  }

// One part, made. What its table's slots refuse is thrown as vh::Error.
template <class Table>
class Made {
 public:
  Made(const Table* table, const std::string& name, const vh_node& params, const std::vector<Spec>& in,
       const std::vector<Spec>& want)
      : table_(table), scope_(std::make_unique<vh_scope>()) {
    const vh_specs arriving(in), wanted(want);
    vh_build build{};
    build.struct_size = sizeof build;
    build.host = host();
    build.params = &params;
    build.scope = scope_.get();
    build.in = &arriving;
    build.want = &wanted;
    build.package_dir = build.cache_dir = ".";
    build.device_type = VH_CPU;
    build.dtype = VH_F32;
    call(name.c_str(), [&](vh_error* e) { return table_->create(&build, &self_, e); });
  }
  Made(const Made&) = delete;
  Made(Made&& other) noexcept
      : table_(other.table_), scope_(std::move(other.scope_)), self_(std::exchange(other.self_, nullptr)) {}
  ~Made() {
    if (self_) table_->destroy(self_);
  }

  // Full name -> shape, of the parameters and buffers that create() made.
  std::map<std::string, std::vector<int64_t>> parameters() const {
    std::map<std::string, std::vector<int64_t>> all;
    scope_->list("", all);
    return all;
  }
  std::vector<Spec> describe(const std::vector<Spec>& in) const {
    const vh_specs arriving(in);
    SpecCollector sink;
    call("describe", [&](vh_error* e) { return table_->describe(self_, &arriving, &sink, e); });
    return sink.specs;
  }
  std::pair<uint32_t, Grid> mask_modes() const {
    uint32_t modes = 0;
    Grid unit{};
    call("mask_modes", [&](vh_error* e) { return table_->mask_modes(self_, &modes, unit.data(), e); });
    return {modes, unit};
  }
  uint32_t normaliser() const {
    uint32_t kind = 99;
    call("normaliser", [&](vh_error* e) { return table_->normaliser(self_, &kind, e); });
    return kind;
  }
  // Masks.
  std::pair<int64_t, int64_t> counts(const Grid& grid) const {
    int64_t least = -1, most = -1;
    call("counts", [&](vh_error* e) { return table_->counts(self_, grid.data(), &least, &most, e); });
    return {least, most};
  }
  std::vector<uint8_t> draw(const Grid& grid, uint64_t seed) const {
    std::vector<uint8_t> mask(static_cast<size_t>(cells(grid)), 7);
    call("draw", [&](vh_error* e) { return table_->draw(self_, grid.data(), seed, mask.data(), e); });
    return mask;
  }
  // Datasets.
  std::vector<Spec> fields(uint32_t pass = VH_PASS_TRAIN) const {
    SpecCollector sink;
    call("fields", [&](vh_error* e) { return table_->fields(self_, pass, &sink, e); });
    return sink.specs;
  }
  int64_t length() const {
    int64_t n = -1;
    call("length", [&](vh_error* e) { return table_->length(self_, &n, e); });
    return n;
  }
  std::string name(int64_t index) const {
    return text("name", [&](vh_text_sink* s, vh_error* e) { return table_->name(self_, index, s, e); });
  }
  std::string class_name(int64_t label) const {
    return text("class_name", [&](vh_text_sink* s, vh_error* e) { return table_->class_name(self_, label, s, e); });
  }
  std::string fingerprint() const {
    return text("fingerprint", [&](vh_text_sink* s, vh_error* e) { return table_->fingerprint(self_, s, e); });
  }
  // The bytes of each field of one sample.
  std::vector<std::vector<uint8_t>> read(int64_t index, uint64_t seed, uint32_t pass = VH_PASS_TRAIN) const {
    std::vector<std::vector<uint8_t>> fields_bytes;
    std::vector<std::vector<int64_t>> extents;
    for (const Spec& field : fields(pass)) {
      fields_bytes.emplace_back(bytes_of(field));
      extents.emplace_back(field.dim.size());
    }
    std::vector<void*> data;
    std::vector<int64_t> bytes;
    std::vector<int64_t*> extent;
    for (size_t i = 0; i < fields_bytes.size(); ++i) {
      data.push_back(fields_bytes[i].data());
      bytes.push_back(static_cast<int64_t>(fields_bytes[i].size()));
      extent.push_back(extents[i].data());
    }
    vh_slot slot{sizeof(vh_slot), static_cast<uint32_t>(data.size()), data.data(), bytes.data(), extent.data()};
    vh_slot* const slots[] = {&slot};
    const vh_read request{sizeof(vh_read), pass, index, 1, 0, &seed, slots};
    call("read", [&](vh_error* e) { return table_->read(self_, &request, e); });
    return fields_bytes;
  }

 private:
  template <class F>
  static void call(const char* what, const F& slot) {
    vh_error err = vh::detail::new_error();
    vh::detail::check(slot(&err), err, what);
  }
  template <class F>
  static std::string text(const char* what, const F& slot) {
    TextCollector sink;
    call(what, [&](vh_error* e) { return slot(&sink, e); });
    return sink.text;
  }
  const Table* table_;
  std::unique_ptr<vh_scope> scope_;
  void* self_ = nullptr;
};

// The built library, loaded as the host loads it. Throws vh::Error if it isn't a plugin of this SDK's.
class Plugin {
 public:
  explicit Plugin(const std::string& library) {
    void* handle = dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (!handle) throw Error(dlerror());
    entry_ = static_cast<const vh_plugin_entry*>(dlsym(handle, "vh_plugin_entry_v1"));
    if (!entry_ || entry_->magic != VH_PLUGIN_MAGIC || entry_->abi_major != VH_ABI_MAJOR)
      throw Error(library + " is no plugin for ABI " + std::to_string(VH_ABI_MAJOR));
    vh_error err = vh::detail::new_error();
    vh::detail::check(entry_->init(host(), &err), err, "init");
    const auto* table = static_cast<const vh_plugin_1*>(entry_->get(VH_PLUGIN_1, ""));
    vh::detail::check(table->components(&list_, &err), err, "components");
  }

  // A part with these parameters (JSON; defaults are filled in), for what arrives and what is wanted.
  template <class Table>
  Made<Table> make(const std::string& name, const std::string& params = "{}", const std::vector<Spec>& in = {},
                   const std::vector<Spec>& want = {}) const {
    for (const auto& [part, schema] : list_.schemas) {
      if (part != name) continue;
      const auto* table = static_cast<const Table*>(entry_->get(interface_id<Table>(), name.c_str()));
      if (!table) throw Error(name + " isn't served as " + interface_id<Table>());
      return Made<Table>(table, name, with_defaults(parse_json(params), parse_json(schema)), in, want);
    }
    throw Error("the plugin has no component " + name);
  }

 private:
  struct Components : vh_component_sink {
    Components() : vh_component_sink{sizeof(vh_component_sink), 0, &put} {}
    static int32_t put(vh_component_sink* self, const vh_component* c) {
      static_cast<Components*>(self)->schemas.emplace_back(c->name, c->schema);
      return VH_OK;
    }
    std::vector<std::pair<std::string, std::string>> schemas;
  };
  const vh_plugin_entry* entry_ = nullptr;
  Components list_;
};

}  // namespace vh::test
