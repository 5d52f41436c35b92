#include "cli/report_options.h"

#include <CLI/CLI.hpp>

namespace vhost {
namespace {

constexpr const char* kCompareExamples =
    R"(RUN and REFERENCE are work-dirs, or the log of another system: mmengine's vis_data/scalars.json, PySlowFast's
stdout.log, VideoMAE's log.txt, a CSV of step,loss. Losses are matched by step, or by epoch where a log knows no
steps. Accepted is a mean relative error <= --mre or a mean absolute error <= --mae. See docs/compare.md.

Exit codes: 0 accepted, 1 not accepted or an error, 2 wrong usage.

Examples:
  vhost compare work_dirs/new work_dirs/reference
  vhost compare work_dirs/exp mmaction/work_dirs/exp --mre 0.02 -o compared.html
  vhost compare work_dirs/exp slowfast/stdout.log -o loss.png --json)";

constexpr const char* kReportExamples =
    R"(RUNS are work-dirs or other systems' logs, as for vhost compare. The page needs no other file. See docs/compare.md.

Examples:
  vhost report work_dirs/a work_dirs/b
  vhost report work_dirs/* -o sweep.html)";

CLI::Validator limit() {
  const auto check = [](const std::string& text) {
    double value = 0;
    const bool is_limit = CLI::detail::lexical_cast(text, value) && value >= 0;
    return is_limit ? std::string() : text + ": a number from 0 on is wanted";
  };
  return CLI::Validator(check, "");
}

void add_compare(CLI::App& app, Options& options) {
  auto* compare = app.add_subcommand("compare", "Accept a run by the loss curve of another");
  compare->add_option("runs", options.files, "The run, and the one that it is measured by")
      ->required()
      ->expected(2)
      ->type_name("RUN REFERENCE");
  compare->add_option("--mre", options.mre, "Accept a mean relative error up to this")
      ->check(limit())
      ->type_name("X")
      ->capture_default_str();
  compare->add_option("--mae", options.mae, "Accept a mean absolute error up to this")
      ->check(limit())
      ->type_name("X")
      ->capture_default_str();
  compare->add_option("-o,--output", options.output, "Plot both curves into this .svg, .png or .html file")
      ->type_name("FILE");
  compare->add_flag("--json", options.json, "Print the figures as JSON");
  compare->footer(kCompareExamples);
}

}  // namespace

void add_report_commands(CLI::App& app, Options& options) {
  add_compare(app, options);
  auto* report = app.add_subcommand("report", "Compare runs in one page: curves, final figures, what differs");
  report->add_option("runs", options.files, "Work-dirs or logs")->required()->type_name("RUNS");
  report->add_option("-o,--output", options.output, "The page to write; default: runs.html")->type_name("FILE");
  report->footer(kReportExamples);
}

}  // namespace vhost
