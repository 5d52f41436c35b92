#include "cli/data_options.h"

#include <CLI/CLI.hpp>

#include "cli/plugin_options.h"

namespace vhost {
namespace {

constexpr const char* kSource =
    R"(SOURCE stands for a manifest: a list file of videos or images, or a folder of class folders. See docs/data-tools.md.)";

constexpr const char* kFingerprintExamples = R"(
Examples:
  vhost data fingerprint --manifest exp.json
  vhost data fingerprint data/train.txt)";

constexpr const char* kScanExamples = R"(
Exit code 1 if any sample can't be read. What a manifest's "skip" names is read too, so that the new list is whole.

Examples:
  vhost data scan --manifest exp.json                       writes skip.txt
  vhost data scan --manifest exp.json --only eval -o broken.txt
  vhost data scan data/train.txt
  vhost data scan images/train --dataset imagenet/folder --json)";

constexpr const char* kStatsExamples = R"(
Examples:
  vhost data stats --manifest exp.json
  vhost data stats data/train.txt --json)";

constexpr const char* kPrepareExamples =
    R"(Makes videos_train/CLASS/, videos_val/CLASS/, train.txt, val.txt and classes.txt in OUT, then reads every video once and
lists the broken in OUT/skip.txt. SOURCE is a .tar.gz (.tar, .zip, ..), any part of a split one (.tar.gz.aa), or a folder
of archives, videos and tables. After a kill the same command goes on. Exit code 1 if anything is missing or broken; all
of it stands in OUT/prepare.json. See docs/data-tools.md.

Examples:
  vhost data prepare kinetics Kinetics-400.tar.gz data/k400
  vhost data prepare kinetics downloads/ data/k400 --annotations train.csv --annotations val.csv)";

constexpr const char* kBrowseExamples = R"(

Examples:
  vhost data browse --manifest exp.json                      data.train
  vhost data browse --manifest exp.json --only eval --class 3
  vhost data browse --manifest exp.json --index 5 --augmentations 8 -o five.html)";

void add_threads(CLI::App& app, Options& options) {
  app.add_option("--threads", options.threads, "How many read at once; default: all cores")
      ->check(CLI::Range(1, 1024).description(""))
      ->type_name("N");
}

void add_prepare(CLI::App& data, Options& options) {
  auto* prepare = data.add_subcommand("prepare", "Unpack a download into folders of videos and list files");
  prepare->require_subcommand(1);
  prepare->footer("Example:\n  vhost data prepare kinetics Kinetics-400.tar.gz data/k400");
  auto* kinetics = prepare->add_subcommand("kinetics", "Kinetics-400, -600, -700, and what is packed as they are");
  kinetics->add_option("source", options.source, "An archive, or a folder")->required()->type_name("SOURCE");
  kinetics->add_option("out", options.output, "The folder to fill")->required()->type_name("OUT");
  kinetics->add_option("--annotations", options.annotations, "A table of the videos' classes: CSV or list (repeatable)")
      ->type_name("FILE")
      ->allow_extra_args(false);
  kinetics->add_option("--split", options.split, "Of videos that nothing else tells it of: train, val or test")
      ->check(CLI::IsMember({"train", "val", "test"}).description(""))
      ->type_name("NAME");
  kinetics->add_flag("--no-check", options.no_check, "Don't read the videos");
  add_threads(*kinetics, options);
  add_plugin_path(*kinetics, options);
  kinetics->footer(kPrepareExamples);
}

void add_source(CLI::App& app, Options& options) {
  auto* source = app.add_option("source", options.files, "A list file or a folder in place of a manifest")
                     ->expected(0, 1)
                     ->type_name("SOURCE");
  app.add_option("-m,--manifest", options.manifest, "Its datasets")->type_name("FILE")->excludes(source);
  app.add_option("--only", options.only, "Of the manifest's datasets: train, eval or predict")
      ->check(CLI::IsMember({"train", "eval", "predict"}).description(""))
      ->type_name("NAME");
  app.add_option("--dataset", options.dataset, "What reads SOURCE, e.g. kinetics/clips; default: by what it holds")
      ->type_name("PLUGIN/COMPONENT");
  app.add_option("--set", options.sets, "Set one value of the manifest, e.g. data.eval.size=64 (SOURCE is data.eval)")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
  app.add_flag("--json", options.json, "Print JSON");
  add_plugin_path(app, options);
}

void add_browse(CLI::App& data, Options& options) {
  auto* browse = data.add_subcommand("browse", "A page of samples as the model will see them: augmented, masked");
  add_source(*browse, options);
  browse->add_option("-o,--output", options.output, "The page; default: browse.html")->type_name("FILE");
  browse->add_option("--count", options.count, "How many samples, from all over the dataset")
      ->check(CLI::Range(1, 1000).description(""))
      ->type_name("N")
      ->capture_default_str();
  auto* index = browse->add_option("--index", options.indices, "These samples, from 0 on")
                    ->type_name("I,J..")
                    ->delimiter(',')
                    ->allow_extra_args(false)
                    ->check(CLI::Range(int64_t{0}, int64_t{1} << 53).description(""));
  browse->add_option("--class", options.class_name, "Samples of this class, by name or number")
      ->type_name("CLASS")
      ->excludes(index);
  browse->add_option("--augmentations", options.augmentations, "How often each, as successive epochs augment it")
      ->check(CLI::Range(1, 16).description(""))
      ->type_name("N")
      ->capture_default_str();
  browse->footer(std::string(kSource) + kBrowseExamples);
}

void add_scan(CLI::App& data, Options& options) {
  auto* scan = data.add_subcommand("scan", "Read every sample, list the broken ones, write them into a skip list");
  add_source(*scan, options);
  add_threads(*scan, options);
  scan->add_option("-o,--output", options.output, "The skip list; default: skip.txt, if any sample is broken")
      ->type_name("FILE");
  scan->add_flag("--as-is", options.as_is, "Read what training would, not frames all over each video");
  scan->add_flag("--skip-short", options.skip_short,
                 "Put videos that are cut off at their ends into the skip list as well");
  scan->footer(std::string(kSource) + kScanExamples);
}

}  // namespace

void add_data_commands(CLI::App& app, Options& options) {
  auto* data = app.add_subcommand("data", "Prepare, check and look at datasets");
  data->require_subcommand(1);
  data->footer("Examples:\n  vhost data scan --manifest exp.json\n  vhost data stats data/train.txt");
  add_prepare(*data, options);
  add_browse(*data, options);
  add_scan(*data, options);
  auto* stats = data->add_subcommand("stats", "Count the samples of each class; sizes, frames and durations");
  add_source(*stats, options);
  add_threads(*stats, options);
  stats->footer(std::string(kSource) + kStatsExamples);
  auto* fingerprint = data->add_subcommand("fingerprint", "Number of samples and hash of the list, as in every result");
  add_source(*fingerprint, options);
  fingerprint->footer(std::string(kSource) + kFingerprintExamples);
}

}  // namespace vhost
