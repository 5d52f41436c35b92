#include "cli/checkpoint_options.h"

#include <CLI/CLI.hpp>

#include "cli/convert_options.h"

namespace vhost {
namespace {

constexpr const char* kInspectExamples =
    R"(Reads files of torch.save (.pth, .pyth, .pt, .bin, .tar), .safetensors, and a run's
checkpoints/step-N. Nothing that a pickle asks for is run; docs/checkpoints.md says what is read.

Examples:
  vhost checkpoint inspect checkpoint.pth
  vhost checkpoint inspect model.safetensors --json
  vhost checkpoint inspect work_dirs/exp/checkpoints/step-400)";

constexpr const char* kDiffExamples =
    R"(Exit code 0 if both hold the same tensors with the same values, 1 if they differ.

Examples:
  vhost checkpoint diff a.pth b.safetensors
  vhost checkpoint diff work_dirs/exp/checkpoints/step-400 work_dirs/exp/checkpoints/step-500)";

constexpr const char* kAverageExamples =
    R"(All files must hold the same tensors; integers in them must be equal. Sums are in double precision.

Example:
  vhost checkpoint average epoch-8.pth epoch-9.pth epoch-10.pth -o mean.safetensors)";

void add_files(CLI::App& app, Options& options, const char* help, int least, int most) {
  app.add_option("files", options.files, help)->required()->type_name("FILE")->expected(least, most);
}

}  // namespace

void add_checkpoint_commands(CLI::App& app, Options& options) {
  auto* checkpoint = app.add_subcommand("checkpoint", "Look into checkpoint files, compare, average and convert them");
  checkpoint->require_subcommand(1);
  auto* inspect = checkpoint->add_subcommand("inspect", "What a checkpoint file holds");
  add_files(*inspect, options, "A checkpoint of any kind", 1, 1);
  inspect->add_flag("--json", options.json, "Print JSON");
  inspect->footer(kInspectExamples);
  auto* diff = checkpoint->add_subcommand("diff", "In what two checkpoints differ");
  add_files(*diff, options, "The two checkpoints", 2, 2);
  diff->add_flag("--json", options.json, "Print JSON");
  diff->footer(kDiffExamples);
  auto* average = checkpoint->add_subcommand("average", "Write the mean of checkpoints");
  add_files(*average, options, "The checkpoints, two or more", 2, 10000);
  average->add_option("-o,--output", options.output, "The .safetensors file to write")->required()->type_name("FILE");
  average->add_flag("--json", options.json, "Print JSON");
  average->footer(kAverageExamples);
  add_convert_commands(*checkpoint, options);
}

}  // namespace vhost
