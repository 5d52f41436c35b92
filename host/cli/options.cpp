#include "cli/options.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>

#include "base/error.h"
#include "cli/checkpoint_options.h"
#include "cli/data_options.h"
#include "cli/plugin_options.h"
#include "cli/report_options.h"
#include "vhost/abi.h"

namespace vhost {
namespace {

constexpr const char* kAbout =
    "Trains and evaluates vision models whose every part is a plugin.\n"
    "`vhost --manifest exp.json` runs the experiment that the manifest describes.";

constexpr const char* kExamples = R"(Examples:
  vhost --manifest exp.json                      run it, or go on where it was stopped
  vhost --manifest exp.json --dry-run            assemble everything, print the table of parts, train nothing
  vhost --manifest exp.json --locked             only with the plugin versions of the work-dir's lock.json
  vhost --manifest exp.json --update videomae    take the newest version that the manifest's range admits
  vhost --manifest exp.json --set data.batch=16 --set optimizer.lr=3e-4
  vhost test --manifest exp.json                 accuracy of the trained model, class by class
  vhost predict --manifest exp.json clip1.mp4 clip2.mp4
  vhost show --manifest exp.json                 draw what the model sees and predicts
  vhost rerun work_dirs/exp                      make a run again from its record
  vhost compare work_dirs/exp work_dirs/other    accept a run by the loss curve of another
  vhost config --manifest exp.json --origins     every value and where it was set
  vhost plugin list

Exit codes: 0 done, 1 error, 2 wrong usage, 130 stopped by Ctrl-C, 143 by SIGTERM (both save a checkpoint first).
Environment: VHOST_PLUGIN_PATH, folders with plugins (colon-separated).)";

constexpr const char* kTestExamples =
    R"(As the manifest with "task": "test". The newest checkpoint of the work-dir is taken unless --checkpoint names
another. The work-dir gets results.json: metrics, accuracy of each class, confusion matrix. See docs/evaluation.md.

Examples:
  vhost test --manifest exp.json
  vhost test --manifest exp.json --checkpoint other/checkpoints/step-400 --dump scores.npz
  vhost test --manifest exp.json --set data.eval.clips=5 --set data.eval.crops=3)";

constexpr const char* kPredictExamples =
    R"(Without FILES the manifest's own data.predict (or data.eval) is used. The newest checkpoint of the work-dir is taken
unless --checkpoint names another.

