// What the pages are made of: elements as text, every text escaped.
#pragma once
#include <string>
#include <vector>

#include "report/chart.h"

namespace vhost::report {

std::string tag(const char* name, const std::string& text, const char* classes = nullptr);
std::string tile(const std::string& label, const std::string& value, const std::string& note = "");
std::string tile_section(const std::string& tiles);  // one row, or two of about the same length
// The first over the whole width, then two beside each other. With what the readout needs.
std::string chart_section(std::vector<Chart> charts);
// A document of its own with style and script. `pill` is one of kChartStyle's classes: good, warn, bad-pill, run.
std::string whole_page(const std::string& title, const std::string& status, const char* pill,
                       const std::string& subtitle, const std::string& body);

}  // namespace vhost::report
