#include "hog.h"

#include "hog_cpu.h"
#include "hog_cuda.h"
#include "hog_ops.h"
#include "vhost/cpp/tensor.hpp"

namespace maskfeat {

namespace {

// The token is what one cell of the backbone's final map covers.
vh::Grid token_of(const vh::Specs& in) {
  const vh::Spec features = in["features.0"];
  if (vh::cells(features.grid) < 1 || vh::cells(features.stride) < 1)
    throw vh::argument_error("hog needs features on a grid, whose tokens' gradients are to be predicted; " +
                             features.key + " [" + features.axes + "] states none");
  return features.stride;
}

vh::Spec pixels_spec(const vh::Specs& in) {
  return in.has("raw") ? in["raw"] : in["input"];
}

// [B,T,H,W,C] of u8, or [B,C,T,H,W] of a float type, contiguous.
struct Clips {
  vh::Tensor pixels;
  bool raw;
  int64_t batch() const { return pixels.size(0); }
  int64_t size(char axis) const {
    const char* axes = raw ? "BTHWC" : "BCTHW";
    return pixels.size(std::string_view(axes).find(axis));
  }
};

Clips clips_of(const vh::Step& step) {
  const vh::Tensor raw = step.find("raw");
  return {(raw.defined() ? raw : step.in("input")).contiguous(), raw.defined()};
}

// The first frame of each tubelet as [B*t,C,H,W].
vh::Tensor frames_of(const Clips& clips, int64_t tubelet, vh::DType dtype) {
  const vh::Tensor some = clips.pixels.slice(clips.raw ? 1 : 2, 0, {}, tubelet).to(dtype);
  return (clips.raw ? some.permute({0, 1, 4, 2, 3}) : some.transpose(1, 2))
      .reshape({clips.batch() * some.size(clips.raw ? 1 : 2), clips.size('C'), clips.size('H'), clips.size('W')});
}

HogPixels layout_of(const Clips& clips, int64_t clip_frames, int64_t tubelet) {
  const int64_t c = clips.size('C'), t = clips.size('T'), h = clips.size('H'), w = clips.size('W');
  HogPixels p{};
  p.data = clips.pixels.data<void>();
  p.bytes = clips.pixels.dtype() == vh::DType::u8;
  p.clip_frames = clip_frames;
  p.frame_step = tubelet;
  p.clip_stride = c * t * h * w;
  p.frame_stride = clips.raw ? h * w * c : h * w;
  p.row_stride = clips.raw ? w * c : w;
  p.pixel_stride = clips.raw ? c : 1;
  p.channel_stride = clips.raw ? 1 : t * h * w;
  return p;
}

bool has_kernel(const Clips& clips, const HogShape& shape) {
  const vh::DType dtype = clips.pixels.dtype();
  return shape.bins == kHogBins && shape.cell == kHogCell && (dtype == vh::DType::u8 || dtype == vh::DType::f32);
}

// [frames,tokens,features]; undefined where there is no kernel for the device.
vh::Tensor by_kernel(const Clips& clips, const HogPixels& pixels, const HogShape& shape) {
  const vh::Device device = clips.pixels.device();
  const auto make = [&] {
    return vh::ops::new_empty(clips.pixels, {shape.frames, shape.tokens(), shape.features()}, vh::DType::f32);
  };
  if (device.type == VH_CPU) {
    vh::Tensor out = make();
    if (!hog_on_cpu(pixels, shape, out.mutable_data<float>(),
                    vh::need(vh::services().parallel, VH_PARALLEL_1).for_range))
      throw vh::Error("hog: out of memory", VH_ERR_MEMORY);
    return out;
  }
#ifdef HOG_CUDA
  if (device.type == VH_CUDA && vh::services().device) {
    vh::Tensor out = make();
    const char* message = nullptr;
    void* stream = vh::services().device->current_stream(device.type, device.index);
    switch (hog_on_cuda(pixels, shape, out.mutable_data<float>(), device.index, stream, &message)) {
      case HogLaunch::done:
        return out;
      case HogLaunch::declined:
        return {};
      case HogLaunch::failed:
        throw vh::Error(
            vh::str("hog: CUDA refuses the kernel: ", message, "; \"implementation\": \"operators\" does without it"));
    }
  }
#endif
  return {};
}

}  // namespace

Hog::Hog(const vh::Build& build, const Params& params)
    : params_(params),
      token_(token_of(build.in)),
      dtype_(build.dtype == vh::DType::f64 ? vh::DType::f64 : vh::DType::f32) {
  const vh::Spec pixels = pixels_spec(build.in);
  shape_of(pixels.size('H'), pixels.size('W'), pixels.size('C'));
}

HogShape Hog::shape_of(int64_t height, int64_t width, int64_t channels) const {
  const int64_t cell = params_.cell, window = params_.gaussian_window;
  if (token_[1] % cell != 0 || token_[2] % cell != 0)
    throw vh::param_error("/cell", vh::str("cells of ", cell, " pixels don't tile tokens of ", token_[1], "x",
                                           token_[2], "; it must divide both"));
  if (window > 0 && (height % window != 0 || width % window != 0))
    throw vh::param_error("/gaussian_window", vh::str(window, " doesn't tile pictures of ", height, "x", width,
                                                      "; it must divide both, or be 0"));
  return {.frames = 0,
          .height = height,
          .width = width,
          .channels = channels,
          .bins = params_.bins,
          .cell = cell,
          .token_h = token_[1] / cell,
          .token_w = token_[2] / cell,
          .window = window};
}

std::vector<vh::Spec> Hog::describe(const vh::Specs& in) const {
  const vh::Spec pixels = pixels_spec(in), features = in["features.0"];
  const vh::Grid size{pixels.size('T'), pixels.size('H'), pixels.size('W')};
  for (size_t i = 0; i < 3; ++i)
    if (size[i] != features.grid[i] * token_[i])
      throw vh::argument_error(vh::str("hog needs a grid whose cells tile the input: ", features.grid[i], " cells of ",
                                       token_[i], " samples don't make ", size[i], " along ", "thw"[i]));
  const HogShape shape = shape_of(size[1], size[2], pixels.size('C'));
  const std::string semantic = vh::str("hog.", params_.bins, "x", params_.cell);
  vh::Spec out = vh::tokens_spec("target.hog", semantic, features.grid, token_, shape.features());
  out.dtype = dtype_;
  return {out};
}

void Hog::run(const vh::Step& step) const {
  const Clips clips = clips_of(step);
  HogShape shape = shape_of(clips.size('H'), clips.size('W'), clips.size('C'));
  const int64_t clip_frames = (clips.size('T') + token_[0] - 1) / token_[0];
  shape.frames = clips.batch() * clip_frames;
  vh::Tensor out;
  if (params_.implementation == "auto" && dtype_ == vh::DType::f32 && has_kernel(clips, shape))
    out = by_kernel(clips, layout_of(clips, clip_frames, token_[0]), shape);
  if (!out.defined()) out = hog_by_operators(frames_of(clips, token_[0], dtype_), shape);
  step.out("target.hog", out.view({clips.batch(), clip_frames * shape.tokens(), shape.features()}));
}

}  // namespace maskfeat
