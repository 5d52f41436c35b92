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

constexpr const char* kMatrixExamples =
    R"(Every part is built with its defaults on an image of 224x224 with 1000 classes and on a clip of 16x224x224 with 400,
without memory for its tensors, as --dry-run does. Exit code 0 whatever fits.

Examples:
  vhost plugin matrix
  vhost plugin matrix --part mine/head --plugin-path build/plugins    what does my new head fit with?
  vhost plugin matrix --input 8x112x112 --set videomae/vit.patch=8
  vhost plugin matrix --json                                          with a manifest of each)";

constexpr const char* kInstallExamples =
    R"(Everything is checked before the package becomes visible, and nothing of it runs: docs/packages.md says what.

Examples:
  vhost plugin install toy-1.0.0.tar.zst
  vhost plugin install build/plugins/toy/1.0.0          a folder, as a build leaves it
  vhost plugin install toy-1.0.0.tar.zst --to my/plugins
  vhost plugin install toy-1.0.0.tar.zst --force        replace one that differs
  vhost plugin install large-1.0.0.tar.zst --max-size 4GB)";

constexpr const char* kPackExamples = R"(The same files give the same archive, byte by byte.

Examples:
  vhost plugin pack build/plugins/toy/1.0.0             writes toy-1.0.0.tar.zst
  vhost plugin pack toy@^1.0 -o /tmp/toy.tar.zst        an installed one)";

constexpr const char* kRemoveExamples = R"(Examples:
  vhost plugin remove toy              the only version there is
  vhost plugin remove toy@1.0.0
  vhost plugin remove toy@1.0.0 --from my/plugins
  vhost plugin remove toy --all        every version)";

constexpr const char* kVerifyExamples = R"(Exit code 1 if any of them isn't whole or doesn't fit this host.

Examples:
  vhost plugin verify                  all
  vhost plugin verify toy@^1.0
  vhost plugin verify --json)";

constexpr const char* kExplainExamples = R"(Exit code 1 if none is taken.

Examples:
  vhost plugin explain videomae "^1.0"
  vhost plugin explain videomae        any version
  vhost plugin explain videomae ">=1.1 <2" --json)";

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

void add_matrix(CLI::App& plugin, Options& options) {
  auto& matrix = *plugin.add_subcommand("matrix", "Which backbones, masks, targets, heads and losses fit together");
  matrix.add_option("--part", options.part, "Only what this part fits with")->type_name("PLUGIN/COMPONENT");
  matrix
      .add_option("--input", options.inputs,
                  "Try them on this: image, clip, or frames x height x width, e.g. 8x112x112 (repeatable)")
      ->type_name("INPUT")
      ->allow_extra_args(false);
  matrix
      .add_option("--set", options.sets,
                  "A parameter in place of its default, e.g. videomae/vit.patch=8; VALUE is JSON, or else a string "
                  "(repeatable)")
      ->type_name("PLUGIN/COMPONENT.KEY=VALUE")
      ->allow_extra_args(false);
  matrix.add_flag("--json", options.json, "Print every combination, as JSON");
  add_plugin_path(matrix, options);
  matrix.footer(kMatrixExamples);
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

void add_install(CLI::App& plugin, Options& options) {
  auto* install = plugin.add_subcommand("install", "Check a package and install it, wholly or not at all");
  install->add_option("source", options.plugin, "An archive, or a package's folder")->required()->type_name("PATH");
  install->add_option("--to", options.to, "Install here; default: the user's data folder")->type_name("FOLDER");
  install->add_flag("--force", options.force, "Replace an installed package that differs");
  install->add_option("--max-size", options.max_size, "Most bytes that it may unpack to; default: 1 GiB")
      ->transform(CLI::AsSizeValue(/*kb_is_1000=*/false).description(""))
      ->type_name("SIZE");
  install->footer(kInstallExamples);
}

void add_remove(CLI::App& plugin, Options& options) {
  auto* remove = plugin.add_subcommand("remove", "Remove an installed package");
  remove->add_option("name", options.plugin, "NAME or NAME@VERSION")->required()->type_name("PLUGIN");
  remove->add_option("--from", options.to, "Only from this folder of packages; default: those that you install to")
      ->type_name("FOLDER");
  remove->add_flag("--all", options.all, "All that match");
  add_plugin_path(*remove, options);
  remove->footer(kRemoveExamples);
}

void add_verify(CLI::App& plugin, Options& options) {
  auto* verify = plugin.add_subcommand("verify", "Check installed packages: every checksum, ELF note, ABI");
  verify->add_option("name", options.plugin, "NAME or NAME@RANGE; default: all")->type_name("PLUGIN");
  verify->add_flag("--json", options.json, "Print JSON");
  add_plugin_path(*verify, options);
  verify->footer(kVerifyExamples);
}

void add_pack(CLI::App& plugin, Options& options) {
  auto* pack = plugin.add_subcommand("pack", "Write a package's archive, NAME-VERSION.tar.zst");
  pack->add_option("package", options.plugin, "A package's folder, NAME or NAME@RANGE")
      ->required()
      ->type_name("PACKAGE");
  pack->add_option("-o,--output", options.output, "Write it to this file")->type_name("FILE");
  add_plugin_path(*pack, options);
  pack->footer(kPackExamples);
}

void add_explain(CLI::App& plugin, Options& options) {
  auto* explain = plugin.add_subcommand("explain", "Every package that a name and a range could mean, and the choice");
  explain->add_option("name", options.plugin, "NAME of the plugin")->required()->type_name("NAME");
  explain->add_option("range", options.range, "A semver range; default: *")->type_name("RANGE");
  explain->add_flag("--json", options.json, "Print JSON");
  add_plugin_path(*explain, options);
  explain->footer(kExplainExamples);
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
  plugin->footer(
      "Examples:\n  vhost plugin list\n  vhost plugin inspect videomae\n  vhost plugin check videomae\n  vhost plugin "
      "explain videomae \"^0.1\"");
  add_list(*plugin, options);
  add_inspect(*plugin, options);
  add_check(*plugin, options);
  add_matrix(*plugin, options);
  add_new(*plugin, options);
  add_pack(*plugin, options);
  add_install(*plugin, options);
  add_remove(*plugin, options);
  add_verify(*plugin, options);
  add_explain(*plugin, options);
}

}  // namespace vhost
