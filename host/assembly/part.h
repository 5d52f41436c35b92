// One part of the experiment: a plugin's object behind its table, with its place in the manifest for errors.
#pragma once
#include <map>
#include <memory>
#include <string>

#include "gateway/gateway.h"
#include "manifest/manifest.h"
#include "plugins/loader.h"
#include "plugins/resolve_manifest.h"

namespace vhost {

// Where a part comes from and what the manifest says of it.
struct PartConfig {
  std::string pointer;  // "/model/backbone"
  std::string use;      // "videomae/vit"
  const Package* package = nullptr;
  const Component* component = nullptr;
  json::value params;                         // validated, without the host's keys
  std::map<std::string, std::string> rebind;  // "in": local key -> full key
};

// Of the part at the pointer, which must be one of the resolution's.
PartConfig part_config(const Manifest& manifest, const Resolution& resolution, const std::string& pointer);

struct BuildOptions {
  at::Device device = at::kCPU;
  at::ScalarType dtype = at::kFloat;  // of parameters
  uint64_t seed = 0;
  bool meta = false;  // shapes only
  std::string cache_dir;
};

// The slots that backbone, target, head and loss have in common, frozen in this order.
struct PartTable {
  uint32_t struct_size, caps;
  int32_t (*create)(const vh_build*, void**, vh_error*);
  void (*destroy)(void*);
  int32_t (*describe)(void*, const vh_specs*, vh_spec_sink*, vh_error*);
  int32_t (*run)(void*, const vh_step*, vh_error*);
};

class Part {
 public:
  // Loads the plugin and finds the table. Nothing is created yet.
  Part(const Manifest& manifest, PartConfig config, const std::string& interface_id);
  ~Part();
  Part(const Part&) = delete;
  Part& operator=(const Part&) = delete;

  // prefix: of the state-dict names, e.g. "heads.main."
  void create(const BuildOptions& options, const std::string& prefix, const vh_specs& in, const vh_specs& want);
  vh_specs describe(const vh_specs& in) const;
  void run(const vh_step& step) const;
  // Throws the part's error at its place in the manifest.
  void check(int32_t status, const vh_error& error) const;

  const PartConfig& config() const { return config_; }
  const void* table() const { return table_; }
  uint32_t caps() const { return part_table()->caps; }
  void* self() const { return self_; }
  vh_scope* scope() const { return scope_.get(); }
  const Manifest& manifest() const { return manifest_; }

 private:
  const PartTable* part_table() const { return static_cast<const PartTable*>(table_); }

  const Manifest& manifest_;
  PartConfig config_;
  const void* table_ = nullptr;
  void* self_ = nullptr;
  std::unique_ptr<vh_scope> scope_;
};

}  // namespace vhost
