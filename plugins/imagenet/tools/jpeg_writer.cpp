#include "jpeg_writer.h"

#include <cstdlib>

#include "libjpeg.h"

namespace imagenet {
namespace {

J_COLOR_SPACE space_of(JpegColours colours) {
  switch (colours) {
    case JpegColours::kGrey:
      return JCS_GRAYSCALE;
    case JpegColours::kRgb:
      return JCS_RGB;
    case JpegColours::kCmyk:
      return JCS_CMYK;
    case JpegColours::kYcck:
      return JCS_YCCK;
    case JpegColours::kYcc:
      break;
  }
  return JCS_YCbCr;
}

void configure(jpeg_compress_struct& info, const JpegSettings& settings) {
  jpeg_set_defaults(&info);
  jpeg_set_colorspace(&info, space_of(settings.colours));
  jpeg_set_quality(&info, settings.quality, TRUE);
  if (settings.colours == JpegColours::kYcc || settings.colours == JpegColours::kYcck)
    info.comp_info[0].h_samp_factor = settings.across, info.comp_info[0].v_samp_factor = settings.down;
  if (settings.colours == JpegColours::kYcck)
    info.comp_info[3].h_samp_factor = settings.across, info.comp_info[3].v_samp_factor = settings.down;
  if (settings.progressive) jpeg_simple_progression(&info);
  info.arith_code = settings.arithmetic;
  info.restart_in_rows = settings.restart_rows;
}

// Inks as Adobe's programs store them, 255 = none, with some black everywhere.
std::vector<uint8_t> inks(const uint8_t* rgb, int64_t n) {
  std::vector<uint8_t> out;
  for (int64_t i = 0; i < n; ++i, rgb += 3) out.insert(out.end(), {rgb[0], rgb[1], rgb[2], uint8_t{200}});
  return out;
}

}  // namespace

std::vector<uint8_t> encode_jpeg(const vh::media::Picture& picture, const JpegSettings& settings) {
  jpeg_compress_struct info;
  jpeg_error_mgr errors;
  info.err = jpeg_std_error(&errors);  // ends the program on an error, of which a picture in memory gives none
  jpeg_create_compress(&info);
  unsigned char* data = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&info, &data, &size);
  bool four = settings.colours == JpegColours::kCmyk || settings.colours == JpegColours::kYcck;
  info.image_width = static_cast<JDIMENSION>(picture.width),
  info.image_height = static_cast<JDIMENSION>(picture.height);
  info.input_components = four ? 4 : 3, info.in_color_space = four ? JCS_CMYK : JCS_RGB;
  configure(info, settings);
  jpeg_start_compress(&info, TRUE);
  while (info.next_scanline < info.image_height) {
    const uint8_t* from = picture.rgb.data() + info.next_scanline * picture.width * 3;
    std::vector<uint8_t> row = four ? inks(from, picture.width) : std::vector<uint8_t>(from, from + picture.width * 3);
    JSAMPROW pointer = row.data();
    jpeg_write_scanlines(&info, &pointer, 1);
  }
  jpeg_finish_compress(&info);
  jpeg_destroy_compress(&info);
  std::vector<uint8_t> bytes(data, data + size);
  std::free(data);
  return bytes;
}

}  // namespace imagenet
