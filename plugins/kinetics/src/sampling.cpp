#include "sampling.h"

#include <algorithm>
#include <cmath>

namespace kinetics {
namespace {

using Indices = std::vector<int64_t>;

double round_half_even(double x) {
  return std::nearbyint(x);
}

// numpy.linspace
std::vector<double> linspace(double start, double stop, int64_t n) {
  std::vector<double> points(static_cast<size_t>(n));
  double step = n > 1 ? (stop - start) / static_cast<double>(n - 1) : 0;
  for (int64_t i = 0; i < n; ++i) points[static_cast<size_t>(i)] = start + static_cast<double>(i) * step;
  if (n > 1) points.back() = stop;
  return points;
}

Indices looped(int64_t start, const Sampling& s, int64_t frames) {
  Indices out;
  for (int64_t k = 0; k < s.length; ++k) out.push_back((start + k * s.stride) % frames);
  return out;
}

Indices uniform(const Sampling& s, int64_t frames, vh_random* random, int64_t clip) {
  Indices out;
  double segment = static_cast<double>(frames - 1) / static_cast<double>(s.length);
  for (int64_t i = 0; i < s.length; ++i) {
    auto from = static_cast<int64_t>(round_half_even(segment * static_cast<double>(i)));
    auto to = static_cast<int64_t>(round_half_even(segment * static_cast<double>(i + 1)));
    int64_t index =
        random
            ? from + vh_random_below(random, to - from + 1)
            : from + static_cast<int64_t>(segment / static_cast<double>(s.clips + 1) * static_cast<double>(clip + 1));
    out.push_back(std::clamp<int64_t>(index, 0, frames - 1));
  }
  return out;
}

Indices advance_until_end(const Sampling& s, int64_t frames, vh_random& random) {
  int64_t span = s.length * s.stride;
  int64_t index = frames > span ? vh_random_below(&random, frames - span + 1) : 0;
  Indices out;
  for (int64_t k = 0; k < s.length; ++k) {
    out.push_back(index);
    if (index + s.stride < frames) index += s.stride;
  }
  return out;
}

Indices videomae_finetune_train(const Sampling& s, int64_t frames, vh_random& random) {
  int64_t span = s.length * s.stride;
  Indices out;
  if (frames <= span) {
    for (double x : linspace(0, static_cast<double>(frames), frames / s.stride)) out.push_back(static_cast<int64_t>(x));
    out.resize(static_cast<size_t>(s.length), frames);
    for (auto& x : out) x = std::clamp<int64_t>(x, 0, frames - 1);
    return out;
  }
  int64_t end = span + vh_random_below(&random, frames - span);
  for (double x : linspace(static_cast<double>(end - span), static_cast<double>(end), s.length))
    out.push_back(static_cast<int64_t>(std::clamp(x, static_cast<double>(end - span), static_cast<double>(end - 1))));
  return out;
}

Indices videomae_test(const Sampling& s, int64_t frames, int64_t clip) {
  Indices all;
  for (int64_t i = 0; i < frames; i += s.stride) all.push_back(i);
  while (static_cast<int64_t>(all.size()) < s.length) all.push_back(all.back());
  auto count = static_cast<int64_t>(all.size());
  int64_t start = s.clips > 1
                      ? static_cast<int64_t>(static_cast<double>(clip) *
                                             (static_cast<double>(count - s.length) / static_cast<double>(s.clips - 1)))
                      : (count - s.length) / 2;
  return {all.begin() + start, all.begin() + start + s.length};
}

Indices ssv2_train(const Sampling& s, int64_t frames, vh_random& random) {
  int64_t average = frames / s.length;
  Indices out;
  for (int64_t k = 0; k < s.length; ++k)
    out.push_back(average > 0 ? k * average + vh_random_below(&random, average) : 0);
  return out;
}

Indices ssv2_test(const Sampling& s, int64_t frames, int64_t clip) {
  double tick = static_cast<double>(frames) / static_cast<double>(s.length);
  double offset = s.clips > 1 ? tick * static_cast<double>(clip) / static_cast<double>(s.clips) : tick / 2;
  Indices out;
  for (int64_t k = 0; k < s.length; ++k) out.push_back(static_cast<int64_t>(offset + tick * static_cast<double>(k)));
  return out;
}

// torch.linspace in float32: from the start in the first half, from the end in the second.
Indices slowfast_points(const Sampling& s, int64_t frames, double start, double size) {
  auto from = static_cast<float>(start), to = static_cast<float>(start + size - 1);
  float step = s.length > 1 ? (to - from) / static_cast<float>(s.length - 1) : 0;
  Indices out;
  for (int64_t i = 0; i < s.length; ++i) {
    float x = i < s.length / 2 || s.length == 1 ? from + step * static_cast<float>(i)
                                                : to - step * static_cast<float>(s.length - 1 - i);
    out.push_back(static_cast<int64_t>(std::clamp(x, 0.0f, static_cast<float>(frames - 1))));
  }
  return out;
}

double slowfast_size(const Sampling& s, double fps) {
  return static_cast<double>(s.stride * s.length) / s.target_fps * (fps > 0 ? fps : s.target_fps);
}

}  // namespace

std::optional<SamplingRule> sampling_rule(std::string_view name) {
  if (name == "mmaction") return SamplingRule::kMmaction;
  if (name == "uniform") return SamplingRule::kUniform;
  if (name == "videomae") return SamplingRule::kVideomae;
  if (name == "videomae_finetune") return SamplingRule::kVideomaeFinetune;
  if (name == "videomae_ssv2") return SamplingRule::kVideomaeSsv2;
  if (name == "slowfast") return SamplingRule::kSlowfast;
  return std::nullopt;
}

std::vector<int64_t> sample_train(const Sampling& s, int64_t frames, double fps, vh_random& random) {
  switch (s.rule) {
    case SamplingRule::kMmaction: {
      int64_t starts = frames - s.length * s.stride + 1;
      return looped(starts > 0 ? vh_random_below(&random, starts) : 0, s, frames);
    }
    case SamplingRule::kUniform:
      return uniform(s, frames, &random, 0);
    case SamplingRule::kVideomae:
      return advance_until_end(s, frames, random);
    case SamplingRule::kVideomaeFinetune:
      return videomae_finetune_train(s, frames, random);
    case SamplingRule::kVideomaeSsv2:
      return ssv2_train(s, frames, random);
    case SamplingRule::kSlowfast:
      break;
  }
  double size = slowfast_size(s, fps);
  return slowfast_points(s, frames, vh_random_uniform(&random, 0, std::max(static_cast<double>(frames) - size, 0.0)),
                         size);
}

std::vector<int64_t> sample_test(const Sampling& s, int64_t frames, double fps, int64_t clip) {
  switch (s.rule) {
    case SamplingRule::kMmaction: {
      int64_t room = std::max<int64_t>(frames - ((s.length - 1) * s.stride + 1), 0);
      double between = s.clips > 1 ? static_cast<double>(room) / static_cast<double>(s.clips - 1) : 0;
      int64_t start =
          s.clips > 1 ? static_cast<int64_t>(round_half_even(static_cast<double>(clip) * between)) : room / 2;
      return looped(start, s, frames);
    }
    case SamplingRule::kUniform:
      return uniform(s, frames, nullptr, clip);
    case SamplingRule::kVideomae:
    case SamplingRule::kVideomaeFinetune:
      return videomae_test(s, frames, clip);
    case SamplingRule::kVideomaeSsv2:
      return ssv2_test(s, frames, clip);
    case SamplingRule::kSlowfast:
      break;
  }
  double size = slowfast_size(s, fps), room = std::max(static_cast<double>(frames) - size, 0.0);
  double start = s.clips > 1 ? static_cast<double>(clip) * std::floor(room / static_cast<double>(s.clips - 1))
                             : std::floor(room / 2);
  return slowfast_points(s, frames, start, size);
}

}  // namespace kinetics
