#include "checkpoint/inspect.h"

#include <ATen/core/grad_mode.h>

#include <cmath>

#include "checkpoint/safetensors.h"

namespace vhost {

namespace {

std::string type_text(const at::Tensor& tensor) {
  for (const ElementNames& names : kElements)
    if (scalar_type(names.element) == tensor.scalar_type()) return std::string(names.torch);
  return at::toString(tensor.scalar_type());
}

json::array shape_of(const at::Tensor& tensor) {
  return json::array(tensor.sizes().begin(), tensor.sizes().end());
}

std::string shape_text(const at::Tensor& tensor) {
  return json::serialize(shape_of(tensor));
}

void count(json::object& counts, const std::string& name, const at::Tensor& tensor) {
  json::value& entry = counts[name];
  if (entry.is_null()) entry = {{"tensors", 0}, {"elements", 0}};
  entry.as_object()["tensors"].as_int64() += 1;
  entry.as_object()["elements"].as_int64() += tensor.numel();
}

// The first `parts` of a path; all but the last at most, as that names the tensor.
std::string group_of(const std::string& path, int parts) {
  size_t end = 0;
  for (int i = 0; i < parts; ++i) {
    const size_t dot = path.find('.', i ? end + 1 : 0);
    if (dot == std::string::npos) break;
    end = dot;
  }
  return end == 0 ? path : path.substr(0, end);
}

constexpr int kDeepestGroup = 8;

json::object groups_of(const std::map<std::string, at::Tensor>& tensors) {
  json::object groups;
  for (int parts = 1; groups.size() < 2 && parts <= kDeepestGroup; ++parts) {
    groups.clear();
    for (const auto& [name, tensor] : tensors) count(groups, group_of(name, parts), tensor);
  }
  return groups;
}

struct Difference {
  double relative = 0, absolute = 0;
  int64_t unequal = 0;
};

// Integers are compared as they are: those of 64 bits are more than doubles hold.
Difference difference(const at::Tensor& a, const at::Tensor& b) {
  const bool integers = at::isIntegralType(a.scalar_type(), /*includeBool=*/true) &&
                        at::isIntegralType(b.scalar_type(), /*includeBool=*/true);
  const at::ScalarType type = integers ? at::kLong : at::kDouble;
  const at::Tensor x = a.to(type), y = b.to(type);
  const at::Tensor unequal = x.ne(y).logical_and_(x.isnan().logical_and_(y.isnan()).logical_not_());
  Difference found;
  found.unequal = unequal.sum().item<int64_t>();
  if (found.unequal == 0) return found;
  const at::Tensor p = a.to(at::kDouble), q = b.to(at::kDouble);
  found.absolute = p.sub(q).abs_().masked_select(unequal).max().item<double>();
  if (found.absolute == 0) found.absolute = static_cast<double>(x.sub(y).abs_().max().item<int64_t>());
  found.relative = found.absolute / std::max(p.abs().max().item<double>(), q.abs().max().item<double>());
  return found;
}

json::value number(double value) {
  return std::isfinite(value) ? json::value(value) : json::value(nullptr);
}

void compare(const std::string& name, const at::Tensor& a, const at::Tensor& b, json::object& diff) {
  if (a.sizes() != b.sizes()) {
    diff["shapes"].as_array().push_back({{"name", name}, {"a", shape_of(a)}, {"b", shape_of(b)}});
    return;
  }
  const bool alike = a.scalar_type() == b.scalar_type();
  if (!alike) diff["types"].as_array().push_back({{"name", name}, {"a", type_text(a)}, {"b", type_text(b)}});
  const Difference found = alike && a.equal(b) ? Difference() : difference(a, b);
  if (found.unequal > 0)
    diff["values"].as_array().push_back({{"name", name},
                                         {"relative", number(found.relative)},
                                         {"absolute", number(found.absolute)},
                                         {"unequal", found.unequal}});
  else if (alike)
    diff["equal"].as_int64() += 1;
}

// null where the checkpoint has nothing of that name.
json::value what_it_is(const ForeignCheckpoint& checkpoint, const std::string& name) {
  if (const auto unread = checkpoint.unread.find(name); unread != checkpoint.unread.end())
    return unread->second.c_str();
  const auto tensor = checkpoint.tensors.find(name);
  if (tensor == checkpoint.tensors.end()) return nullptr;
  return json::value(type_text(tensor->second) + " " + shape_text(tensor->second));
}

json::array unread_of(const ForeignCheckpoint& a, const ForeignCheckpoint& b) {
  std::map<std::string, std::string> names = a.unread;
  names.insert(b.unread.begin(), b.unread.end());
  json::array list;
  for (const auto& [name, what] : names)
    list.push_back({{"name", name}, {"a", what_it_is(a, name)}, {"b", what_it_is(b, name)}});
  return list;
}

void check_readable(const ForeignCheckpoint& checkpoint, const std::string& name) {
  if (!checkpoint.unread.empty()) {
    const auto& [key, what] = *checkpoint.unread.begin();
    throw Error(name + ": tensor \"" + key + "\" can't be read (" + what + "); save the file without it");
  }
  if (checkpoint.tensors.empty()) throw Error(name + ": holds no tensors");
}

// Throws where the checkpoint has other names, shapes or types than the first.
void check_alike(const ForeignCheckpoint& first, const std::string& first_name, const ForeignCheckpoint& other,
                 const std::string& name) {
  const auto missing = [](const ForeignCheckpoint& in, const ForeignCheckpoint& from, const std::string& file) {
    for (const auto& [key, tensor] : from.tensors)
      if (!in.tensors.contains(key))
        throw Error(file + ": has no tensor \"" + key +
                    "\", as another of the checkpoints has; see vhost checkpoint diff");
  };
  missing(other, first, name), missing(first, other, first_name);
  for (const auto& [key, tensor] : first.tensors) {
    const at::Tensor& its = other.tensors.at(key);
    if (its.sizes() != tensor.sizes() || its.scalar_type() != tensor.scalar_type())
      throw Error(name + ": tensor \"" + key + "\" is " + type_text(its) + " " + shape_text(its) + ", in " +
                  first_name + " it is " + type_text(tensor) + " " + shape_text(tensor));
  }
}

at::Tensor mean_of(const std::string& key, const std::vector<ForeignCheckpoint>& all,
                   const std::vector<std::string>& names) {
  const at::Tensor& first = all[0].tensors.at(key);
  if (!first.is_floating_point()) {
    for (size_t i = 1; i < all.size(); ++i)
      if (!all[i].tensors.at(key).equal(first))
        throw Error(names[i] + ": tensor \"" + key + "\" is of integers and differs from that of " + names[0] +
                    ", so there is no mean of them; leave one of the files out");
    return first;
  }
  at::Tensor sum = first.to(at::kDouble, /*non_blocking=*/false, /*copy=*/true);
  for (size_t i = 1; i < all.size(); ++i) sum.add_(all[i].tensors.at(key).to(at::kDouble));
  return sum.div_(static_cast<double>(all.size())).to(first.scalar_type());
}

}  // namespace

json::object inspect_checkpoint(const ForeignCheckpoint& checkpoint) {
  json::object types;
  json::array list;
  int64_t elements = 0, bytes = 0;
  for (const auto& [name, tensor] : checkpoint.tensors) {
    elements += tensor.numel(), bytes += static_cast<int64_t>(tensor.nbytes());
    count(types, type_text(tensor), tensor);
    list.push_back({{"name", name}, {"type", type_text(tensor)}, {"shape", shape_of(tensor)}});
  }
  return {{"container", checkpoint.container},
          {"tensors", list.size()},
          {"parameters", elements},
          {"bytes", bytes},
          {"types", types},
          {"groups", groups_of(checkpoint.tensors)},
          {"list", std::move(list)},
          {"other", checkpoint.other}};
}

json::object diff_checkpoints(const ForeignCheckpoint& a, const ForeignCheckpoint& b) {
  const at::NoGradGuard no_grad;
  json::object diff{{"only_a", json::array()},
                    {"only_b", json::array()},
                    {"shapes", json::array()},
                    {"types", json::array()},
                    {"values", json::array()},
                    {"unread", unread_of(a, b)},
                    {"equal", 0}};
  if (a.tensors.empty() && b.tensors.empty() && a.unread.empty() && b.unread.empty())
    throw Error("neither of the two holds a tensor");
  for (const auto& [name, tensor] : a.tensors) {
    const auto other = b.tensors.find(name);
    if (other != b.tensors.end())
      compare(name, tensor, other->second, diff);
    else if (!b.unread.contains(name))
      diff["only_a"].as_array().emplace_back(name);
  }
  for (const auto& [name, tensor] : b.tensors)
    if (!a.tensors.contains(name) && !a.unread.contains(name)) diff["only_b"].as_array().emplace_back(name);
  return diff;
}

std::map<std::string, at::Tensor> average_checkpoints(const std::vector<ForeignCheckpoint>& all,
                                                      const std::vector<std::string>& names) {
  const at::NoGradGuard no_grad;
  for (size_t i = 0; i < all.size(); ++i) check_readable(all[i], names[i]);
  for (size_t i = 1; i < all.size(); ++i) check_alike(all[0], names[0], all[i], names[i]);
  std::map<std::string, at::Tensor> mean;
  for (const auto& [key, tensor] : all[0].tensors) mean[key] = mean_of(key, all, names);
  return mean;
}

}  // namespace vhost
