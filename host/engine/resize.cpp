#include "engine/resize.h"

#include <ATen/ATen.h>

#include <cmath>
#include <optional>
#include <regex>

namespace vhost {

namespace {

// "name(a=1,b=2)" as its numbers by name; nullopt if the text is another rule. Missing names aren't in it.
std::optional<std::map<std::string, int64_t>> arguments_of(const std::string& rule, const std::string& name) {
  static const std::regex form("([a-z0-9]+)\\(([a-z]+=[0-9]{1,9}(?:,[a-z]+=[0-9]{1,9})*)\\)");
  static const std::regex argument("([a-z]+)=([0-9]+)");
  std::smatch whole;
  if (!std::regex_match(rule, whole, form) || whole[1] != name) return std::nullopt;
  std::map<std::string, int64_t> arguments;
  const std::string text = whole[2];
  for (std::sregex_iterator it(text.begin(), text.end(), argument), end; it != end; ++it)
    arguments[(*it)[1]] = std::stoll((*it)[2]);
  return arguments;
}

bool differ_only_along(int64_t axis, at::IntArrayRef a, at::IntArrayRef b) {
  if (a.size() != b.size() || axis < 0 || axis >= static_cast<int64_t>(a.size())) return false;
  for (size_t i = 0; i < a.size(); ++i)
    if (static_cast<int64_t>(i) != axis && a[i] != b[i]) return false;
  return true;
}

at::Tensor as_floats(const at::Tensor& x) {
  return x.to(x.scalar_type() == at::kDouble ? at::kDouble : at::kFloat);
}

at::Tensor interpolated_rows(const at::Tensor& stored, at::IntArrayRef want, int64_t axis) {
  if (!differ_only_along(axis, stored.sizes(), want) || stored.size(axis) == 0) return {};
  const at::Tensor rows = as_floats(stored).movedim(axis, -1);
  const int64_t n = want[static_cast<size_t>(axis)];
  std::vector<int64_t> sizes = rows.sizes().vec();
  sizes.back() = n;
  const at::Tensor flat = at::upsample_linear1d(rows.reshape({1, -1, rows.size(-1)}), {n}, /*align_corners=*/false);
  return flat.reshape(sizes).movedim(-1, axis);
}

int64_t side_of(int64_t cells) {  // 0 = they make no square
  if (cells < 1) return 0;
  const auto side = static_cast<int64_t>(std::llround(std::sqrt(static_cast<double>(cells))));
  return side * side == cells ? side : 0;
}

at::Tensor interpolated_grid(const at::Tensor& stored, at::IntArrayRef want,
                             const std::map<std::string, int64_t>& rule) {
  if (!differ_only_along(1, stored.sizes(), want) || want.size() != 3) return {};
  const int64_t prefix = rule.count("prefix") ? rule.at("prefix") : 0;
  const int64_t old_side = side_of(stored.size(1) - prefix), new_cells = want[1] - prefix;
  const bool given = rule.count("h") && rule.count("w");
  const int64_t h = given ? rule.at("h") : side_of(new_cells), w = given ? rule.at("w") : h;
  if (old_side < 1 || h < 1 || h * w != new_cells) return {};
  const at::Tensor table = as_floats(stored);
  at::Tensor grid = table.slice(1, prefix).reshape({want[0], old_side, old_side, want[2]}).permute({0, 3, 1, 2});
  grid = at::upsample_bicubic2d(grid, {h, w}, /*align_corners=*/false);
  return at::cat({table.slice(1, 0, prefix), grid.flatten(2).transpose(1, 2)}, 1);
}

at::Tensor inflated(const at::Tensor& stored, at::IntArrayRef want, int64_t axis) {
  if (!differ_only_along(axis, stored.sizes(), want)) return {};
  if (stored.size(axis) == 1) return stored.expand(want);
  return want[static_cast<size_t>(axis)] == 1 ? as_floats(stored).sum(axis, /*keepdim=*/true) : at::Tensor();
}

int64_t dim_of(const std::map<std::string, int64_t>& rule) {
  const auto dim = rule.find("dim");
  return dim == rule.end() ? -1 : dim->second;
}

}  // namespace

at::Tensor resized(const at::Tensor& stored, const Param& param) {
  const at::IntArrayRef want = param.value.sizes();
  if (const auto rule = arguments_of(param.on_resize, "linear1d"))
    return interpolated_rows(stored, want, dim_of(*rule));
  if (const auto rule = arguments_of(param.on_resize, "bicubic2d")) return interpolated_grid(stored, want, *rule);
  if (const auto rule = arguments_of(param.on_resize, "inflate")) return inflated(stored, want, dim_of(*rule));
  return {};
}

}  // namespace vhost
