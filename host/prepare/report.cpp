#include <algorithm>

#include "base/printable.h"
#include "prepare/prepare.h"

namespace vhost {
namespace {

constexpr size_t kMostLines = 20;

void add_lines(std::string& out, const std::string& what, const std::vector<std::string>& lines) {
  if (lines.empty()) return;
  out += what + "  " + std::to_string(lines.size()) + "\n";
  for (size_t i = 0; i < std::min(lines.size(), kMostLines); ++i) out += "  " + printable(lines[i]) + "\n";
  if (lines.size() > kMostLines)
    out += "  and " + std::to_string(lines.size() - kMostLines) + " more in prepare.json\n";
}

}  // namespace

std::string prepared_text(const Prepared& p, const PrepareOptions& options) {
  std::string out = "archives    " + std::to_string(p.archives);
  if (p.archives_done_before > 0) out += " (" + std::to_string(p.archives_done_before) + " were done before)";
  out += "\nvideos      " + std::to_string(p.unpacked) + " written, " + std::to_string(p.kept) + " were there\n";
  out += "lists       " + (options.out / "train.txt").string() + " " + std::to_string(p.train) + ", " +
         (options.out / "val.txt").string() + " " + std::to_string(p.val);
  if (p.test > 0) out += ", " + (options.out / "test.txt").string() + " " + std::to_string(p.test);
  out += "; " + std::to_string(p.classes) + " classes\n";
  add_lines(out, "problems  ", p.problems);
  add_lines(out, "refused   ", p.refused);
  add_lines(out, "differing ", p.differing);
  add_lines(out, "empty     ", p.empty);
  add_lines(out, "no class  ", p.unplaced);
  add_lines(out, "missing   ", p.missing);
  return out;
}

}  // namespace vhost
