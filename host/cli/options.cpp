#include "options.h"

#include <CLI/CLI.hpp>
#include <iostream>

#include "base/error.h"
#include "vhost/abi.h"

namespace vhost {
namespace {

constexpr const char* kAbout =
    "Trains and evaluates vision models whose every part is a plugin.\n"
    "`vhost --manifest exp.json` runs the experiment that the manifest describes.";

constexpr const char* kExamples = R"(Examples:
  vhost --manifest exp.json                      run it, or go on where it was stopped
  vhost --manifest exp.json --dry-run            assemble everything, print the table of parts, train nothing
  vhost --manifest exp.json --set data.batch=16 --set optimizer.lr=3e-4
  vhost predict --manifest exp.json clip1.mp4 clip2.mp4
  vhost config --manifest exp.json --origins     every value and where it was set
  vhost plugin list

Exit codes: 0 done, 1 error, 2 wrong usage, 130 stopped by Ctrl-C, 143 by SIGTERM (both save a checkpoint first).
Environment: VHOST_PLUGIN_PATH, folders with plugins (colon-separated).)";

constexpr const char* kPredictExamples =
    R"(Without FILES the manifest's own data.predict (or data.eval) is used. The newest checkpoint of the work-dir is taken
unless --checkpoint names another.

Examples:
  vhost predict --manifest exp.json --top-k 3 clip.mp4
  vhost predict --manifest exp.json --checkpoint other/checkpoints/step-400 --json clips/*.mp4
  vhost predict --manifest exp.json --output predictions.json clips/*.mp4)";

constexpr const char* kExtractExamples =
    R"(Without FILES the manifest's own data.predict (or data.eval) is used. The newest checkpoint of the work-dir is taken
unless --checkpoint names another.

Example:
  vhost extract --manifest exp.json --output features.safetensors clips/*.mp4)";

constexpr const char* kConfigExamples = R"(Examples:
  vhost config --manifest exp.json > resolved.json
  vhost config --manifest exp.json --set optimizer.lr=1e-3 --origins)";

constexpr const char* kInspectExamples = R"(Examples:
  vhost plugin inspect videomae          all components and their parameters
  vhost plugin inspect videomae/vit      one component
  vhost plugin inspect videomae@^1.0     a version of it (a semver range)
  vhost plugin inspect videomae --json)";

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

void add_plugin_path(CLI::App& app, Options& options) {
  app.add_option("--plugin-path", options.plugin_path, "Look for plugins in this folder first (repeatable)")
      ->type_name("FOLDER")
      ->allow_extra_args(false);
}

void add_manifest_options(CLI::App& app, Options& options) {
  app.add_option("-m,--manifest", options.manifest, "The experiment: JSON with comments")->type_name("FILE");
  app.add_option(
         "--set", options.sets,
         "Set one value after the manifest is read, e.g. data.batch=16; VALUE is JSON, or else a string (repeatable)")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
  add_plugin_path(app, options);
}

void add_run_options(CLI::App& app, Options& options) {
  app.add_option("--work-dir", options.work_dir, "Where all results go; default: the manifest's work_dir")
      ->type_name("FOLDER");
  app.add_option("--checkpoint", options.checkpoint, "Weights to use; default: the newest checkpoint of the work-dir")
      ->type_name("PATH");
  app.add_flag("--dry-run", options.dry_run, "Assemble and check everything, print the table of parts, then stop");
}

void add_file_options(CLI::App& app, Options& options, const char* output) {
  add_manifest_options(app, options);
  add_run_options(app, options);
  app.add_option("files", options.files, "Videos or images in place of the manifest's list")->type_name("FILES");
  app.add_option("-o,--output", options.output, output)->type_name("PATH");
}

struct CommandLine {
  CLI::App app{kAbout, "vhost"};

  explicit CommandLine(Options& options) {
    app.footer(kExamples);
    app.get_formatter()->column_width(32);
    app.set_help_flag("-h,--help", "Print this help");
    app.set_version_flag("--version", "vhost " VHOST_VERSION, "Print the version");
    add_manifest_options(app, options);
    add_run_options(app, options);
    app.add_flag("--no-resume", options.no_resume,
                 "Start anew even if the work-dir holds a checkpoint of this experiment");
    app.require_subcommand(0, 1);
    add_file_commands(options);
    add_plugin_commands(options);
    auto* config = app.add_subcommand("config", "Print the manifest as it is used: bases merged, defaults filled in");
    add_manifest_options(*config, options);
    config->add_flag("--origins", options.origins,
                     "One line per value: pointer, value, and the file and line that set it");
    config->footer(kConfigExamples);
    app.add_subcommand("version", "Print the versions of vhost, of its plugin ABI, and where its engine lies")
        ->footer("Example:\n  vhost version");
  }

  void add_file_commands(Options& options) {
    auto* predict = app.add_subcommand("predict", "Classify files with a trained model");
    add_file_options(*predict, options, "Write the predictions to this file too, as JSON");
    predict->add_flag("--json", options.json, "Print the predictions as JSON");
    predict->add_option("--top-k", options.top_k, "How many classes to print per file")
        ->check(CLI::Range(1, 1000000).description(""))
        ->type_name("K")
        ->capture_default_str();
    predict->footer(kPredictExamples);
    auto* extract = app.add_subcommand("extract", "Write the backbone's features of files, one mean vector each");
    add_file_options(*extract, options,
                     "Write the features to this file (safetensors); default: features.safetensors in the work-dir");
    extract->footer(kExtractExamples);
  }

  void add_plugin_commands(Options& options) {
    auto* plugin = app.add_subcommand("plugin", "What is installed, and what it offers");
    plugin->require_subcommand(1);
    plugin->footer("Examples:\n  vhost plugin list\n  vhost plugin inspect videomae");
    auto* list = plugin->add_subcommand("list", "Plugins on the search path, their versions and components");
    list->add_flag("--json", options.json, "Print JSON");
    list->footer("Examples:\n  vhost plugin list\n  vhost plugin list --plugin-path my/plugins --json");
    auto* inspect = plugin->add_subcommand("inspect", "One plugin: components, parameters, defaults and ranges");
    inspect->add_option("name", options.plugin, "NAME, NAME/COMPONENT or NAME@RANGE")->required()->type_name("PLUGIN");
    inspect->add_flag("--json", options.json, "Print JSON");
    inspect->footer(kInspectExamples);
    for (auto* command : {list, inspect}) add_plugin_path(*command, options);
    add_package_commands(*plugin, options);
  }

  void add_package_commands(CLI::App& plugin, Options& options) {
    auto* install = plugin.add_subcommand("install", "Check a package and install it, wholly or not at all");
    install->add_option("source", options.plugin, "An archive, or a package's folder")->required()->type_name("PATH");
    install->add_option("--to", options.to, "Install here; default: the user's data folder")->type_name("FOLDER");
    install->add_flag("--force", options.force, "Replace an installed package that differs");
    install->add_option("--max-size", options.max_size, "Most bytes that it may unpack to; default: 1 GiB")
        ->transform(CLI::AsSizeValue(/*kb_is_1000=*/false).description(""))
        ->type_name("SIZE");
    install->footer(kInstallExamples);
    auto* remove = plugin.add_subcommand("remove", "Remove an installed package");
    remove->add_option("name", options.plugin, "NAME or NAME@VERSION")->required()->type_name("PLUGIN");
    remove->add_option("--from", options.to, "Only from this folder of packages")->type_name("FOLDER");
    remove->add_flag("--all", options.all, "All that match, in every folder that can be written to");
    remove->footer(kRemoveExamples);
    auto* verify = plugin.add_subcommand("verify", "Check installed packages: every checksum, ELF note, ABI");
    verify->add_option("name", options.plugin, "NAME or NAME@RANGE; default: all")->type_name("PLUGIN");
    verify->footer(kVerifyExamples);
    auto* pack = plugin.add_subcommand("pack", "Write a package's archive, NAME-VERSION.tar.zst");
    pack->add_option("package", options.plugin, "A package's folder, NAME or NAME@RANGE")
        ->required()
        ->type_name("PACKAGE");
    pack->add_option("-o,--output", options.output, "Write it to this file")->type_name("FILE");
    pack->footer(kPackExamples);
    auto* explain =
        plugin.add_subcommand("explain", "Every package that a name and a range could mean, and the choice");
    explain->add_option("name", options.plugin, "NAME of the plugin")->required()->type_name("NAME");
    explain->add_option("range", options.range, "A semver range; default: *")->type_name("RANGE");
    explain->footer(kExplainExamples);
    for (auto* command : {verify, explain}) command->add_flag("--json", options.json, "Print JSON");
    for (auto* command : {remove, verify, pack, explain}) add_plugin_path(*command, options);
  }

  // The subcommand that was named, with its name ("plugin list"); the program itself is "run".
  std::pair<const CLI::App*, std::string> chosen() const {
    const CLI::App* at = &app;
    std::string name;
    while (!at->get_subcommands().empty()) {
      at = at->get_subcommands().front();
      name += (name.empty() ? "" : " ") + at->get_name();
    }
    return {at, name.empty() ? "run" : name};
  }
};

