#include "cli/matrix_table.h"

#include <algorithm>
#include <functional>

namespace vhost {

namespace {

using Names = std::vector<std::string>;
using Combinations = std::vector<const Combination*>;

constexpr size_t kWidth = 110;  // of the terminal

void add_new(Names& names, const std::string& name) {
  if (!name.empty() && std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
}

std::string joined(const Names& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

std::string size_of(const MatrixInput& input) {
  const std::string area = std::to_string(input.height) + "x" + std::to_string(input.width);
  return input.frames > 1 ? std::to_string(input.frames) + "x" + area : area;
}

// The reasons below the tables, numbered as they first turn up. What several parts say in the same words is one.
class Reasons {
 public:
  // "no (3, 4)"
  std::string cite(const std::string& word, const Names& reasons) {
    Names numbers;
    for (const std::string& reason : reasons) add_new(numbers, std::to_string(number(reason)));
    return reasons.empty() ? word : word + " (" + joined(numbers) + ")";
  }

  std::string text() const {
    std::string text;
    for (size_t i = 0; i < list_.size(); ++i) {
      const std::string parts = joined(list_[i].parts);
      text += "(" + std::to_string(i + 1) + ") " + parts + (parts.empty() ? "" : ": ") + list_[i].words + "\n";
    }
    return text;
  }

 private:
  struct Reason {
    Names parts;  // "videomae/vit"
    std::string words;
  };

  size_t number(const std::string& reason) {
    const size_t colon = reason.find(": ");
    const bool of_part = colon < reason.find(' ') && reason.find('/') < colon;
    const std::string words = of_part ? reason.substr(colon + 2) : reason;
    auto place = std::find_if(list_.begin(), list_.end(), [&](const Reason& r) { return r.words == words; });
    if (place == list_.end()) place = list_.insert(place, Reason{{}, words});
    if (of_part) add_new(place->parts, reason.substr(0, colon));
    return static_cast<size_t>(place - list_.begin()) + 1;
  }

  std::vector<Reason> list_;
};

// Where the reason is of one parameter, that is part of it.
std::string reason_of(const Combination& one) {
  const bool of_part = one.pointer.ends_with("/backbone") || one.pointer.ends_with("/main") || one.pointer == "/mask" ||
                       one.pointer == "/target" || one.pointer == "/losses/0" || one.pointer.empty();
  return of_part ? one.reason : one.reason + " [" + one.pointer + "]";
}

std::string mode_of(const Combination& one) {
  return one.mode == "drop" ? "dropped" : "replaced";
}

struct Table {
  std::string title;
  Names columns, rows;
  std::function<std::string(const std::string& row, const std::string& column)> cell;
};

std::string padded(std::string text, size_t width) {
  text.resize(std::max(width, text.size()), ' ');
  return text;
}

std::string line_of(const Names& words, const std::vector<size_t>& widths) {
  std::string line;
  for (size_t i = 0; i < words.size(); ++i) line += padded(words[i], widths[i]);
  return line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
}

// Columns that do not fit beside each other follow below.
std::string text_of(const Table& table) {
  std::vector<Names> lines{{table.title}};
  for (const std::string& row : table.rows) lines.push_back({row});
  const auto fill = [&](size_t column, const std::string& name) {
    lines[0].push_back(name);
    for (size_t i = 0; i < table.rows.size(); ++i) lines[i + 1].push_back(table.cell(table.rows[i], name));
    size_t width = 0;
    for (const Names& line : lines) width = std::max(width, line[column].size() + 2);
    return width;
  };
  size_t first = 0;
  for (const Names& line : lines) first = std::max(first, line[0].size() + 3);
  std::vector<size_t> widths{first};
  std::string text;
  const auto flush = [&] {
    for (Names& line : lines) {
      text += line_of(line, widths);
      line.resize(1);
    }
    widths.resize(1);
  };
  size_t used = first;
  for (const std::string& column : table.columns) {
    if (used + column.size() + 2 > kWidth && widths.size() > 1) {
      flush();
      used = first;
    }
    widths.push_back(fill(widths.size(), column));
    used += widths.back();
  }
  flush();
  return text + "\n";
}

class Text {
 public:
  Text(const MatrixInput& input, const std::vector<Combination>& all, const std::string& only, Reasons& reasons)
      : input_(input), only_(only), reasons_(reasons) {
    for (const Combination& one : all) {
      if (one.input == &input) here_.push_back(&one);
      add_new(heads_, one.head);
      add_new(losses_, one.loss);
      add_new(masks_, one.mask);
      add_new(targets_, one.target);
    }
    for (const Combination* one : here_)
      if (one->fits) add_new(backbones_, one->backbone);
  }

  std::string str() {
    const char* name = input_.frames > 1 ? "clip of " : "image of ";
    std::string text = name + size_of(input_) + ", " + std::to_string(input_.classes) + " classes\n\n";
    text += refused_backbones();
    if (backbones_.empty()) return text;
    if (!masks_.empty()) text += mask_table();
    if (any([](const Combination& one) { return one.mask.empty() && !one.head.empty(); })) text += head_table("");
    for (const std::string& target : targets_) text += head_table(target);
    if (!losses_.empty()) text += loss_table();
    return text;
  }

 private:
  using Wanted = std::function<bool(const Combination&)>;

  bool any(const Wanted& wanted) const {
    return std::any_of(here_.begin(), here_.end(), [&](const Combination* one) { return wanted(*one); });
  }

  Names reasons(const Wanted& wanted) const {
    Names reasons;
    for (const Combination* one : here_)
      if (!one->fits && wanted(*one)) add_new(reasons, reason_of(*one));
    return reasons;
  }

  std::string refused_backbones() {
    std::string text;
    for (const Combination* one : here_)
      if (!one->fits && one->head.empty() && one->mask.empty())
        text += reasons_.cite("not for this input: " + one->backbone, {reason_of(*one)}) + "\n";
    return text.empty() ? text : text + "\n";
  }

  std::string mask_table() {
    return text_of({"masked cells", masks_, backbones_, [&](const std::string& backbone, const std::string& mask) {
                      const auto pair = [&](const Combination& one) {
                        return one.backbone == backbone && one.mask == mask && one.target.empty();
                      };
                      Names modes;
                      for (const Combination* one : here_)
                        if (one->fits && pair(*one)) add_new(modes, mode_of(*one));
                      return modes.empty() ? reasons_.cite("no", reasons(pair)) : joined(modes);
                    }});
  }

  // Of one backbone, head and target, under one mask: whether any loss fits, or why not.
  bool fits(const Combination& with) const {
    return any([&](const Combination& one) {
      return one.fits && !one.loss.empty() && one.backbone == with.backbone && one.head == with.head &&
             one.target == with.target && one.mask == with.mask && one.mode == with.mode;
    });
  }

  Names refusals(const Combination& with) const {
    return reasons([&](const Combination& one) {
      return one.backbone == with.backbone && one.mask == with.mask && one.mode == with.mode &&
             (one.target.empty() ? one.head.empty() || with.target.empty() : one.target == with.target) &&
             (one.head.empty() || one.head == with.head);
    });
  }

  // The maskings that the backbone takes, or the one without a mask for labels.
  Combinations maskings(const std::string& backbone, const std::string& target) const {
    Combinations list;
    for (const Combination* one : here_)
      if (one->fits && one->backbone == backbone && one->head.empty() && one->target.empty() &&
          one->mask.empty() == target.empty())
        list.push_back(one);
    return list;
  }

  std::string cell(const std::string& backbone, const std::string& head, const std::string& target) {
    const Combinations tried = maskings(backbone, target);
    if (tried.empty())
      return reasons_.cite(
          "no", reasons([&](const Combination& one) { return one.backbone == backbone && one.head.empty(); }));
    Names why;
    Combinations fitting;
    for (const Combination* masking : tried) {
      Combination with = *masking;
      with.head = head, with.target = target;
      if (fits(with))
        fitting.push_back(masking);
      else
        for (const std::string& reason : refusals(with)) add_new(why, reason);
    }
    if (fitting.empty()) return reasons_.cite("no", why);
    return fitting.size() == tried.size() ? "fits" : reasons_.cite(which(fitting, tried), why);
  }

  // "replaced", if it's all of that mode; "tube", if it's all of that mask; else "partly".
  static std::string which(const Combinations& fitting, const Combinations& tried) {
    const auto one_kind = [&](auto kind) {
      Names kinds;
      for (const Combination* one : fitting) add_new(kinds, kind(*one));
      const auto count = std::count_if(tried.begin(), tried.end(), [&](const Combination* one) {
        return std::find(kinds.begin(), kinds.end(), kind(*one)) != kinds.end();
      });
      return count == static_cast<ptrdiff_t>(fitting.size()) ? joined(kinds) : std::string();
    };
    std::string kinds = one_kind([](const Combination& one) { return mode_of(one); });
    if (kinds.empty()) kinds = one_kind([](const Combination& one) { return one.mask.substr(one.mask.find('/') + 1); });
    return kinds.empty() ? "partly" : kinds;
  }

  // Whether the head fits any backbone; with_loss: as a whole, else by itself.
  bool head_fits(const std::string& head, const std::string& target, bool with_loss) const {
    return any([&](const Combination& one) {
      return one.fits && one.head == head && one.target == target && (!one.loss.empty() || !with_loss);
    });
  }

  // The columns of a table: heads that fit; where none does, those that only lack a loss, or all. The rest are not for
  // that target.
  Names columns(const std::string& target) const {
    Names columns;
    for (const bool with_loss : {true, false}) {
      if (!columns.empty()) break;
      for (const std::string& head : heads_)
        if (head_fits(head, target, with_loss)) columns.push_back(head);
    }
    if (columns.empty()) return heads_;
    if (std::find(heads_.begin(), heads_.end(), only_) != heads_.end()) add_new(columns, only_);
    return columns;
  }

  std::string head_table(const std::string& target) {
    const Names heads = columns(target);
    Names others;
    for (const std::string& head : heads_)
      if (std::find(heads.begin(), heads.end(), head) == heads.end()) others.push_back(head);
    const std::string what = target.empty() ? "labels" : target;
    Table table{what, heads, backbones_,
                [&](const std::string& backbone, const std::string& head) { return cell(backbone, head, target); }};
    std::string text = text_of(table);
    if (others.empty()) return text;
    text.pop_back();
    text += "  not for " + what + ": ";
    for (size_t i = 0; i < others.size(); ++i)
      text += (i ? ", " : "") + reasons_.cite(others[i], reasons([&](const Combination& one) {
                                                return one.head == others[i] && one.target == target;
                                              }));
    return text + "\n\n";
  }

  std::string loss_table() {
    Names columns = targets_;
    if (any([](const Combination& one) { return one.mask.empty() && !one.loss.empty(); }))
      columns.insert(columns.begin(), "labels");
    return text_of({"losses", columns, losses_, [&](const std::string& loss, const std::string& what) {
                      const auto pair = [&](const Combination& one) {
                        return one.loss == loss && one.target == (what == "labels" ? "" : what);
                      };
                      if (any([&](const Combination& one) { return one.fits && pair(one); }))
                        return std::string("fits");
                      const Names why = reasons(pair);
                      return why.empty() ? std::string("-") : reasons_.cite("no", why);
                    }});
  }

  const MatrixInput& input_;
  const std::string& only_;
  Reasons& reasons_;
  Combinations here_;
  Names backbones_, heads_, losses_, masks_, targets_;
};

}  // namespace

std::string matrix_text(const std::vector<MatrixInput>& inputs, const std::vector<Combination>& all,
                        const std::string& only) {
  Reasons reasons;
  std::string text;
  for (const MatrixInput& input : inputs) text += Text(input, all, only, reasons).str();
  return text + reasons.text();
}

json::object matrix_json(const std::vector<MatrixInput>& inputs, const std::vector<Combination>& all) {
  json::array sizes, combinations;
  for (const MatrixInput& input : inputs)
    sizes.push_back(json::object{{"name", input.name},
                                 {"frames", input.frames},
                                 {"height", input.height},
                                 {"width", input.width},
                                 {"classes", input.classes}});
  for (const Combination& one : all) {
    json::object entry{{"input", one.input->name}};
    const std::pair<const char*, const std::string&> members[] = {{"backbone", one.backbone}, {"mask", one.mask},
                                                                  {"mode", one.mode},         {"target", one.target},
                                                                  {"head", one.head},         {"loss", one.loss}};
    for (const auto& [key, value] : members)
      if (!value.empty()) entry[key] = value;
    entry["fits"] = one.fits;
    if (!one.fits) entry["reason"] = one.reason;
    if (!one.pointer.empty()) entry["at"] = one.pointer;
    entry["manifest"] = one.manifest;
    combinations.push_back(std::move(entry));
  }
  return {{"inputs", std::move(sizes)}, {"combinations", std::move(combinations)}};
}

}  // namespace vhost
