// What a check is: a function that returns, or throws what is wrong. Each runs in a child process of its own, since it
// runs a plugin's code.
#pragma once
#include <stdexcept>
#include <string>
#include <vector>

#include "plugins/loader.h"
#include "plugins/package.h"

namespace vhost::check {

// Thrown by a check: the plugin breaks the contract. Any other exception is a failure too.
struct Failed : std::runtime_error {
  using std::runtime_error::runtime_error;
};
// The check doesn't apply to this part, or needs what was not given; the text says which.
struct Skipped : std::runtime_error {
  using std::runtime_error::runtime_error;
};

enum Kind : uint32_t {
  kPackage = 1,  // once, not per component
  kBackbone = 2,
  kTarget = 4,
  kHead = 8,
  kLoss = 16,
  kMask = 32,
  kDataset = 64,
  kParts = kBackbone | kTarget | kHead | kLoss,  // create, describe, run
  kAll = kParts | kMask | kDataset,
};
Kind kind_of(const std::string& interface_id);  // 0 for one that this host doesn't know

// What a check looks at.
struct Case {
  const Package* package = nullptr;
  const Component* component = nullptr;  // nullptr: the package as a whole
  json::object parameters;               // of the component, for the checks: plugin.json's, then the command line's
  json::object author;                   // the component's entry in plugin.json's "check"
  std::string cache_dir;                 // writable, shared by the checks of one run, removed after it
};

struct Check {
  const char* id;  // "numerics.gradcheck"
  uint32_t kinds;  // of Kind
  void (*run)(const Case&);
};

std::vector<Check> package_checks();
std::vector<Check> load_checks();
std::vector<Check> params_checks();
std::vector<Check> contract_checks();
std::vector<Check> gradient_checks();
std::vector<Check> numerics_checks();
std::vector<Check> dataset_checks();
std::vector<Check> resources_checks();
std::vector<Check> state_checks();

const std::vector<Check>& all_checks();  // in the order of the report

// Where later checks depend on earlier ones.
inline constexpr const char *kMetadata = "package.metadata", *kChecksum = "package.checksum", *kOpens = "load.opens",
                            *kDefaults = "params.defaults";

// Loads the plugin with all services registered; throws Error.
const LoadedPlugin& load(const Case& subject);

}  // namespace vhost::check
