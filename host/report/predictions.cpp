#include "report/predictions.h"

#include <algorithm>
#include <cstring>
#include <filesystem>

#include "report/format.h"

namespace vhost {

namespace {

using report::format_exact;
using report::format_fixed;
using report::text_columns;

constexpr std::array<uint8_t, 3> kPaper{22, 27, 34}, kInk{240, 243, 248}, kSoft{154, 164, 178}, kEmpty{60, 66, 75};
constexpr int kTile = 224, kOnlyTile = 448, kGap = 12, kMargin = 20, kLine = 20, kMostColumns = 6, kMostAnswers = 5;

constexpr const char* kNoScore = "no class has a score";  // as none is a number

std::string padded(const std::string& text, int width) {
  return text + std::string(static_cast<size_t>(std::max(0, width - text_columns(text))), ' ');
}

std::string percent(double score) {
  return format_fixed(100 * score, 2) + " %";
}

std::string csv_field(const std::string& text) {
  if (text.find_first_of("\",\r\n") == std::string::npos) return text;
  std::string out = "\"";
  for (const char c : text) out += c == '"' ? std::string("\"\"") : std::string(1, c);
  return out + "\"";
}

// As much of the text as fits, its end if `end`.
std::string fitting(const std::string& text, int width, int scale, bool end) {
  std::string cut = text;
  while (!cut.empty() && text_width(cut == text ? text : cut + "..", scale) > width)
    end ? cut.erase(0, 1) : cut.erase(cut.size() - 1);
  return cut == text ? text : end ? ".." + cut : cut + "..";
}

// In small letters if it doesn't fit else.
void draw_line(Picture& sheet, int x, int y, const std::string& text, const std::string& suffix, int width,
               std::array<uint8_t, 3> color) {
  const int scale = text_width(text + suffix) <= width ? 2 : 1;
  std::string line = text + suffix;
  for (size_t n = text.size(); n > 0 && text_width(line, scale) > width; --n) line = text.substr(0, n) + ".." + suffix;
  draw_text(sheet, x, y + (text_height() - text_height(scale)) / 2, line, color, scale);
}

void paste(Picture& into, const Picture& picture, int x, int y) {
  for (int row = 0; row < picture.height; ++row)
    std::memcpy(&into.rgb[(static_cast<size_t>(y + row) * into.width + x) * 3],
                &picture.rgb[static_cast<size_t>(row) * picture.width * 3], static_cast<size_t>(picture.width) * 3);
}

Picture tile_of(const Prediction& prediction, int size) {
  if (prediction.frame.width == 0) return Picture(size, size, kEmpty);
  const Picture& frame = prediction.frame;
  const double scale = static_cast<double>(size) / std::max(frame.width, frame.height);
  return resized(frame, std::max(1, static_cast<int>(frame.width * scale + 0.5)),
                 std::max(1, static_cast<int>(frame.height * scale + 0.5)));
}

void draw_tile(Picture& sheet, const Prediction& prediction, int x, int y, int size, int answers) {
  const Picture tile = tile_of(prediction, size);
  paste(sheet, tile, x + (size - tile.width) / 2, y + (size - tile.height) / 2);
  int line = y + size + 6;
  if (prediction.best.empty())
    draw_line(sheet, x, line, prediction.error.empty() ? kNoScore : "could not be read", "", size, kInk);
  for (int i = 0; i < answers; ++i, line += kLine) {
    if (i >= static_cast<int>(prediction.best.size())) continue;
    const Answer& answer = prediction.best[static_cast<size_t>(i)];
    draw_line(sheet, x, line, answer.name, " " + format_fixed(100 * answer.score, 1) + "%", size, i ? kSoft : kInk);
  }
  const std::string name = std::filesystem::path(prediction.file).filename().string();
  draw_text(sheet, x, line, fitting(name, size, 2, /*end=*/true), kSoft);
}

}  // namespace

std::string predictions_table(const std::vector<Prediction>& predictions) {
  int file = 4, name = 5;
  for (const Prediction& p : predictions) {
    file = std::max(file, text_columns(p.file));
    for (const Answer& answer : p.best) name = std::max(name, text_columns(answer.name));
  }
  std::string out = padded("file", file) + "  " + padded("class", name) + "     score\n";
  for (const Prediction& p : predictions) {
    out += padded(p.file, file) + "  ";
    if (p.best.empty()) out += p.error.empty() ? std::string(kNoScore) + "\n" : "could not be read: " + p.error + "\n";
    for (size_t i = 0; i < p.best.size(); ++i) {
      const std::string score = percent(p.best[i].score);
      out += (i ? std::string(static_cast<size_t>(file) + 2, ' ') : "") + padded(p.best[i].name, name) + "  " +
             std::string(8 - std::min<size_t>(8, score.size()), ' ') + score + "\n";
    }
  }
  return out;
}

json::array predictions_json(const std::vector<Prediction>& predictions) {
  json::array out;
  for (const Prediction& p : predictions) {
    json::object entry{{"file", valid_utf8(p.file)}};
    if (!p.error.empty()) entry["error"] = valid_utf8(p.error);
    json::array top;
    for (const Answer& answer : p.best)
      top.push_back({{"label", answer.label}, {"class", valid_utf8(answer.name)}, {"score", answer.score}});
    entry["top"] = std::move(top);
    out.push_back(std::move(entry));
  }
  return out;
}

std::string predictions_csv(const std::vector<Prediction>& predictions) {
  std::string out = "file,rank,label,class,score,error\n";
  for (const Prediction& p : predictions) {
    if (p.best.empty()) out += csv_field(p.file) + ",,,,," + csv_field(p.error.empty() ? kNoScore : p.error) + "\n";
    for (size_t i = 0; i < p.best.size(); ++i)
      out += csv_field(p.file) + "," + std::to_string(i + 1) + "," + std::to_string(p.best[i].label) + "," +
             csv_field(p.best[i].name) + "," + format_exact(p.best[i].score) + ",\n";
  }
  return out;
}

Picture predictions_picture(const std::vector<Prediction>& predictions, const std::string& title) {
  if (predictions.empty()) throw Error("a picture of predictions needs at least one");
  const int count = static_cast<int>(predictions.size());
  const bool only = count == 1;
  const int size = only ? kOnlyTile : kTile;
  const int answers = only ? std::clamp(static_cast<int>(predictions.front().best.size()), 1, kMostAnswers) : 1;
  int columns = 1;
  while (columns < kMostColumns && columns * columns < count) ++columns;
  const int rows = (count + columns - 1) / columns;
  const int step_x = size + kGap, step_y = size + (answers + 1) * kLine + kGap + 6;
  const int top = title.empty() ? 0 : text_height() + kMargin;
  const int width = 2 * kMargin + columns * step_x - kGap;
  Picture sheet(width, 2 * kMargin + top + rows * step_y - kGap, kPaper);
  draw_text(sheet, kMargin, kMargin, fitting(title, width - 2 * kMargin, 2, /*end=*/false), kInk);
  for (int i = 0; i < count; ++i)
    draw_tile(sheet, predictions[static_cast<size_t>(i)], kMargin + i % columns * step_x,
              kMargin + top + i / columns * step_y, size, answers);
  return sheet;
}

}  // namespace vhost
