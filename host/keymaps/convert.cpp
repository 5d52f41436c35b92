#include "keymaps/convert.h"

#include <algorithm>

#include "keymaps/detect.h"
#include "keymaps/stages.h"

namespace vhost {

namespace {

using Tensors = std::map<std::string, at::Tensor>;

struct CompiledSide {
  std::vector<std::optional<KeyPattern>> parts;  // nullopt = rows of zeros

  CompiledSide(const Side& side, const Variables& variables, const std::string& head) {
    for (const std::string& text : side)
      parts.push_back(text.empty() ? std::nullopt : std::optional(KeyPattern(with_head(text, head), variables)));
  }
  // "" for rows of zeros
  std::vector<std::string> fill(const Bindings& bindings) const {
    std::vector<std::string> names;
    for (const auto& part : parts) names.push_back(part ? part->fill(bindings) : "");
    return names;
  }
};

struct CompiledRule {
  const KeyRule* rule;
  CompiledSide theirs, ours;
};

std::vector<CompiledRule> compile(const KeyMap& map, const std::string& head) {
  std::vector<CompiledRule> rules;
  for (const KeyRule& rule : map.rules)
    rules.push_back({&rule, CompiledSide(rule.from, map.variables, head), CompiledSide(rule.to, map.variables, head)});
  return rules;
}

std::string shape_text(const at::Tensor& tensor) {
  return c10::str(tensor.sizes());
}

at::Tensor joined(const Tensors& from, const std::vector<std::string>& names, const std::string& to,
                  const std::string& file) {
  std::vector<at::Tensor> parts;
  const at::Tensor& first = from.at(names.front());
  if (first.dim() < 1)
    throw Error(file + ": " + quote(names.front()) + " is a single number; " + quote(to) + " wants rows");
  for (const std::string& name : names) {
    if (name.empty()) {
      parts.push_back(at::zeros_like(first));
      continue;
    }
    const auto found = from.find(name);
    if (found == from.end())
      throw Error(file + ": has " + quote(names.front()) + " but not " + quote(name) + "; " + quote(to) +
                  " is made of both");
    if (found->second.sizes() != first.sizes())
      throw Error(file + ": " + quote(name) + " has shape " + shape_text(found->second) + ", " + quote(names.front()) +
                  " has " + shape_text(first) + "; they make one tensor, " + quote(to) + ", and must be equal");
    parts.push_back(found->second);
  }
  return at::cat(parts, 0);
}

std::vector<at::Tensor> split(const at::Tensor& whole, const std::string& name, const std::vector<std::string>& to,
                              const std::string& file) {
  const auto n = static_cast<int64_t>(to.size());
  if (whole.dim() < 1 || whole.size(0) % n != 0 || whole.size(0) == 0)
    throw Error(file + ": " + quote(name) + " has shape " + shape_text(whole) + "; want " + std::to_string(n) +
                " equal parts along its first axis");
  std::vector<at::Tensor> parts = whole.chunk(n, 0);
  for (size_t i = 0; i < to.size(); ++i)
    if (to[i].empty() && parts[i].count_nonzero().item<int64_t>() != 0)
      throw Error(file + ": part " + std::to_string(i + 1) + " of " + std::to_string(n) + " of " + quote(name) +
                  " isn't zero (largest " + c10::str(parts[i].to(at::kDouble).abs().max().item<double>()) +
                  "), and the other side has no place for it beside " + quote(to.front()));
  return parts;
}

at::Tensor reshaped(const at::Tensor& value, const std::vector<int64_t>& from, const std::vector<int64_t>& to,
                    const std::string& name, const std::string& file) {
  if (from.empty()) return value;
  bool fits = value.dim() == static_cast<int64_t>(from.size());
  for (size_t i = 0; fits && i < from.size(); ++i)
    fits = from[i] == -1 || from[i] == value.size(static_cast<int64_t>(i));
  if (!fits)
    throw Error(file + ": " + quote(name) + " has shape " + shape_text(value) + ", want " +
                c10::str(at::IntArrayRef(from)) + " (-1 = any)");
  int64_t known = 1;
  for (const int64_t size : to) known *= size == -1 ? 1 : size;
  const bool whole = std::find(to.begin(), to.end(), -1) == to.end() ? value.numel() == known
                                                                     : known > 0 && value.numel() % known == 0;
  if (!whole)
    throw Error(file + ": " + quote(name) + " has shape " + shape_text(value) + ", which doesn't make " +
                c10::str(at::IntArrayRef(to)) + " (-1 = any)");
  return value.reshape(to);
}

// [O, I, H, W] <-> [O, I, T, H, W]. A picture repeated over the T frames of a clip gives what the sum of the kernel's T
// slices gives for the picture alone.
at::Tensor with_kernel(const at::Tensor& value, KeyRule::Kernel kernel, bool inwards) {
  if (kernel == KeyRule::Kernel::same) return value;
  if (inwards) return value.dim() == 4 ? value.unsqueeze(2) : value;
  return kernel == KeyRule::Kernel::flat && value.dim() == 5 ? value.sum(2) : value;
}

// One rule on one set of names; the values by the names `to`.
std::vector<at::Tensor> carry(const KeyRule& rule, const Tensors& from, const std::vector<std::string>& names,
                              const std::vector<std::string>& to, bool inwards, const std::string& file) {
  std::vector<at::Tensor> values;
  if (names.size() > 1)
    values = {joined(from, names, to.front(), file)};
  else if (to.size() > 1)
    values = split(from.at(names.front()), names.front(), to, file);
  else
    values = {from.at(names.front())};
  for (at::Tensor& value : values) {
    value = reshaped(value, inwards ? rule.theirs : rule.ours, inwards ? rule.ours : rule.theirs, names.front(), file);
    value = with_kernel(value, rule.kernel, inwards);
  }
  return values;
}

bool has_one_of(const std::vector<std::string>& wanted, const std::vector<std::string>& there) {
  return std::any_of(there.begin(), there.end(),
                     [&](const auto& name) { return std::find(wanted.begin(), wanted.end(), name) != wanted.end(); });
}

class Importer {
 public:
  Importer(const KeyMap& map, const Tensors& theirs, const ConvertRequest& request)
      : map_(map), theirs_(theirs), request_(request), rules_(compile(map, request.head)) {
    for (const auto& [name, tensor] : theirs) open_.insert(name);
  }

