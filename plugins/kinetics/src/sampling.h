// Which frames of a video make a clip: the rules of the field's code bases, by name.
#pragma once
#include <vhost/random.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kinetics {

// N = frames of the video, L = length, s = stride, n = clips; every index is in [0, N).
enum class SamplingRule {
  // MMAction2 SampleFrames. Train: start in [0, N - L*s], indices start +
  // k*s. Test: span (L-1)*s + 1, n = 1 centred, else
  // starts round(i * (N - span) / (n-1)), half to even. Past the end it loops (modulo N).
  kMmaction,
  // MMAction2 UniformSample. seg = (N-1)/L; train: one frame drawn from [round(seg*i), round(seg*(i+1))]; test clip k:
  // round(seg*i) + int(seg / (n+1) * (k+1)).
  kUniform,
  // VideoMAE pre-training. Train: start in [0, N - L*s] (0 if short), step s, and the index stops advancing when the
  // next one
  // would pass the end. Test: frames 0, s, 2s, ..; M of them, padded with the last; clip c starts at
  // int(c * max(M-L, 0) / (n-1)), centred for n = 1.
  kVideomae,
  // VideoMAE fine-tuning. Train: N <= L*s: linspace(0, N, N/s) padded with N, clipped to N-1; else end in [L*s, N) and
  // L points
  // of linspace(end - L*s, end) clipped to end - 1 (so the spacing is L*s/(L-1)). Test: as kVideomae.
  kVideomaeFinetune,
  // VideoMAE fine-tuning on Something-Something V2: L segments over the whole video, stride not used. Train, a = N / L
  // whole: k*a + [0, a); N < L: frame 0 throughout. Test, tick = N / L: clip c is int(tick*k + tick*c/n), which for n =
  // 2
  // are the original's two; n = 1 the middle, int(tick*k + tick/2).
  kVideomaeSsv2,
  // PySlowFast. Clip size L*s/target_fps*fps frames, float start in [0, N - size]; test start c*floor((N-size)/(n-1)),
  // n = 1
  // floor((N-size)/2); L points of linspace(start, start + size - 1) in float32, clamped and truncated.
  kSlowfast,
};

std::optional<SamplingRule> sampling_rule(std::string_view name);

struct Sampling {
  SamplingRule rule = SamplingRule::kMmaction;
  int64_t length = 16, stride = 4, clips = 1;
  double target_fps = 30;
};

// frames >= 1; fps <= 0 = unknown, taken as target_fps.
std::vector<int64_t> sample_train(const Sampling&, int64_t frames, double fps, vh_random& random);
std::vector<int64_t> sample_test(const Sampling&, int64_t frames, double fps, int64_t clip);

}  // namespace kinetics
