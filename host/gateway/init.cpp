#include "gateway/init.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <functional>
#include <map>
#include <sstream>
#include <vector>

#include "base/error.h"
#include "vhost/random.h"

namespace vhost {
namespace {

constexpr double kSqrt5 = 2.2360679774997896;
constexpr int kTruncationAttempts = 10000;

// "name(key=number,...)"
struct InitText {
  std::string name;
  std::map<std::string, double> values;
};

using Keys = std::map<std::string, double>;  // with their defaults
// One number of a stream. Uniform ones, which big models have by the million, are drawn without the call.
struct Draw {
  std::function<double(vh_random)> number;
  bool uniform = false;
  double low = 0, high = 0;
};

std::string strip(const std::string& text) {
  std::string kept;
  for (const char c : text)
    if (c != ' ') kept += c;
  return kept;
}

double number(const std::string& text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value))
    throw Error("\"" + text + "\" is no number");
  return value;
}

InitText parse_init(const std::string& given) {
  const std::string text = strip(given);
  const size_t open = text.find('(');
  InitText init{text.substr(0, open), {}};
  if (open == std::string::npos) return init;
  if (text.back() != ')') throw Error("the closing bracket is missing");
  std::istringstream items(text.substr(open + 1, text.size() - open - 2));
  for (std::string item; std::getline(items, item, ',');) {
    const size_t equals = item.find('=');
    if (equals == std::string::npos) throw Error("\"" + item + "\" is not of the form key=number");
    if (!init.values.emplace(item.substr(0, equals), number(item.substr(equals + 1))).second)
      throw Error("\"" + item.substr(0, equals) + "\" is given twice");
  }
  return init;
}

const std::map<std::string, Keys>& known_inits() {
  static const std::map<std::string, Keys> known = {
      {"zeros", {}},
      {"ones", {}},
      {"constant", {{"v", 0}}},
      {"uniform", {{"a", 0}, {"b", 1}}},
      {"normal", {{"mean", 0}, {"std", 1}}},
      {"trunc_normal", {{"mean", 0}, {"std", 1}, {"a", -2}, {"b", 2}}},
      {"xavier_uniform", {{"gain", 1}}},
      {"xavier_normal", {{"gain", 1}}},
      {"kaiming_uniform", {{"a", kSqrt5}}},
      {"bias_uniform", {{"fan_in", 0}}},
  };
  return known;
}

Keys filled_in(const InitText& init) {
  std::vector<std::string> names;
  for (const auto& [name, keys] : known_inits()) names.push_back(name);
  const auto found = known_inits().find(init.name);
  if (found == known_inits().end())
    throw Error("there is no initialiser \"" + init.name + "\"" + did_you_mean(init.name, names));
  Keys keys = found->second;
  for (const auto& [key, value] : init.values) {
    const auto known = keys.find(key);
    if (known == keys.end()) throw Error("\"" + init.name + "\" takes no \"" + key + "\"");
    known->second = value;
  }
  return keys;
}

struct Fans {
  double in, out;
};

// As torch.nn.init._calculate_fan_in_and_fan_out.
Fans fans_of(const std::string& init, at::IntArrayRef shape) {
  if (shape.size() < 2) throw Error("\"" + init + "\" wants at least two dimensions");
  double field = 1;
  for (size_t i = 2; i < shape.size(); ++i) field *= static_cast<double>(shape[i]);
  return {std::max(1.0, static_cast<double>(shape[1]) * field), std::max(1.0, static_cast<double>(shape[0]) * field)};
}

Draw uniform(double low, double high) {
  return {nullptr, /*uniform=*/true, low, high};
}
Draw normal(double mean, double std) {
  return {[=](vh_random r) { return mean + std * vh_random_normal(&r); }};
}

