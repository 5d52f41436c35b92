#include "report/page_parts.h"

#include <algorithm>

#include "report/page.h"

namespace vhost::report {

std::string tag(const char* name, const std::string& text, const char* classes) {
  const std::string attribute = classes ? std::string(" class=\"") + classes + "\"" : "";
  return std::string("<") + name + attribute + ">" + escape_markup(text) + "</" + name + ">";
}

std::string tile(const std::string& label, const std::string& value, const std::string& note) {
  return "<div class=\"tile\">" + tag("span", label) + tag("b", value) + tag("span", note.empty() ? "\u00a0" : note) +
         "</div>\n";
}

std::string tile_section(const std::string& out) {
  size_t count = 0;
  for (size_t at = 0; (at = out.find("<div", at)) != out.npos; ++at) ++count;
  const size_t columns = count <= 5 ? count : (count + 1) / 2;  // one row, or two of about the same length
  return "<section class=\"tiles\" style=\"--columns:" + std::to_string(std::min<size_t>(columns, 5)) + "\">\n" + out +
         "</section>\n";
}

std::string chart_section(std::vector<Chart> all) {
  std::string out = "<h2>Curves</h2>\n<section class=\"charts\">\n";
  for (size_t i = 0; i < all.size(); ++i) {
    const bool wide = i == 0 || (i + 1 == all.size() && i % 2 == 1);
    all[i].width = wide ? 1112 : 548;
    all[i].height = i == 0 ? 400 : 290;
    out += std::string("<figure data-chart") + (wide ? " class=\"wide\"" : "") + ">" + chart_element(all[i]) +
           "<script type=\"application/json\">" + chart_json(all[i]) + "</script><div class=\"tip\"></div></figure>\n";
  }
  return out + "</section>\n";
}

std::string whole_page(const std::string& title, const std::string& status, const char* pill,
                       const std::string& subtitle, const std::string& body) {
  std::string out =
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n";
  out += tag("title", title) + "\n<style>" + std::string(kPageStyle) + chart_style() +
         "</style>\n</head>\n<body>\n<main>\n";
  out += "<header>" + tag("h1", title) + tag("div", status, (std::string("pill ") + pill).c_str()) +
         tag("p", subtitle) + "</header>\n";
  return out + body + "<footer>Written by vhost.</footer>\n</main>\n<script>" + std::string(kPageScript) +
         "</script>\n</body>\n</html>\n";
}

}  // namespace vhost::report
