#include <dlfcn.h>
#include <time.h>

#include "base/files.h"
#include "check/checks.h"
#include "gateway/gateway.h"
#include "plugins/elf_needed.h"

namespace vhost::check {

namespace {

constexpr double kLoadSeconds = 0.1;  // CPU time; loading should take a tenth of it

std::string title(const std::string& interface_id, const std::string& name) {
  return "get(\"" + interface_id + "\", \"" + name + "\")";
}

void opens(const Case& subject) {
  const vh_plugin_entry& entry = *load(subject).entry;
  if (entry.deinit) entry.deinit();
}

double cpu_seconds() {
  timespec now{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

// Without what its third-party libraries take: they are opened first.
void time_to_load(const Case& subject) {
  register_gateway();
  const vh_host* host = host_table();
  for (const std::string& library :
       parse_elf_dynamic(read_file(subject.package->library), subject.package->library.string()).needed)
    ::dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL);
  const double begin = cpu_seconds();
  void* handle = ::dlopen(subject.package->library.c_str(), RTLD_NOW | RTLD_LOCAL);
  const auto* entry = handle ? static_cast<const vh_plugin_entry*>(::dlsym(handle, "vh_plugin_entry_v1")) : nullptr;
  if (!entry) throw Failed("can't be opened");
  vh_error error = new_error();
  entry->init(host, &error);
  const double seconds = cpu_seconds() - begin;
  if (seconds > kLoadSeconds) {
    char text[128];
    std::snprintf(text, sizeof text, "loading takes %.0f ms of CPU time, at most %.0f are allowed: ", 1e3 * seconds,
                  1e3 * kLoadSeconds);
    throw Failed(std::string(text) + "do the work in create, not in constructors or init");
  }
}

void unknown_ids(const Case& subject) {
  const vh_plugin_entry& entry = *load(subject).entry;
  const auto must_be_null = [&](const std::string& interface_id, const std::string& name) {
    if (entry.get(interface_id.c_str(), name.c_str()))
      throw Failed(title(interface_id, name) + " gives a table; NULL is due for what plugin.json doesn't list");
  };
  must_be_null("", "");
  must_be_null("vh.nothing/1", "");
  for (const Component& component : subject.package->components) {
    must_be_null(component.interface_id, "no_such_component");
    must_be_null(component.interface_id, "");
    must_be_null("vh.nothing/1", component.name);
    const std::string newer = component.interface_id.substr(0, component.interface_id.find('/')) + "/4000000000";
    must_be_null(newer, component.name);
  }
}

void init_twice(const Case& subject) {
  const vh_plugin_entry& entry = *load(subject).entry;
  std::vector<const void*> tables;
  for (const Component& c : subject.package->components)
    tables.push_back(entry.get(c.interface_id.c_str(), c.name.c_str()));
  vh_error error = new_error();
  if (entry.init(host_table(), &error) != VH_OK && !error.message[0])
    throw Failed("a second init is refused without a message");
  for (size_t i = 0; i < tables.size(); ++i) {
    const Component& c = subject.package->components[i];
    if (entry.get(c.interface_id.c_str(), c.name.c_str()) != tables[i])
      throw Failed("after a second init " + title(c.interface_id, c.name) + " gives another table than before");
  }
}

struct Listed : vh_component_sink {
  Listed() : vh_component_sink{sizeof(vh_component_sink), 0, &append} {}
  static int32_t append(vh_component_sink* self, const vh_component* c) {
    Component component;
    component.interface_id = c->interface_id, component.name = c->name, component.summary = c->summary;
    component.schema = parse_json(c->schema, "schema of " + component.name).root.as_object();
    static_cast<Listed*>(self)->components.push_back(std::move(component));
    return VH_OK;
  }
  std::vector<Component> components;
};

void components(const Case& subject) {
  const vh_plugin_entry& entry = *load(subject).entry;
  const auto* plugin = static_cast<const vh_plugin_1*>(entry.get(VH_PLUGIN_1, ""));
  if (!plugin) throw Failed(title(VH_PLUGIN_1, "") + " gives NULL: nothing lists the components");
  Listed listed;
  vh_error error = new_error();
  if (plugin->components(&listed, &error) != VH_OK) throw Failed(std::string("components() failed: ") + error.message);
  const Package& package = *subject.package;
  for (const Component& c : listed.components)
    if (!package.find(c.interface_id, c.name))
      throw Failed("the library lists " + c.interface_id + " " + c.name + ", plugin.json doesn't: write it again");
  for (const Component& c : package.components) {
    const auto same = [&](const Component& other) {
      return other.interface_id == c.interface_id && other.name == c.name;
    };
    const auto it = std::find_if(listed.components.begin(), listed.components.end(), same);
    if (it == listed.components.end())
      throw Failed("plugin.json lists " + c.interface_id + " " + c.name + ", the library doesn't: write it again");
    if (canonical_json(it->schema) != canonical_json(c.schema))
      throw Failed("the parameters of " + c.name + " in plugin.json are not the library's: write it again");
  }
}

}  // namespace

std::vector<Check> load_checks() {
  return {{kOpens, kPackage, opens},
          {"load.time", kPackage, time_to_load},
          {"load.unknown_ids", kPackage, unknown_ids},
          {"load.init_twice", kPackage, init_twice},
          {"load.components", kPackage, components}};
}

}  // namespace vhost::check