  Converted run() {
    ignore();
    for (const bool only_wanted : {true, false})
      for (const CompiledRule& rule : rules_) apply(rule, only_wanted);
    out_.unexpected.assign(open_.begin(), open_.end());
    return std::move(out_);
  }

 private:
  void ignore() {
    for (const IgnoredKey& entry : map_.ignored) {
      const KeyPattern pattern(entry.key, map_.variables);
      for (const std::string& name : std::vector<std::string>(open_.begin(), open_.end())) {
        if (!pattern.match(name)) continue;
        if (entry.zero && theirs_.at(name).count_nonzero().item<int64_t>() != 0)
          throw Error(request_.file + ": " + quote(name) + " isn't zero (" + entry.because + ")");
        leave_out({name}, entry.because);
      }
    }
  }

  void leave_out(const std::vector<std::string>& names, const std::string& because) {
    for (const std::string& name : names)
      if (open_.erase(name)) out_.left_out.emplace_back(name, because);
  }

  bool in_model(const std::string& name) const {
    return (!request_.model || request_.model->count(name)) && !out_.tensors.count(name);
  }
  bool outside(const std::string& name) const { return name.rfind(request_.prefix, 0) != 0; }

  // Whether the model's heads want what the rule carries.
  bool active(const KeyRule& rule) const {
    return rule.heads.empty() || request_.components.empty() || has_one_of(rule.heads, request_.components) ||
           request_.options.count(rule.option);
  }

  void apply(const CompiledRule& rule, bool only_wanted) {
    for (const std::string& name : std::vector<std::string>(open_.begin(), open_.end())) {
      const auto bindings = rule.theirs.parts.front()->match(name);
      if (!bindings || !open_.count(name)) continue;
      place(*rule.rule, rule.theirs.fill(*bindings), rule.ours.fill(*bindings), only_wanted);
    }
  }

