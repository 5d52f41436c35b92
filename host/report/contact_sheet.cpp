#include <algorithm>
#include <cstring>

#include "base/error.h"
#include "report/picture.h"

namespace vhost {
namespace {

constexpr std::array<uint8_t, 3> kPaper{22, 27, 34}, kInk{240, 243, 248}, kSoft{154, 164, 178};
constexpr int kMargin = 20, kGap = 4, kRowGap = 12, kLabelGap = 16, kLineGap = 6, kEnlargeTo = 112, kLongestLabel = 28,
              kRoomyCell = 200;

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    std::string line = text.substr(begin, end - begin);
    if (line.size() > kLongestLabel) line = line.substr(0, kLongestLabel - 2) + "..";
    lines.push_back(line);
    begin = end + 1;
  }
  return lines;
}

struct Layout {
  size_t columns = 0;
  int label_width = 0, cell_width = 0, cell_height = 0, text_scale = 2;
  double scale = 1;
};

Layout layout_of(const Sheet& sheet) {
  Layout layout;
  for (const SheetRow& row : sheet.rows) {
    layout.columns = std::max(layout.columns, row.frames.size());
    for (const std::string& line : lines_of(row.label))
      layout.label_width = std::max(layout.label_width, text_width(line));
    for (const Picture& frame : row.frames) {
      layout.cell_width = std::max(layout.cell_width, frame.width);
      layout.cell_height = std::max(layout.cell_height, frame.height);
    }
  }
  if (layout.columns == 0 || layout.cell_width == 0) throw Error("a sheet of frames needs at least one frame");
  if (layout.label_width > 0) layout.label_width += kLabelGap;
  const int columns = static_cast<int>(layout.columns);
  const int room = std::max(16, (sheet.max_width - 2 * kMargin - layout.label_width - (columns - 1) * kGap) / columns);
  layout.scale = layout.cell_width > room ? static_cast<double>(room) / layout.cell_width
                                          : std::max(1, std::min(room, kEnlargeTo) / layout.cell_width);
  layout.cell_width = std::max(1, static_cast<int>(layout.cell_width * layout.scale + 0.5));
  layout.cell_height = std::max(1, static_cast<int>(layout.cell_height * layout.scale + 0.5));
  return layout;
}

void paste(Picture& into, const Picture& picture, int x, int y) {
  for (int row = 0; row < picture.height; ++row)
    std::memcpy(&into.rgb[(static_cast<size_t>(y + row) * into.width + x) * 3],
                &picture.rgb[static_cast<size_t>(row) * picture.width * 3], static_cast<size_t>(picture.width) * 3);
}

// Large cells have large headings.
int column_scale(const Layout& layout, const Sheet& sheet) {
  if (layout.cell_width < kRoomyCell) return 1;
  for (const std::string& column : sheet.columns)
    for (const std::string& line : lines_of(column))
      if (text_width(line) > layout.cell_width) return 1;
  return 2;
}

int header_height(const Layout& layout, const Sheet& sheet) {
  int lines = 0;
  for (const std::string& column : sheet.columns) lines = std::max(lines, static_cast<int>(lines_of(column).size()));
  return lines * (text_height(column_scale(layout, sheet)) + kLineGap);
}

void draw_header(Picture& out, const Layout& layout, const Sheet& sheet, int y) {
  const int scale = column_scale(layout, sheet);
  int x = kMargin + layout.label_width;
  for (size_t i = 0; i < sheet.columns.size() && i < layout.columns; ++i, x += layout.cell_width + kGap) {
    int line_y = y;
    for (const std::string& line : lines_of(sheet.columns[i])) {
      draw_text(out, x, line_y, line, line_y == y && scale > 1 ? kInk : kSoft, scale);
      line_y += text_height(scale) + kLineGap;
    }
  }
}

int row_height(const Layout& layout, const SheetRow& row) {
  const int lines = row.label.empty() ? 0 : static_cast<int>(lines_of(row.label).size());
  return std::max(layout.cell_height, lines * (text_height() + kLineGap) - kLineGap);
}

void draw_row(Picture& out, const Layout& layout, const SheetRow& row, int y) {
  int line_y = y;
  bool first = true;
  for (const std::string& line : lines_of(row.label)) {
    draw_text(out, kMargin, line_y, line, first ? kInk : kSoft);
    line_y += text_height() + kLineGap;
    first = false;
  }
  int x = kMargin + layout.label_width;
  for (const Picture& frame : row.frames) {
    const int width = std::clamp(static_cast<int>(frame.width * layout.scale + 0.5), 1, layout.cell_width);
    const int height = std::clamp(static_cast<int>(frame.height * layout.scale + 0.5), 1, layout.cell_height);
    paste(out, resized(frame, width, height), x + (layout.cell_width - width) / 2,
          y + (layout.cell_height - height) / 2);
    x += layout.cell_width + kGap;
  }
}

}  // namespace

Picture contact_sheet(const Sheet& sheet) {
  const Layout layout = layout_of(sheet);
  const int columns = static_cast<int>(layout.columns);
  const int frames_width = columns * layout.cell_width + (columns - 1) * kGap;
  const int title_height = sheet.title.empty() ? 0 : text_height() + kMargin;
  const int header = header_height(layout, sheet);
  int height = 2 * kMargin + title_height + header - kRowGap;
  for (const SheetRow& row : sheet.rows) height += row_height(layout, row) + kRowGap;
  const int width = 2 * kMargin + std::max(layout.label_width + frames_width, text_width(sheet.title));
  Picture out(std::min(width, std::max(sheet.max_width, 2 * kMargin + layout.label_width + frames_width)), height,
              kPaper);
  int y = kMargin;
  draw_text(out, kMargin, y, sheet.title, kInk);
  y += title_height;
  draw_header(out, layout, sheet, y);
  y += header;
  for (const SheetRow& row : sheet.rows) {
    draw_row(out, layout, row, y);
    y += row_height(layout, row) + kRowGap;
  }
  return out;
}

}  // namespace vhost