// Says what was meant, as CLI11 only says that it did not expect the word.
std::string unexpected(const CommandLine& line) {
  const std::string word = line.app.remaining(/*recurse=*/true).empty() ? "" : line.app.remaining(true).front();
  const CLI::App& app = *line.chosen().first;
  std::vector<std::string> known;
  const bool is_option = word.rfind('-', 0) == 0;
  if (is_option) {
    for (const CLI::Option* option : app.get_options()) {
      for (const std::string& name : option->get_lnames()) known.push_back("--" + name);
    }
  } else {
    for (const CLI::App* command : app.get_subcommands(/*filter=*/nullptr)) known.push_back(command->get_name());
  }
  if (word.ends_with(".json")) return "unexpected argument '" + word + "' (did you mean \"--manifest " + word + "\"?)";
  const std::string plain = word.substr(0, word.find('='));
  return std::string(is_option       ? "unknown option "
                     : known.empty() ? "unexpected argument "
                                     : "unknown command ") +
         "'" + plain + "'" + did_you_mean(plain, known);
}

std::string quoted(const std::string& word) {
  if (!word.empty() &&
      word.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./=:,@%+^") ==
          std::string::npos) {
    return word;
  }
  std::string out = "'";
  for (const char c : word) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

int wrong_usage(const CommandLine& line, const std::string& message) {
  const std::string command = line.chosen().second;
  std::cerr << "error: " << message << "; see vhost " << (command == "run" ? "" : command + " ") << "--help\n";
  return kExitUsage;
}

}  // namespace

int parse_command_line(int argc, const char* const* argv, Options& options) {
  CommandLine line(options);
  for (int i = 0; i < argc; ++i) options.command_line += (i ? " " : "") + quoted(argv[i]);
  try {
    line.app.parse(argc, argv);
  } catch (const CLI::ExtrasError&) {
    return wrong_usage(line, unexpected(line));
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return line.app.exit(error);
    if (!line.app.remaining(true).empty()) return wrong_usage(line, unexpected(line));
    return wrong_usage(line, error.what());
  }
  options.command = line.chosen().second;
  const bool needs_manifest = options.command.rfind("plugin", 0) != 0 && options.command != "version";
  if (needs_manifest && options.manifest.empty()) return wrong_usage(line, "--manifest FILE is missing");
  return -1;
}

}  // namespace vhost
