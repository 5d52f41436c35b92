#include <algorithm>
#include <filesystem>
#include <iostream>

#include "base/files.h"
#include "cli/commands.h"
#include "report/chart_picture.h"
#include "report/curves.h"
#include "report/runs_page.h"

namespace vhost {
namespace fs = std::filesystem;
using namespace report;

namespace {

// "plot.svg" -> ".svg", one of `known`.
std::string kind_of(const std::string& output, const std::vector<std::string>& known) {
  std::string kind = fs::path(output).extension().string();
  std::ranges::transform(kind, kind.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (std::ranges::find(known, kind) != known.end()) return kind;
  std::string names;
  for (const std::string& one : known) names += (names.empty() ? "" : one == known.back() ? " or " : ", ") + one;
  throw Error("--output " + output + ": a name that ends in " + names + " is wanted");
}

std::vector<RunData> read_runs(const std::vector<std::string>& paths) {
  std::vector<RunData> runs;
  for (const std::string& path : paths) runs.push_back(read_run(path));
  const std::vector<std::string> names = short_names(paths);
  for (size_t i = 0; i < runs.size(); ++i) runs[i].name = names[i];
  return runs;
}

void write_plot(const std::string& output, const std::string& kind, const Comparison& comparison,
                const std::vector<std::string>& paths) {
  if (kind == ".html") return write_file_atomically(output, comparison_page(comparison, read_runs(paths)));
  Chart chart = overlay_chart(comparison);
  if (kind == ".png") return write_png(output, chart_picture(chart));
  write_file_atomically(output, chart_svg(chart));
}

}  // namespace

int compare_command(const Options& options) {
  const std::string kind = options.output.empty() ? "" : kind_of(options.output, {".svg", ".png", ".html"});
  const Comparison comparison =
      compare(read_loss_curve(options.files.at(0)), read_loss_curve(options.files.at(1)), {options.mre, options.mae});
  if (!kind.empty()) write_plot(options.output, kind, comparison, options.files);
  std::cout << (options.json ? comparison_json(comparison) : comparison_text(comparison));
  if (!kind.empty() && !options.json) std::cout << "plot in " << options.output << "\n";
  return comparison.accepted() ? 0 : kExitError;
}

int report_command(const Options& options) {
  const std::string output = options.output.empty() ? "runs.html" : options.output;
  kind_of(output, {".html"});
  const std::vector<RunData> runs = read_runs(options.files);
  const auto epochs = std::ranges::count_if(runs, [](const RunData& run) { return run.by_epoch; });
  for (const RunData& run : runs) {
    for (const std::string& note : run.notes) std::cerr << "warning: " << note << "\n";
    if (run.by_epoch && epochs < static_cast<int64_t>(runs.size()))
      std::cerr << "warning: " << run.path << ": counts epochs, so that its curve isn't drawn beside those by step\n";
  }
  write_file_atomically(output, runs_page(runs, "Runs compared"));
  std::cout << runs_text(runs) << "page in " << output << "\n";
  return 0;
}

}  // namespace vhost