Examples:
  vhost predict --manifest exp.json --top-k 3 clip.mp4
  vhost predict --manifest exp.json --checkpoint other/checkpoints/step-400 --json clips/*.mp4
  vhost predict --manifest exp.json --output predictions.csv --picture predictions.png clips
  vhost predict --manifest exp.json --list clips.txt)";

constexpr const char* kExtractExamples =
    R"(Without FILES the manifest's own data.predict (or data.eval) is used. The newest checkpoint of the work-dir is taken
unless --checkpoint names another.

Example:
  vhost extract --manifest exp.json --output features.safetensors clips
  vhost extract --manifest exp.json --pool none --output tokens.npy --list clips.txt)";

constexpr const char* kShowExamples =
    R"(Draws what the model sees and predicts: input, masked input, target and prediction, with the error of the masked
tokens; for labelled data the input and the best classes. Samples are data.eval's (without one, data.train's), the first
unless --index says otherwise, or FILES. The newest checkpoint of the work-dir is taken unless --checkpoint names another
or --fresh asks for untrained weights. The same seed gives the same mask. See docs/pictures.md.

Examples:
  vhost show --manifest pretrain.json
  vhost show --manifest pretrain.json --index 0,5,7 --output samples.png
  vhost show --manifest pretrain.json --fresh --train --index 3    what augmentation makes of sample 3
  vhost show --manifest pretrain.json --output pictures clips/*.mp4)";

constexpr const char* kConfigExamples = R"(Examples:
  vhost config --manifest exp.json > resolved.json
  vhost config --manifest exp.json --set optimizer.lr=1e-3 --origins)";

constexpr const char* kRerunExamples =
    R"(The record names the manifest, the plugins with their checksums, the data and the weights to begin with. If any of it
is missing or has changed, all of that is listed and nothing is run.

Examples:
  vhost rerun work_dirs/exp                       into work_dirs/exp-rerun
  vhost rerun work_dirs/exp --work-dir again
  vhost rerun exp/record.json --dry-run           only say what is missing)";

CLI::Validator whole_number() {
  const auto check = [](const std::string& text) {
    const bool digits = !text.empty() && text.find_first_not_of("0123456789") == std::string::npos;
    return digits ? std::string() : text + ": a whole number from 0 on is wanted";
  };
  return CLI::Validator(check, "");
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
  app.add_option(
         "--checkpoint", options.checkpoint,
         "Weights to use: a file, a run's work-dir, or best, last or step-N of one; default: the work-dir's newest")
      ->type_name("PATH");
  app.add_flag("--dry-run", options.dry_run, "Assemble and check everything, print the table of parts, then stop");
}

void add_lock_options(CLI::App& app, Options& options) {
  app.add_option("--lock", options.lock, "The lock of plugin versions; default: lock.json in the work-dir")
      ->type_name("FILE");
  auto* locked = app.add_flag("--locked", options.locked, "Fail where the lock would change, or doesn't exist");
  app.add_option("--update", options.update,
                 "Take the newest versions that the manifest admits, of all plugins or of NAME (repeatable)")
      ->type_name("[NAME]")
      ->expected(0, 1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->excludes(locked);
}

void add_file_options(CLI::App& app, Options& options, const char* output) {
  add_manifest_options(app, options);
  add_run_options(app, options);
  add_lock_options(app, options);
  app.add_option("files", options.files, "Videos or images, or folders of them, in place of the manifest's list")
      ->type_name("FILES");
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
    add_lock_options(app, options);
    app.add_flag("--no-resume", options.no_resume,
                 "Start anew even if the work-dir holds a checkpoint of this experiment");
    app.require_subcommand(0, 1);
    add_file_commands(options);
    add_report_commands(app, options);
    add_data_commands(app, options);
    add_plugin_commands(app, options);
    add_checkpoint_commands(app, options);
    auto* rerun = app.add_subcommand("rerun", "Make a run again from its record, or say what is missing for that");
    rerun->add_option("record", options.record, "The run's work-dir, or its record.json")
        ->required()
        ->type_name("RECORD");
    rerun->add_option("--work-dir", options.work_dir, "Where the results go; default: the run's, with -rerun")
        ->type_name("FOLDER");
    rerun->add_flag("--dry-run", options.dry_run, "Check everything, print the table of parts, then stop");
    add_plugin_path(*rerun, options);
    rerun->footer(kRerunExamples);
    auto* config = app.add_subcommand("config", "Print the manifest as it is used: bases merged, defaults filled in");
    add_manifest_options(*config, options);
    add_lock_options(*config, options);
    config->add_flag("--origins", options.origins,
                     "One line per value: pointer, value, and the file and line that set it");
    config->footer(kConfigExamples);
    app.add_subcommand("version", "Print the versions of vhost, of its plugin ABI, and where its engine lies")
        ->footer("Example:\n  vhost version");
  }

  void add_file_commands(Options& options) {
    add_test(options);
    auto* predict = app.add_subcommand("predict", "Classify files with a trained model");
    add_file_options(*predict, options, "Write the predictions to this file too: .json or .csv");
    add_list(*predict, options);
    auto* json = predict->add_flag("--json", options.json, "Print the predictions as JSON");
    predict->add_flag("--csv", options.csv, "Print the predictions as CSV")->excludes(json);
    predict->add_option("--picture", options.picture, "Draw each file's middle frame with its best class, as .png")
        ->type_name("FILE");
    predict->add_option("--top-k", options.top_k, "How many classes to print per file")
        ->check(CLI::Range(1, 1000000).description(""))
        ->type_name("K")
        ->capture_default_str();
    predict->footer(kPredictExamples);
    auto* extract = app.add_subcommand("extract", "Write the backbone's features of files, one mean vector each");
    add_file_options(*extract, options,
                     "Write the features to this file: .safetensors, .npy or .npz; default: features.safetensors in "
                     "the work-dir");
    add_list(*extract, options);
    extract
        ->add_option("--pool", options.pool,
                     "What is kept of the features: the mean of all tokens, the class token, or all; default: "
                     "the manifest's extract.pool, mean")
        ->check(CLI::IsMember({"mean", "cls", "none"}).description(""))
        ->type_name("mean|cls|none");
    extract->footer(kExtractExamples);
    add_show(options);
  }

  static void add_list(CLI::App& app, Options& options) {
    app.add_option("--list", options.list, "Text file with a path a line, relative to its folder; labels are ignored")
        ->type_name("FILE");
  }

  void add_test(Options& options) {
    auto* test = app.add_subcommand("test", "Evaluate a trained model on data.eval, class by class");
    add_manifest_options(*test, options);
    add_run_options(*test, options);
    add_lock_options(*test, options);
    test->add_option("--dump", options.dump, "Write every sample's name, label and scores to this file: .json or .npz")
        ->type_name("FILE");
    test->footer(kTestExamples);
  }

  void add_show(Options& options) {
    auto* show = app.add_subcommand("show", "Draw what a model sees and predicts, as PNG");
    add_file_options(
        *show, options,
        "Write to this .png file, or a file per sample into this folder; default: show.png in the work-dir");
    show->get_option("--checkpoint")
        ->excludes(show->add_flag("--fresh", options.fresh, "Untrained weights: to look at data, masks and targets"));
    show->add_option("--index", options.indices, "Which samples of the dataset, from 0 on")
        ->type_name("I,J..")
        ->delimiter(',')
        ->allow_extra_args(false)
        ->check(whole_number());
    show->add_option("--seed", options.seed, "Of masks and augmentation, as --set seed=N")
        ->type_name("N")
        ->check(whole_number());
    show->add_flag("--train", options.train_pass, "Samples of data.train, augmented as in training");
    show->add_option("--top-k", options.top_k, "How many classes to print per sample")
        ->check(CLI::Range(1, 20).description(""))
        ->type_name("K")
        ->capture_default_str();
    show->footer(kShowExamples);
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
  static const std::vector<std::string> on_their_own = {"version", "rerun", "compare", "report"};
  const auto in_group = [&](const char* group) { return options.command.starts_with(group); };
  const bool needs_manifest = !in_group("plugin") && !in_group("data") && !in_group("checkpoint") &&
                              std::ranges::find(on_their_own, options.command) == on_their_own.end();
  if (needs_manifest && options.manifest.empty()) return wrong_usage(line, "--manifest FILE is missing");
  return -1;
}

}  // namespace vhost
