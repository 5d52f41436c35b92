#include "check/situation.h"

#include <ATen/CPUGeneratorImpl.h>

#include <algorithm>
#include <numeric>

#include "vhost/random.h"

namespace vhost::check {

namespace {

constexpr int64_t kClasses = 5, kWidth = 16;
constexpr int64_t kGrid[3] = {2, 4, 4}, kStride[3] = {2, 8, 8};

Spec make_spec(const std::string& key, const std::string& semantic, const std::string& axes,
               const std::vector<int64_t>& dim, int32_t dtype = VH_DTYPE_ANY) {
  Spec spec;
  spec.key = key, spec.semantic = semantic, spec.axes = axes;
  spec.c.dtype = dtype, spec.c.rank = static_cast<int32_t>(dim.size());
  std::copy(dim.begin(), dim.end(), spec.c.dim);
  return spec;
}

void set_grid(Spec& spec, const int64_t* grid) {
  std::copy_n(grid, 3, spec.c.grid);
  std::copy_n(kStride, 3, spec.c.stride);
}

Spec label(const std::string& key) {
  Spec spec = make_spec(key, "label", "B", {VH_DIM_BATCH}, VH_I64);
  spec.c.classes = kClasses;
  return spec;
}

int64_t cells_of(const int64_t* grid) {
  return grid[0] * grid[1] * grid[2];
}

void add_mask(Situation& to, Masking masking, const int64_t* grid) {
  if (masking == Masking::none) return;
  const std::string semantic = masking == Masking::drop ? "mask.drop" : "mask.replace";
  to.cells = cells_of(grid);
  to.masked = std::max<int64_t>(1, to.cells / 2);
  const auto add = [&](const char* key, int32_t dtype, int64_t n) {
    Spec spec = make_spec(key, semantic, "BN", {VH_DIM_BATCH, n}, dtype);
    std::copy_n(grid, 3, spec.c.grid);
    to.in.add(spec);
  };
  add("mask.bool", VH_BOOL, to.cells);
  add("mask.visible_index", VH_I64, to.cells - to.masked);
  add("mask.masked_index", VH_I64, to.masked);
  to.name += masking == Masking::drop ? ", mask dropped" : ", mask replaced";
}

Spec tokens(const std::string& key, const std::string& semantic, int64_t n, int32_t coverage, int32_t prefix = 0) {
  Spec spec = make_spec(key, semantic, "BNC", {VH_DIM_BATCH, n + prefix, kWidth});
  spec.c.coverage = coverage, spec.c.prefix_tokens = prefix;
  set_grid(spec, kGrid);
  return spec;
}

// features.0 in its usual forms.
struct Features {
  const char* name;
  const char* axes;
  int32_t prefix;
};
constexpr Features kFeatures[] = {
    {"tokens", "BNC", 0}, {"a grid", "BCTHW", 0}, {"a vector", "BC", 0}, {"tokens with a class token", "BNC", 1}};

Spec features_spec(const Features& form, Masking masking, const Situation& with) {
  const std::string axes = form.axes;
  if (axes == "BC") return make_spec("features.0", "features", "BC", {VH_DIM_BATCH, kWidth});
  if (axes == "BCTHW") {
    Spec spec = make_spec("features.0", "features", axes, {VH_DIM_BATCH, kWidth, kGrid[0], kGrid[1], kGrid[2]});
    set_grid(spec, kGrid);
    return spec;
  }
  const bool drop = masking == Masking::drop;
  return tokens("features.0", "features", drop ? with.cells - with.masked : cells_of(kGrid), drop ? VH_VISIBLE : VH_ALL,
                form.prefix);
}

Situation with_features(const Features& form, Masking masking, Situation base) {
  base.name += form.name;
  add_mask(base, masking, kGrid);
  base.in.add(features_spec(form, masking, base));
  return base;
}

std::vector<Situation> head_situations() {
  std::vector<Situation> all;
  for (const bool labels : {true, false})
    for (const Features& form : kFeatures)
      for (const Masking masking : {Masking::none, Masking::replace, Masking::drop}) {
        if (masking != Masking::none && (labels || std::string(form.axes) != "BNC" || form.prefix)) continue;
        Situation s = with_features(form, masking, {});
        s.name += labels ? ", for labels" : ", for a target";
        if (labels)
          s.want.add(label("batch.label"));
        else
          s.want.add(tokens("target.values", "target", cells_of(kGrid), VH_ALL));
        all.push_back(std::move(s));
      }
  return all;
}

std::vector<Situation> target_situations() {
  std::vector<Situation> all;
  const Clip clip{kGrid[0] * kStride[0], kGrid[1] * kStride[1], kGrid[2] * kStride[2], 3};
  for (const Features& form : kFeatures)
    for (const Masking masking : {Masking::none, Masking::replace, Masking::drop}) {
      if (masking != Masking::none && (std::string(form.axes) != "BNC" || form.prefix)) continue;
      Situation base = of_clip(clip);
      base.name += " with ";
      base.in.add(label("batch.label"));
      base.features_are_tensors = false;
      all.push_back(with_features(form, masking, std::move(base)));
    }
  return all;
}

std::vector<Situation> loss_situations() {
  std::vector<Situation> all;
  const auto add = [&](const std::string& name, const Spec& pred, const Spec& target, bool weight, int64_t masked) {
    Situation s;
    s.name = name, s.cells = cells_of(kGrid), s.masked = masked;
    s.in.add(pred);
    s.in.add(target);
    if (weight) {
      Spec spec = make_spec("weight", "weight", "BN", {VH_DIM_BATCH, s.cells});
      set_grid(spec, kGrid);
      s.in.add(spec);
    }
    s.in.add(make_spec("sample_weight", "weight", "B", {VH_DIM_BATCH}, VH_F32));
    all.push_back(std::move(s));
  };
  Spec logits = make_spec("pred", "logits", "BK", {VH_DIM_BATCH, kClasses});
  logits.c.classes = kClasses;
  Spec soft = make_spec("target", "label", "BK", {VH_DIM_BATCH, kClasses}, VH_F32);
  soft.c.classes = kClasses;
  const int64_t n = cells_of(kGrid), masked = n / 2;
  add("logits and labels", logits, label("target"), false, 0);
  add("logits and soft labels", logits, soft, false, 0);
  add("tokens", tokens("pred", "tokens", n, VH_ALL), tokens("target", "target", n, VH_ALL), false, 0);
  add("tokens with a weight", tokens("pred", "tokens", n, VH_ALL), tokens("target", "target", n, VH_ALL), true, masked);
  add("masked tokens", tokens("pred", "tokens", masked, VH_MASKED), tokens("target", "target", masked, VH_MASKED),
      false, masked);
  return all;
}

// 1 = masked, `masked` of `cells`, by the row's own seed.
std::vector<uint8_t> mask_row(const Situation& situation, uint64_t seed) {
  std::vector<int64_t> order(static_cast<size_t>(situation.cells));
  std::iota(order.begin(), order.end(), 0);
  vh_random random = vh_random_from(seed);
  vh_random_shuffle(&random, order.data(), situation.cells);
  std::vector<uint8_t> mask(order.size());
  for (int64_t i = 0; i < situation.masked; ++i) mask[static_cast<size_t>(order[static_cast<size_t>(i)])] = 1;
  return mask;
}

at::Tensor mask_tensor(const Spec& spec, const Situation& situation, uint64_t seed, at::ScalarType type) {
  const std::vector<uint8_t> mask = mask_row(situation, seed);
  if (!spec.key.ends_with("_index")) {
    const at::Tensor bits = at::from_blob(const_cast<uint8_t*>(mask.data()), {situation.cells}, at::kByte);
    return bits.to(spec.key == "mask.bool" ? at::kBool : type);
  }
  std::vector<int64_t> index;
  for (size_t i = 0; i < mask.size(); ++i)
    if (mask[i] == (spec.key == "mask.masked_index")) index.push_back(static_cast<int64_t>(i));
  return at::tensor(index, at::kLong);
}

at::Tensor row_of(const Spec& spec, const Situation& situation, uint64_t seed, at::ScalarType type) {
  if (spec.key.starts_with("mask.") || spec.key == "weight") return mask_tensor(spec, situation, seed, type);
  std::vector<int64_t> sizes = sizes_of(spec, 1, situation);
  sizes.erase(sizes.begin());
  if (spec.key == "sample_weight") return at::ones(sizes, type);
  at::Generator random = at::detail::createCPUGenerator(vh_hash2(seed, vh_hash_text(spec.key.c_str())));
  if (type == at::kByte) return at::randint(256, sizes, random, at::TensorOptions().dtype(at::kByte));
  if (type == at::kLong)
    return at::randint(std::max<int64_t>(1, spec.c.classes), sizes, random, at::TensorOptions().dtype(at::kLong));
  const at::Tensor values = at::randn(sizes, random, at::TensorOptions().dtype(at::kDouble));
  return (spec.semantic == "label" ? values.softmax(-1) : values).to(type);
}

}  // namespace

std::vector<Clip> clips(const Case& subject) {
  std::vector<Clip> all;
  if (const json::value* given = subject.author.if_contains("input"); given && given->is_object()) {
    const auto number = [&](const char* key, int64_t otherwise) {
      const json::value* value = given->get_object().if_contains(key);
      return value && value->is_int64() ? value->get_int64() : otherwise;
    };
    const int64_t size = number("size", 32);
    all.push_back({number("frames", 1), number("height", size), number("width", size), number("channels", 3)});
  }
  for (const Clip& clip : {Clip{4, 32, 32}, Clip{1, 32, 32}, Clip{2, 64, 48}, Clip{16, 224, 224}, Clip{1, 224, 224}})
    all.push_back(clip);
  return all;
}

Situation of_clip(const Clip& clip, Masking masking, const int64_t* grid) {
  Situation s;
  s.name =
      "a clip of " + std::to_string(clip.frames) + "x" + std::to_string(clip.height) + "x" + std::to_string(clip.width);
  s.in.add(make_spec("input", "input", "BCTHW", {VH_DIM_BATCH, clip.channels, clip.frames, clip.height, clip.width}));
  s.in.add(
      make_spec("raw", "input", "BTHWC", {VH_DIM_BATCH, clip.frames, clip.height, clip.width, clip.channels}, VH_U8));
  if (grid) add_mask(s, masking, grid);
  return s;
}

std::vector<Situation> situations(const Case& subject) {
  switch (kind_of(subject.component->interface_id)) {
    case kTarget:
      return target_situations();
    case kHead:
      return head_situations();
    case kLoss:
      return loss_situations();
    default:
      return {};
  }
}

std::vector<int64_t> sizes_of(const Spec& spec, int64_t rows, const Situation& situation) {
  std::vector<int64_t> sizes;
  for (int i = 0; i < spec.c.rank; ++i) {
    const int64_t n = spec.c.dim[i];
    sizes.push_back(n == VH_DIM_BATCH     ? rows
                    : n == VH_DIM_VISIBLE ? situation.cells - situation.masked
                    : n == VH_DIM_MASKED  ? situation.masked
                    : n == VH_DIM_VAR     ? spec.c.dim_max[i]
                                          : n);
  }
  return sizes;
}

vh_map fill(const Situation& situation, const Fill& how) {
  vh_map map;
  for (const Spec& spec : situation.in.list) {
    if (!situation.features_are_tensors && spec.key.starts_with("features.")) continue;
    const at::ScalarType type = spec.c.dtype == VH_DTYPE_ANY ? how.dtype : to_scalar_type(spec.c.dtype);
    if (how.meta || how.rows == 0) {
      map.put(spec.key, at::empty(sizes_of(spec, how.rows, situation),
                                  at::TensorOptions().device(how.meta ? at::kMeta : at::kCPU).dtype(type)));
      continue;
    }
    std::vector<at::Tensor> rows;
    for (int64_t row = 0; row < how.rows; ++row)
      rows.push_back(row_of(spec, situation, vh_hash2(how.seed, static_cast<uint64_t>(how.first_row + row)), type));
    map.put(spec.key, at::stack(rows));
  }
  map.read_only = true;
  return map;
}

}  // namespace vhost::check
