#include <algorithm>
#include <iostream>

#include "base/files.h"
#include "cli/data_source.h"
#include "cli/progress.h"
#include "engine/data_api.h"
#include "report/event_file.h"
#include "report/format.h"
#include "report/page.h"
#include "report/page_parts.h"

namespace vhost {

using namespace report;

namespace {

constexpr int kSmall = 640;  // pixels: narrow enough for several beside each other

std::string caption_of(const BrowsedSample& sample) {
  std::string text = std::to_string(sample.index) + "  " + sample.name;
  if (sample.label >= 0)
    text += "  class " + std::to_string(sample.label) + (sample.class_name.empty() ? "" : ", " + sample.class_name);
  return sample.masked.empty() ? text : text + "  " + sample.masked;
}

std::string sheet_of(const std::vector<BrowsedSample>& samples) {
  const auto drawn = std::ranges::find_if(samples, [](const BrowsedSample& sample) { return !sample.pngs.empty(); });
  const bool small = drawn != samples.end() && png_size(drawn->pngs[0]).first <= kSmall;
  std::string out = std::string("<section class=\"pictures sheet") + (small ? " small" : "") + "\">\n";
  for (const BrowsedSample& sample : samples) {
    out += "<figure>" + tag("figcaption", caption_of(sample));
    if (!sample.error.empty()) out += tag("p", sample.error, "none");
    for (const std::string& png : sample.pngs)
      out += "<div class=\"pad\"><img alt=\"sample " + std::to_string(sample.index) +
             "\" src=\"data:image/png;base64," + base64(png) + "\"></div>";
    out += "</figure>\n";
  }
  return out + "</section>\n";
}

std::string page_of(const std::vector<BrowsedSample>& samples, const Manifest& manifest, const std::string& pointer,
                    const std::string& fingerprint) {
  int64_t broken = 0;
  for (const BrowsedSample& sample : samples) broken += sample.error.empty() ? 0 : 1;
  const std::string how = pointer == "/data/train" ? "augmented as in training" : "as evaluation reads them";
  std::string subtitle = manifest.string(pointer + "/use") + " " + fingerprint + "; " + how + ", before normalising";
  if (manifest.has("/data/mix") && pointer == "/data/train") subtitle += " and mixing";
  return whole_page(
      pointer.substr(1) + " of " + manifest.path.string(),
      std::to_string(samples.size()) + " samples" + (broken > 0 ? ", " + std::to_string(broken) + " broken" : ""),
      broken > 0 ? "warn" : "good", subtitle + ". " + local_time(), sheet_of(samples));
}

}  // namespace

int data_browse_command(const Options& options) {
  const std::string output = options.output.empty() ? "browse.html" : options.output;
  if (!output.ends_with(".html")) throw Error("--output " + output + ": a name that ends in .html is wanted");
  DataSources sources = data_sources(options);
  std::vector<BrowsedSample> samples;
  std::string fingerprint;
  BrowseRequest request;
  request.manifest = &sources.experiment.manifest;
  request.resolution = &sources.experiment.resolution;
  request.dataset = sources.pointers[0];
  request.indices = options.indices;
  request.count = options.count;
  request.class_name = options.class_name;
  request.augmentations = options.augmentations;
  request.progress = show_progress;
  request.out = &samples;
  request.fingerprint = &fingerprint;
  const int code = reinterpret_cast<decltype(&vhost_engine_browse)>(engine_door("vhost_engine_browse"))(&request);
  if (code != 0) return code;
  write_file_atomically(output, page_of(samples, sources.experiment.manifest, request.dataset, fingerprint));
  std::cout << samples.size() << " samples of " << request.dataset << " in " << output << "\n";
  return 0;
}

}  // namespace vhost
