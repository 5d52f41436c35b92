#include "cli/plugin_options.h"

#include <CLI/CLI.hpp>

namespace vhost {
namespace {

constexpr const char* kInspectExamples = R"(Examples:
  vhost plugin inspect videomae          all components and their parameters
  vhost plugin inspect videomae/vit      one component
  vhost plugin inspect videomae@^1.0     a version of it (a semver range)
  vhost plugin inspect videomae --json)";

constexpr const char* kCheckExamples =
    R"(Each check runs in a process of its own, so that nothing the plugin does reaches this one. What each id proves, and
what a plugin can say for its checks, stands in docs/conformance.md.

Examples:
  vhost plugin check videomae                          an installed plugin (videomae@^1.0: a version of it)
  vhost plugin check build/plugins/mine/0.1.0          a package's folder
  vhost plugin check mine --only numerics.gradcheck --component my_backbone
  vhost plugin check kinetics --set clips.list=clips/train.txt --report report.json)";

void add_list(CLI::App& plugin, Options& options) {
  auto* list = plugin.add_subcommand("list", "Plugins on the search path, their versions and components");
  list->add_flag("--json", options.json, "Print JSON");
  add_plugin_path(*list, options);
  list->footer("Examples:\n  vhost plugin list\n  vhost plugin list --plugin-path my/plugins --json");
}

void add_inspect(CLI::App& plugin, Options& options) {
  auto* inspect = plugin.add_subcommand("inspect", "One plugin: components, parameters, defaults and ranges");
  inspect->add_option("name", options.plugin, "NAME, NAME/COMPONENT or NAME@RANGE")->required()->type_name("PLUGIN");
  inspect->add_flag("--json", options.json, "Print JSON");
  add_plugin_path(*inspect, options);
  inspect->footer(kInspectExamples);
}

void add_check(CLI::App& plugin, Options& options) {
  auto& check = *plugin.add_subcommand("check", "Prove that a plugin keeps its contract, one line per check");
  check.add_option("plugin", options.plugin, "NAME, NAME@RANGE, or a package's folder")
      ->required()
      ->type_name("PLUGIN");
  check.add_option("--only", options.checks, "These checks alone: ids or groups, e.g. numerics (repeatable)")
      ->delimiter(',')
      ->type_name("ID")
      ->allow_extra_args(false);
  check.add_option("--component", options.component, "This component alone")->type_name("NAME");
  check
      .add_option("--set", options.sets,
                  "A parameter of a component for the checks, e.g. clips.list=train.txt; VALUE is JSON, or else a "
                  "string (repeatable)")
      ->type_name("COMPONENT.KEY=VALUE")
      ->allow_extra_args(false);
  check.add_option("--timeout", options.timeout_seconds, "Time limit of one check")
      ->check(CLI::Range(0.1, 86400.0).description(""))
      ->type_name("SECONDS")
      ->capture_default_str();
  check.add_flag("--json", options.json, "Print the report as JSON");
  check.add_option("--report", options.report, "Write the report to this file too, as JSON")->type_name("FILE");
  add_plugin_path(check, options);
  check.footer(kCheckExamples);
}

void add_new(CLI::App& plugin, Options& options) {
  auto* create = plugin.add_subcommand("new", "Write the sources of a new plugin: it compiles, has tests, and runs");
  create->add_option("name", options.plugin, "Its name: a-z, 0-9, _ and -")->required()->type_name("NAME");
  create->add_option("--kind", options.kind, "backbone, target, mask, head, loss or dataset")
      ->required()
      ->check(CLI::IsMember({"backbone", "target", "mask", "head", "loss", "dataset"}).description(""))
      ->type_name("KIND");
  create->add_flag("--c", options.c, "In plain C instead of C++");
  create->add_option("--licence", options.licence, "Apache-2.0 or MIT")
      ->check(CLI::IsMember({"Apache-2.0", "MIT"}).description(""))
      ->type_name("LICENCE")
      ->capture_default_str();
  create->add_option("-o,--output", options.output, "The folder to make; default: NAME")->type_name("FOLDER");
  create->footer(
      "Examples:\n  vhost plugin new focal --kind loss\n  vhost plugin new frames --kind dataset --c --output "
      "src/frames");
}

}  // namespace

void add_plugin_path(CLI::App& app, Options& options) {
  app.add_option("--plugin-path", options.plugin_path, "Look for plugins in this folder first (repeatable)")
      ->type_name("FOLDER")
      ->allow_extra_args(false);
}

void add_plugin_commands(CLI::App& app, Options& options) {
  auto* plugin =
      app.add_subcommand("plugin", "What is installed and what it offers; making, checking and moving plugins");
  plugin->require_subcommand(1);
  plugin->footer("Examples:\n  vhost plugin list\n  vhost plugin inspect videomae\n  vhost plugin check videomae");
  add_list(*plugin, options);
  add_inspect(*plugin, options);
  add_check(*plugin, options);
  add_new(*plugin, options);
}

}  // namespace vhost