  void place(const KeyRule& rule, const std::vector<std::string>& from, const std::vector<std::string>& to,
             bool only_wanted) {
    const bool wanted =
        std::all_of(to.begin(), to.end(), [&](const auto& name) { return name.empty() || in_model(name); });
    if (!active(rule)) {
      leave_out(from, rule.because);
      out_.fresh.insert(to.begin(), to.end());
    } else if (outside(to.front())) {
      if (wanted || !only_wanted) leave_out(from, "not under " + quote(request_.prefix));
    } else if (wanted) {
      const std::vector<at::Tensor> values = carry(rule, theirs_, from, to, /*inwards=*/true, request_.file);
      for (size_t i = 0; i < to.size(); ++i)
        if (!to[i].empty()) out_.tensors[to[i]] = values[i], out_.sources[to[i]] = from.front();
      for (const std::string& name : from) open_.erase(name);
    } else if (!only_wanted && !rule.spare.empty()) {
      leave_out(from, rule.spare);
    }
  }

  const KeyMap& map_;
  const Tensors& theirs_;
  const ConvertRequest& request_;
  std::vector<CompiledRule> rules_;
  std::set<std::string> open_;  // their names that no rule has taken yet
  Converted out_;
};

bool exported(const KeyRule& rule, const ConvertRequest& request) {
  const bool named = rule.exports.empty() ||
                     std::find(rule.exports.begin(), rule.exports.end(), request.export_as) != rule.exports.end();
  return named && (rule.heads.empty() || request.components.empty() || has_one_of(rule.heads, request.components));
}

// Whether the rule's rows_as lets it write this tensor of ours.
bool rows_fit(const KeyMap& map, const KeyRule& rule, const Tensors& ours, const std::string& name,
              const Bindings& bindings, const std::string& head) {
  if (rule.rows_as.empty()) return true;
  const auto other = ours.find(KeyPattern(with_head(rule.rows_as, head), map.variables).fill(bindings));
  const at::Tensor& tensor = ours.at(name);
  return other != ours.end() && other->second.dim() > 0 && tensor.dim() > 0 && other->second.size(0) == tensor.size(0);
}

}  // namespace

void name_heads(ConvertRequest& request, const KeyMap& map,
                const std::vector<std::pair<std::string, std::string>>& heads) {
  bool known = false;
  for (const auto& [name, component] : heads) {
    request.components.push_back(component);
    const bool fits = std::find(map.heads.begin(), map.heads.end(), component) != map.heads.end();
    if (request.components.size() == 1 || (fits && !known)) request.head = name;
    known |= fits;
  }
}

std::map<std::string, std::vector<std::string>> left_out_by_reason(const Converted& converted) {
  std::map<std::string, std::vector<std::string>> names;
  for (const auto& [name, because] : converted.left_out) names[because].push_back(name);
  return names;
}

Converted to_ours(const KeyMap& map, const Tensors& theirs, const ConvertRequest& request) {
  if (!map.stages) return Importer(map, theirs, request).run();
  const Tensors through = counted_through(*map.stages, theirs);
  return Importer(map, through, request).run();
}

Tensors to_theirs(const KeyMap& map, const Tensors& ours, const ConvertRequest& request) {
  Tensors out;
  std::set<std::string> open;
  for (const auto& [name, tensor] : ours) open.insert(name);
  for (const CompiledRule& rule : compile(map, request.head)) {
    if (!exported(*rule.rule, request)) continue;
    for (const std::string& name : std::vector<std::string>(open.begin(), open.end())) {
      const auto bindings = rule.ours.parts.front()->match(name);
      if (!bindings || !rows_fit(map, *rule.rule, ours, name, *bindings, request.head)) continue;
      const std::vector<std::string> from = rule.ours.fill(*bindings), to = rule.theirs.fill(*bindings);
      const std::vector<at::Tensor> values = carry(*rule.rule, ours, from, to, /*inwards=*/false, request.file);
      for (size_t i = 0; i < to.size(); ++i)
        if (!to[i].empty() && !out.emplace(to[i], values[i].contiguous()).second)
          throw Error(request.file + ": " + quote(from.front()) + " and another tensor both become " + quote(to[i]) +
                      "; --prefix takes one of them alone");
      for (const std::string& taken : from) open.erase(taken);
    }
  }
  if (!open.empty())
    throw Error(request.file + ": " + map.title + " has no names for " +
                some_of(std::vector<std::string>(open.begin(), open.end()), 8));
  if (map.stages) return counted_by_stage(*map.stages, out, ours);
  return out;
}

}  // namespace vhost
