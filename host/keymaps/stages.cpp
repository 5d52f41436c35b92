#include "keymaps/stages.h"

#include <algorithm>
#include <optional>

namespace vhost {

namespace {

using Tensors = std::map<std::string, at::Tensor>;

// The number after "WORD." at `at`, which moves behind the dot that follows; nullopt = there is none.
std::optional<int64_t> number_after(const std::string& word, const std::string& name, size_t& at) {
  if (name.compare(at, word.size() + 1, word + ".") != 0) return std::nullopt;
  const size_t begin = at + word.size() + 1;
  const size_t end = std::min(name.find_first_not_of("0123456789", begin), name.size());
  if (end == begin || end - begin > 6 || end == name.size() || name[end] != '.') return std::nullopt;
  at = end + 1;
  return std::stoll(name.substr(begin, end - begin));
}

struct Place {
  int64_t stage, block;
  std::string rest;
};

std::optional<Place> place_of(const Stages& stages, const std::string& name) {
  size_t at = 0;
  const auto stage = number_after(stages.stage, name, at);
  if (!stage) return std::nullopt;
  const auto block = number_after(stages.block, name, at);
  if (!block) return std::nullopt;
  return Place{*stage, *block, name.substr(at)};
}

}  // namespace

Tensors counted_through(const Stages& stages, const Tensors& theirs) {
  std::map<int64_t, int64_t> blocks;  // by stage
  for (const auto& [name, tensor] : theirs)
    if (const auto place = place_of(stages, name))
      blocks[place->stage] = std::max(blocks[place->stage], place->block + 1);
  std::map<int64_t, int64_t> first;
  int64_t sum = 0;
  for (const auto& [stage, count] : blocks) first[stage] = sum, sum += count;
  Tensors out;
  for (const auto& [name, tensor] : theirs) {
    const auto place = place_of(stages, name);
    out[place ? stages.block + "." + std::to_string(first[place->stage] + place->block) + "." + place->rest : name] =
        tensor;
  }
  return out;
}

Tensors counted_by_stage(const Stages& stages, const Tensors& theirs, const Tensors& ours) {
  const KeyPattern width(stages.width, {});
  std::map<int64_t, std::string> prefix;  // by block
  int64_t stage = 0, in_stage = 0, before = 0;
  for (int64_t i = 0;; ++i, ++in_stage) {
    const auto found = ours.find(width.fill({{"i", std::to_string(i)}}));
    if (found == ours.end()) break;
    const int64_t now = found->second.size(0);
    if (i > 0 && now > before) ++stage, in_stage = 0;
    before = now;
    prefix[i] = stages.stage + "." + std::to_string(stage) + "." + stages.block + "." + std::to_string(in_stage) + ".";
  }
  Tensors out;
  for (const auto& [name, tensor] : theirs) {
    size_t at = 0;
    const auto block = number_after(stages.block, name, at);
    const auto there = block ? prefix.find(*block) : prefix.end();
    out[there == prefix.end() ? name : there->second + name.substr(at)] = tensor;
  }
  return out;
}

}  // namespace vhost
