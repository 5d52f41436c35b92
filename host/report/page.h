// report.html: one file that needs nothing else. Style, script and curves inline, pictures as data.
#pragma once
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "report/series.h"

namespace vhost::report {

struct PageData {
  std::string title;
  std::string status;          // "running", "finished", "interrupted at step 40", "failed: ..."
  std::string written;         // local time
  double elapsed_seconds = 0;  // of this process
  int64_t resumed_at = 0;      // step that this process began from; 0 = the start
  const History* history = nullptr;
  const std::vector<SummaryRow>* summary = nullptr;
  const json::value* manifest = nullptr;  // null value = none
  std::string config_sha256;              // of the manifest; "" = not known
  const json::value* lock = nullptr;      // what lock.json holds; null value = none
  struct Warning {
    std::string text;
    int64_t times = 1;
  };
  const std::vector<Warning>* warnings = nullptr;
  int64_t more_warnings = 0;  // beyond those listed
  const std::vector<std::pair<std::string, std::filesystem::path>>* pictures = nullptr;
};

std::string report_page(const PageData& data);

extern const std::string_view kChartStyle, kPageStyle, kPageScript;

std::string base64(std::string_view bytes);

}  // namespace vhost::report
