#include "keymaps/classes.h"

#include <algorithm>
#include <cctype>
#include <set>

#include "base/files.h"
#include "base/json.h"
#include "keymaps/detect.h"

namespace vhost {

namespace fs = std::filesystem;

namespace {

struct Entry {
  std::string place;  // "k710.txt:3", "k710.json: entry 3"
  std::string text;
};

std::vector<Entry> json_entries(const std::string& text, const std::string& file) {
  const json::value root = parse_json(text, file, /*item_places=*/false).root;
  std::vector<Entry> entries;
  for (const json::value& item : root.as_array()) {
    const std::string place = file + ": entry " + std::to_string(entries.size() + 1);
    if (!item.is_string() && !item.is_int64())
      throw Error(place + ": must be a row's number or a class's name, not " + show_json(item));
    entries.push_back({place, item.is_string() ? std::string(item.get_string()) : std::to_string(item.get_int64())});
  }
  return entries;
}

std::vector<Entry> line_entries(const std::string& text, const std::string& file) {
  std::vector<Entry> entries;
  size_t blank = 0;
  for (size_t at = 0, line = 1; at < text.size(); ++line) {
    const size_t end = std::min(text.find('\n', at), text.size());
    const std::string word(text, at, end - at - (end > at && text[end - 1] == '\r'));
    at = end + 1;
    if (word.find_first_not_of(" \t") == std::string::npos) {
      blank = blank ? blank : line;
      continue;
    }
    if (blank) throw Error(file + ":" + std::to_string(blank) + ": is empty: every line stands for a class");
    entries.push_back({file + ":" + std::to_string(line), word});
  }
  return entries;
}

std::vector<Entry> entries_of(const fs::path& file) {
  const std::string text = read_file(file);
  const size_t first = text.find_first_not_of(" \t\r\n");
  const bool is_json = first != std::string::npos && text[first] == '[';
  std::vector<Entry> entries = is_json ? json_entries(text, file.string()) : line_entries(text, file.string());
  if (entries.empty()) throw Error(file.string() + ": lists no classes");
  return entries;
}

bool is_number(const std::string& text) {
  const size_t sign = !text.empty() && text[0] == '-';
  return text.size() > sign && text.size() < 19 && text.find_first_not_of("0123456789", sign) == std::string::npos;
}

std::string plain(const std::string& name) {
  std::string out;
  for (const char c : name) {
    const bool space = c == '_' || std::isspace(static_cast<unsigned char>(c));
    if (space && (out.empty() || out.back() == ' ')) continue;
    out += space ? ' ' : static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  if (!out.empty() && out.back() == ' ') out.pop_back();
  return out;
}

std::vector<int64_t> numbers_of(const std::vector<Entry>& entries) {
  std::vector<int64_t> rows;
  for (const Entry& entry : entries) {
    if (entry.text[0] == '-') throw Error(entry.place + ": " + entry.text + " is no row: they count from 0");
    rows.push_back(std::stoll(entry.text));
  }
  return rows;
}

std::vector<int64_t> rows_by_name(const std::vector<Entry>& theirs, const std::vector<std::string>& ours,
                                  const std::string& file) {
  std::map<std::string, int64_t> row_of;
  std::vector<std::string> known, lacking;
  for (const Entry& entry : theirs) {
    if (!row_of.emplace(plain(entry.text), known.size()).second)
      throw Error(entry.place + ": " + quote(entry.text) + " is the name of row " +
                  std::to_string(row_of.at(plain(entry.text))) + " already");
    known.push_back(entry.text);
  }
  std::vector<int64_t> rows;
  for (const std::string& name : ours) {
    const auto row = row_of.find(plain(name));
    if (row == row_of.end())
      lacking.push_back(name);
    else
      rows.push_back(row->second);
  }
  if (!lacking.empty())
    throw Error(file + ": lacks " + std::to_string(lacking.size()) + " of our " + std::to_string(ours.size()) +
                " classes: " + some_of(lacking, 8) + did_you_mean(lacking.front(), known));
  return rows;
}

// Of a layer's weight or bias.
at::Tensor chosen_rows(const std::string& name, const at::Tensor& theirs, const ClassRows& classes,
                       const std::string& file) {
  const int64_t size = theirs.size(0);
  const std::string layer = quote(name) + " of " + file;
  if (classes.all && static_cast<int64_t>(*classes.all) != size)
    throw Error(classes.file + ": names " + std::to_string(*classes.all) + " rows, but " + layer + " has " +
                std::to_string(size));
  for (size_t i = 0; i < classes.rows.size(); ++i)
    if (classes.rows[i] >= size)
      throw Error(classes.file + ": class " + std::to_string(i) + " takes row " + std::to_string(classes.rows[i]) +
                  ", but " + layer + " has " + std::to_string(size) + " rows, 0 to " + std::to_string(size - 1));
  return theirs.index_select(0, at::tensor(classes.rows, at::kLong));
}

using ModelRows = std::optional<std::map<std::string, int64_t>>;

std::vector<std::string> class_layers(const std::map<std::string, at::Tensor>& weights, const ClassRows& classes,
                                      const std::string& file, const ModelRows& model_rows) {
  const auto ours = static_cast<int64_t>(classes.rows.size());
  std::vector<std::string> layers, others;
  for (const auto& [name, value] : weights) {
    if (name.rfind("heads.", 0) != 0 || !name.ends_with(".weight") || value.dim() != 2) continue;
    if (model_rows && !model_rows->count(name)) continue;
    const int64_t rows = model_rows ? model_rows->at(name) : ours;
    if (rows == ours)
      layers.push_back(name);
    else
      others.push_back(name + " has " + std::to_string(rows));
  }
  if (layers.empty() && others.empty())
    throw Error(classes.file + ": there is no layer of classes to take rows of among the weights of " + file);
  if (layers.empty())
    throw Error(classes.file + ": is for " + std::to_string(ours) +
                " classes, and the model has no layer of so many: " + some_of(others));
  if (!model_rows && layers.size() > 1)
    throw Error(classes.file + ": " + file + " has several layers that may be of classes, " + some_of(layers) +
                "; a manifest's init.classes knows which");
  return layers;
}

}  // namespace

std::vector<std::string> read_names(const fs::path& file) {
  std::vector<std::string> names;
  for (const Entry& entry : entries_of(file)) names.push_back(entry.text);
  return names;
}

ClassRows read_class_rows(const fs::path& file, const std::function<std::vector<std::string>()>& our_names) {
  const std::vector<Entry> entries = entries_of(file);
  ClassRows classes;
  classes.file = file.string();
  if (std::all_of(entries.begin(), entries.end(), [](const Entry& entry) { return is_number(entry.text); })) {
    classes.rows = numbers_of(entries);
  } else {
    classes.rows = rows_by_name(entries, our_names(), classes.file);
    classes.all = entries.size();
  }
  classes.repeated = classes.rows.size() - std::set<int64_t>(classes.rows.begin(), classes.rows.end()).size();
  return classes;
}

std::vector<std::string> take_class_rows(std::map<std::string, at::Tensor>& weights, const ClassRows& classes,
                                         const std::string& file, const ModelRows& model_rows) {
  std::vector<std::string> done;
  for (const std::string& weight : class_layers(weights, classes, file, model_rows)) {
    const std::string layer = weight.substr(0, weight.size() - std::string(".weight").size());
    const int64_t rows = weights.at(weight).size(0);
    for (const std::string& name : {weight, layer + ".bias"}) {
      const auto found = weights.find(name);
      if (found != weights.end() && found->second.dim() > 0 && found->second.size(0) == rows)
        found->second = chosen_rows(name, found->second, classes, file);
    }
    done.push_back(layer + ": " + std::to_string(classes.rows.size()) + " of " + std::to_string(rows) + " rows, by " +
                   classes.file +
                   (classes.repeated ? "; " + std::to_string(classes.repeated) + " are taken more than once" : ""));
  }
  return done;
}

}  // namespace vhost