// Rejection: of normal numbers where the interval holds much of the mass,
// else of uniform ones under the density's peak.
Draw truncated_normal(double mean, double std, double a, double b) {
  if (!(a < b)) throw Error("a must be less than b");
  if (std <= 0) throw Error("std must be greater than 0");
  const auto below = [&](double x) { return 0.5 * std::erfc((mean - x) / (std * std::sqrt(2.0))); };
  const double peak = std::clamp(mean, a, b);
  if (below(b) - below(a) > 0.25)
    return {[=](vh_random r) {
      for (int i = 0; i < kTruncationAttempts; ++i)
        if (const double x = mean + std * vh_random_normal(&r); x >= a && x <= b) return x;
      return peak;
    }};
  return {[=](vh_random r) {
    const double top = (peak - mean) / std;
    for (int i = 0; i < kTruncationAttempts; ++i) {
      const double x = vh_random_uniform(&r, a, b), z = (x - mean) / std;
      if (vh_random_unit(&r) <= std::exp(0.5 * (top * top - z * z))) return x;
    }
    return peak;
  }};
}

Draw draw_of(const InitText& init, Keys keys, at::IntArrayRef shape) {
  if (init.name == "uniform") return uniform(keys["a"], keys["b"]);
  if (init.name == "normal") return normal(keys["mean"], keys["std"]);
  if (init.name == "trunc_normal") return truncated_normal(keys["mean"], keys["std"], keys["a"], keys["b"]);
  if (init.name == "bias_uniform") {
    if (keys["fan_in"] < 1) throw Error("\"bias_uniform\" wants fan_in of at least 1");
    const double bound = 1 / std::sqrt(keys["fan_in"]);
    return uniform(-bound, bound);
  }
  const Fans fans = fans_of(init.name, shape);
  if (init.name == "kaiming_uniform") {
    const double bound = std::sqrt(2 / (1 + keys["a"] * keys["a"])) * std::sqrt(3 / fans.in);
    return uniform(-bound, bound);
  }
  const double std = keys["gain"] * std::sqrt(2 / (fans.in + fans.out));
  if (init.name == "xavier_normal") return normal(0, std);
  return uniform(-std * std::sqrt(3.0), std * std::sqrt(3.0));
}

template <class T>
void fill(at::Tensor& tensor, uint64_t key, const Draw& draw) {
  T* data = tensor.mutable_data_ptr<T>();
  at::parallel_for(0, tensor.numel(), 4096, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      vh_random stream = vh_random_from(vh_hash2(key, static_cast<uint64_t>(i)));
      data[i] = static_cast<T>(draw.uniform ? vh_random_uniform(&stream, draw.low, draw.high) : draw.number(stream));
    }
  });
}

at::Tensor drawn(const Draw& draw, uint64_t key, at::IntArrayRef shape, at::ScalarType dtype) {
  if (dtype == at::kFloat) {
    at::Tensor tensor = at::empty(shape, at::kFloat);
    fill<float>(tensor, key, draw);
    return tensor;
  }
  at::Tensor tensor = at::empty(shape, at::kDouble);
  fill<double>(tensor, key, draw);
  return tensor.to(dtype);
}

at::Tensor made(const InitText& init, uint64_t seed, const std::string& full_name, at::IntArrayRef shape,
                at::ScalarType dtype, at::Device device) {
  const auto options = at::TensorOptions(dtype).device(device);
  Keys keys = filled_in(init);
  if (init.name == "zeros") return device.is_meta() ? at::empty(shape, options) : at::zeros(shape, options);
  if (init.name == "ones") return device.is_meta() ? at::empty(shape, options) : at::ones(shape, options);
  if (init.name == "constant")
    return device.is_meta() ? at::empty(shape, options) : at::full(shape, keys["v"], options);
  if (!at::isFloatingType(dtype)) throw Error("\"" + init.name + "\" wants a float type");
  const Draw draw = draw_of(init, keys, shape);
  if (device.is_meta()) return at::empty(shape, options);
  return drawn(draw, vh_hash2(seed, vh_hash_text(full_name.c_str())), shape, dtype).to(device);
}

}  // namespace

at::Tensor initial_value(const std::string& init, uint64_t seed, const std::string& full_name, at::IntArrayRef shape,
                         at::ScalarType dtype, at::Device device) {
  try {
    return made(parse_init(init), seed, full_name, shape, dtype, device);
  } catch (const Error& e) {
    throw Error("init \"" + init + "\": " + e.what());
  }
}

}  // namespace vhost
