#include "assembly/file_fields.h"

namespace vhost {

int64_t dtype_bytes(int32_t dtype) {
  switch (dtype) {
    case VH_U8:
    case VH_I8:
    case VH_BOOL:
      return 1;
    case VH_I16:
    case VH_F16:
    case VH_BF16:
      return 2;
    case VH_I32:
    case VH_F32:
      return 4;
    case VH_I64:
    case VH_F64:
      return 8;
    default:
      return 0;
  }
}

namespace {

int64_t sample_bytes(const Manifest& manifest, const std::string& pointer, const Spec& spec) {
  int64_t bytes = dtype_bytes(spec.c.dtype);
  if (!bytes) throw manifest.error(pointer, "field \"" + spec.key + "\" has no element type");
  for (int i = 0; i < spec.c.rank; ++i) {
    const int64_t size = spec.c.dim[i] > 0 ? spec.c.dim[i] : spec.c.dim[i] == VH_DIM_VAR ? spec.c.dim_max[i] : 0;
    if (size <= 0)
      throw manifest.error(pointer, "field \"" + spec.key + "\" has an axis without a size: " + spec.str());
    bytes *= size;
  }
  return bytes;
}

std::vector<double> channel_values(const Manifest& manifest, const std::string& pointer, int64_t channels) {
  std::vector<double> values;
  for (const json::value& v : manifest.at(pointer).as_array()) values.push_back(v.to_number<double>());
  if (values.size() == 1) values.resize(channels, values[0]);
  if (static_cast<int64_t>(values.size()) != channels)
    throw manifest.error(pointer, "needs one value or one per channel: " + std::to_string(channels) + ", not " +
                                      std::to_string(values.size()));
  return values;
}

void set_axes(Spec& spec, const std::string& axes, const std::vector<int64_t>& dims) {
  spec.axes = axes;
  spec.c.rank = static_cast<int32_t>(dims.size());
  for (size_t i = 0; i < dims.size(); ++i) spec.c.dim[i] = dims[i];
}

}  // namespace

InputLayout make_input_layout(const Manifest& manifest, const std::string& pointer, const vh_specs& fields) {
  InputLayout layout;
  for (const Spec& spec : fields.list) {
    if (spec.semantic == "input") layout.pixels = static_cast<int>(layout.fields.size());
    if (spec.key == "label") layout.label = static_cast<int>(layout.fields.size());
    layout.fields.push_back({spec.key, spec, sample_bytes(manifest, pointer, spec)});
  }
  if (layout.pixels < 0) throw manifest.error(pointer, "the dataset declares no field with semantic \"input\"");
  const Spec& pixels = layout.fields[layout.pixels].spec;
  const int64_t* d = pixels.c.dim;
  if (pixels.axes == "VTHWC" && pixels.c.rank == 5) {
    layout.views = d[0], layout.frames = d[1], layout.height = d[2], layout.width = d[3], layout.channels = d[4];
  } else if (pixels.axes == "VHWC" && pixels.c.rank == 4) {
    layout.video = false;
    layout.views = d[0], layout.height = d[1], layout.width = d[2], layout.channels = d[3];
  } else {
    throw manifest.error(pointer, "pixels must be \"VTHWC\" or \"VHWC\", not " + pixels.str());
  }
  if (pixels.c.dtype != VH_U8) throw manifest.error(pointer, "pixels must be uint8, not " + pixels.str());
  if (layout.label >= 0) layout.classes = layout.fields[layout.label].spec.c.classes;
  layout.mixed = manifest.has("/data/mix") && layout.classes > 0;
  layout.mean = channel_values(manifest, "/data/normalize/mean", layout.channels);
  layout.std = channel_values(manifest, "/data/normalize/std", layout.channels);
  for (double s : layout.std)
    if (!(s > 0)) throw manifest.error("/data/normalize/std", "must be above 0");
  return layout;
}

vh_specs InputLayout::model_specs() const {
  vh_specs specs;
  Spec input;
  input.key = "input", input.semantic = "input";
  set_axes(input, "BCTHW", {VH_DIM_BATCH, channels, frames, height, width});
  specs.add(input);
  Spec raw;
  raw.key = "raw", raw.semantic = "input", raw.c.dtype = VH_U8;
  set_axes(raw, "BTHWC", {VH_DIM_BATCH, frames, height, width, channels});
  specs.add(raw);
  for (size_t i = 0; i < fields.size(); ++i) {
    if (static_cast<int>(i) == pixels || is_of_file(fields[i])) continue;
    Spec field = fields[i].spec;
    field.key = "batch." + fields[i].name;
    std::vector<int64_t> dims{VH_DIM_BATCH};
    dims.insert(dims.end(), fields[i].spec.c.dim, fields[i].spec.c.dim + fields[i].spec.c.rank);
    set_axes(field, "B" + fields[i].spec.axes, dims);
    specs.add(field);
  }
  if (mixed) {
    Spec soft = fields[label].spec;
    soft.key = "batch.label_soft", soft.c.dtype = VH_F32;
    set_axes(soft, "BK", {VH_DIM_BATCH, classes});
    specs.add(soft);
  }
  return specs;
}

}  // namespace vhost
