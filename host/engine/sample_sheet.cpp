#include "engine/sample_sheet.h"

#include <algorithm>
#include <cmath>

#include "report/format.h"

namespace vhost {

using report::format_number;

namespace {

constexpr float kMaskedGrey = 92.0f / 255, kNothing = 36.0f / 255;
constexpr int64_t kHogTile = 448, kImageTile = 256, kClipTile = 192, kLargestGlyph = 48;  // pixels of the sheet
constexpr int64_t kHogMoments = 4, kMoments = 8;
constexpr double kNormalisedRange = 6;  // deviations from black to white

struct Panel {
  std::string label;
  std::vector<Picture> frames;
};

// What all panels of a sheet share.
struct Tiles {
  int width = 0, height = 0;
  std::vector<int64_t> moments;  // frames of the clip
};

// f32 [H,W,C], 0..1
Picture picture_of(const at::Tensor& frame, const Tiles& tiles) {
  const at::Tensor bytes = frame.nan_to_num(kNothing).clamp(0, 1).mul(255).round().to(at::kByte).contiguous();
  Picture out(static_cast<int>(frame.size(1)), static_cast<int>(frame.size(0)));
  const int64_t channels = frame.size(2);
  const uint8_t* from = bytes.data_ptr<uint8_t>();
  for (size_t i = 0; i < out.rgb.size(); ++i)
    out.rgb[i] =
        from[static_cast<int64_t>(i) / 3 * channels + std::min<int64_t>(static_cast<int64_t>(i) % 3, channels - 1)];
  return resized(out, tiles.width, tiles.height);
}

Panel clip_panel(const std::string& label, const at::Tensor& clip, const Tiles& tiles) {
  Panel panel{label, {}};
  for (int64_t frame : tiles.moments) panel.frames.push_back(picture_of(clip[frame], tiles));
  return panel;
}

at::Tensor stretched(at::Tensor grid, const std::array<int64_t, 3>& to) {
  for (int64_t i = 0; i < 3; ++i)
    if (const int64_t times = to[static_cast<size_t>(i)] / grid.size(i); times > 1)
      grid = grid.repeat_interleave(times, i);
  return grid;
}

at::Tensor masked_clip(const SampleView& view) {
  const at::Tensor bits = stretched(view.mask, {view.clip.size(0), view.clip.size(1), view.clip.size(2)});
  return view.clip.masked_fill(bits.unsqueeze(-1), kMaskedGrey);
}

// The input, with the cubes that the loss counts replaced.
at::Tensor pasted(const SampleView& view, const at::Tensor& cubes) {
  const at::Tensor own = cubes_of(view.clip, *view.drawable);
  return clip_of(at::where(counted_tokens(view).view({-1, 1, 1}), cubes, own), *view.drawable);
}

void add_pixels(const SampleView& view, const Tiles& tiles, std::vector<Panel>& panels) {
  const Drawable& d = *view.drawable;
  const at::Tensor cubes = view.prediction.view({d.tokens(), -1, d.channels});
  if (d.as == Drawn::pixels) {
    panels.push_back(clip_panel("prediction\nvisible cells: the input", pasted(view, cubes), tiles));
    return;
  }
  const auto grey = [&](const at::Tensor& values) {
    return clip_of(values.view({d.tokens(), -1, d.channels}) / kNormalisedRange + 0.5, d);
  };
  panels.push_back(clip_panel("target\ncells, normalised", grey(view.target), tiles));
  panels.push_back(clip_panel("prediction\ncells, normalised", grey(view.prediction), tiles));
  const CubeStatistics statistics = statistics_of(cubes_of(view.clip, d));
  panels.push_back(clip_panel("reconstruction, LEAKING:\nwith each cell's true mean\nand deviation",
                              pasted(view, denormalised(cubes, statistics)), tiles));
  const CubeStatistics honest = visible_statistics(statistics, counted_tokens(view));
  panels.push_back(clip_panel("reconstruction, honest:\naverage mean and deviation\nof the visible cells",
                              pasted(view, denormalised(cubes, honest)), tiles));
}

// Cells that the loss doesn't count are dimmed, those without values are grey.
std::vector<Shade> shades_of(const at::Tensor& tokens, const at::Tensor& counted) {
  std::vector<Shade> shades;
  const at::Tensor known = tokens.isfinite().all(1);
  for (int64_t n = 0; n < tokens.size(0); ++n)
    shades.push_back(!known[n].item<bool>()                          ? Shade::absent
                     : counted.defined() && !counted[n].item<bool>() ? Shade::dimmed
                                                                     : Shade::plain);
  return shades;
}

Panel hog_panel(const std::string& label, const at::Tensor& tokens, const at::Tensor& counted, const Drawable& d,
                const Tiles& tiles) {
  Panel panel{label, {}};
  const std::vector<Shade> shades = shades_of(tokens, counted);
  for (int64_t frame : tiles.moments) {
    const OrientationMap map = orientations_of(tokens, d, frame / d.stride[0], shades);
    panel.frames.push_back(
        resized(orientation_glyphs(map, std::max(1, tiles.width / map.columns)), tiles.width, tiles.height));
  }
  return panel;
}

void add_hog(const SampleView& view, const Tiles& tiles, std::vector<Panel>& panels) {
  const Drawable& d = *view.drawable;
  panels.push_back(hog_panel("target\nHOG, mean over channels", view.target, {}, d, tiles));
  const at::Tensor counted = view.mask.defined() ? counted_tokens(view) : at::Tensor();
  panels.push_back(hog_panel(counted.defined() ? "prediction\ndimmed where visible" : "prediction", view.prediction,
                             counted, d, tiles));
}

Panel norm_panel(const std::string& label, const at::Tensor& values, float high, const Drawable& d,
                 const Tiles& tiles) {
  Panel panel{label, {}};
  const at::Tensor maps = values.view({d.grid[0], d.grid[1], d.grid[2]}).contiguous();
  for (int64_t frame : tiles.moments) {
    const at::Tensor map = maps[frame / d.stride[0]].contiguous();
    const std::vector<float> list(map.data_ptr<float>(), map.data_ptr<float>() + map.numel());
    const int rows = static_cast<int>(d.grid[1]), columns = static_cast<int>(d.grid[2]);
    panel.frames.push_back(
        resized(heat_map(list, rows, columns, std::max(1, tiles.width / columns), 0, high), tiles.width, tiles.height));
  }
  return panel;
}

void add_norms(const SampleView& view, const Tiles& tiles, std::vector<Panel>& panels) {
  const Drawable& d = *view.drawable;
  const auto root_mean_square = [](const at::Tensor& tokens) { return (tokens * tokens).mean(1).sqrt(); };
  const at::Tensor target = root_mean_square(view.target), prediction = root_mean_square(view.prediction),
                   error = root_mean_square(view.prediction - view.target);
  const float high = std::max({1e-12f, target.nan_to_num(0).max().item<float>(),
                               prediction.nan_to_num(0).max().item<float>(), error.nan_to_num(0).max().item<float>()});
  const std::string scale = "\n0 black, " + format_number(high) + " white";
  panels.push_back(norm_panel("target: size of tokens" + scale, target, high, d, tiles));
  panels.push_back(norm_panel("prediction: size of tokens" + scale, prediction, high, d, tiles));
  panels.push_back(norm_panel("error: size per token" + scale, error, high, d, tiles));
}

std::vector<Panel> panels_of(const SampleView& view, const Tiles& tiles) {
  std::vector<Panel> panels{clip_panel("input", view.clip, tiles)};
  if (view.mask.defined()) panels.push_back(clip_panel("masked input", masked_clip(view), tiles));
  if (!view.drawable) return panels;
  if (view.drawable->as == Drawn::norms) add_norms(view, tiles, panels);
  if (view.drawable->as == Drawn::hog) add_hog(view, tiles, panels);
  if (view.drawable->as == Drawn::pixels || view.drawable->as == Drawn::normalised_pixels)
    add_pixels(view, tiles, panels);
  return panels;
}

Tiles tiles_of(const SampleView& view) {
  const int64_t frames = view.clip.size(0), height = view.clip.size(1), width = view.clip.size(2);
  const bool hog = view.drawable && view.drawable->as == Drawn::hog;
  const double aim = static_cast<double>(hog ? kHogTile : frames > 1 ? kClipTile : kImageTile);
  int64_t times = std::max<int64_t>(1, std::llround(aim / static_cast<double>(width)));
  if (hog) {
    const int64_t cell = std::max<int64_t>(1, width / (view.drawable->grid[2] * view.drawable->cell_w));
    times = std::max<int64_t>(1, std::min(times, kLargestGlyph / cell));
  }
  Tiles tiles{static_cast<int>(width * times), static_cast<int>(height * times), {}};
  const int64_t step = view.drawable ? view.drawable->stride[0] : 1, steps = std::max<int64_t>(1, frames / step);
  const int64_t count = std::min(steps, hog ? kHogMoments : kMoments);
  for (int64_t i = 0; i < count; ++i) tiles.moments.push_back(i * steps / count * step);
  return tiles;
}

std::string lines(const std::vector<std::string>& captions) {
  std::string text;
  for (const std::string& caption : captions) {
    if (!text.empty()) text += '\n';
    text += caption;
  }
  return text;
}

std::vector<std::string> captions_of(const SampleView& view) {
  std::vector<std::string> all = view.captions;
  if (!view.drawable) return all;
  const TokenErrors errors = token_errors(view);
  all.push_back("mean square error " + format_number(errors.prediction));
  all.push_back("  of zeros        " + format_number(errors.zeros));
  const char* counted = view.mask.defined() ? " masked tokens" : " tokens";
  all.push_back("  over " + std::to_string(errors.tokens) + counted);
  if (view.drawable->as != Drawn::norms) return all;
  all.push_back("the target says no more of");
  all.push_back("itself: sizes are drawn");
  return all;
}

void add_image(const SampleView& view, const Tiles& tiles, Sheet& sheet) {
  SheetRow row{lines(captions_of(view)), {}};
  sheet.columns.clear();
  for (Panel& panel : panels_of(view, tiles)) {
    sheet.columns.push_back(panel.label);
    row.frames.push_back(std::move(panel.frames[0]));
  }
  sheet.rows.push_back(std::move(row));
}

void add_clip(const SampleView& view, const Tiles& tiles, Sheet& sheet) {
  sheet.columns.clear();
  for (int64_t frame : tiles.moments) sheet.columns.push_back("frame " + std::to_string(frame));
  const size_t first = sheet.rows.size();
  for (Panel& panel : panels_of(view, tiles)) sheet.rows.push_back({panel.label, std::move(panel.frames)});
  std::vector<std::string> label = captions_of(view);
  label.insert(label.begin(), sheet.rows[first].label);
  sheet.rows[first].label = lines(label);
}

}  // namespace

at::Tensor counted_tokens(const SampleView& view) {
  const Drawable& d = *view.drawable;
  if (!view.mask.defined()) return at::ones({d.tokens()}, at::kBool);
  return stretched(view.mask, d.grid).reshape({d.tokens()});
}

TokenErrors token_errors(const SampleView& view) {
  const at::Tensor known = (view.target - view.prediction).isfinite().all(1);
  const at::Tensor index = (counted_tokens(view) & known).nonzero().squeeze(1);
  const at::Tensor target = view.target.index_select(0, index), pred = view.prediction.index_select(0, index);
  if (index.numel() == 0) return {};
  return {(pred - target).square().mean().item<double>(), target.square().mean().item<double>(), index.numel()};
}

Picture sample_sheet(const std::vector<SampleView>& views, const std::string& title) {
  Sheet sheet;
  sheet.title = title;
  sheet.max_width = 1 << 16;  // tiles have their size already
  for (const SampleView& view : views) {
    const Tiles tiles = tiles_of(view);
    view.clip.size(0) > 1 ? add_clip(view, tiles, sheet) : add_image(view, tiles, sheet);
  }
  return contact_sheet(sheet);
}

}  // namespace vhost
