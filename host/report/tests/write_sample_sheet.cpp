// write_sample_sheet FILE: a sheet of frames to look at, and for other decoders to read.
#include <cmath>
#include <cstdio>

#include "report/picture.h"

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  vhost::Sheet sheet;
  sheet.title = "Reconstruction at step 8000, mask 0.75";
  sheet.rows = {{"input", {}}, {"masked", {}}, {"reconstruction\nerror 0.0123", {}}};
  for (int t = 0; t < 8; ++t) {
    sheet.columns.push_back("t = " + std::to_string(2 * t));
    for (int kind = 0; kind < 3; ++kind) {
      vhost::Picture frame(32, 32);
      for (int y = 0; y < 32; ++y)
        for (int x = 0; x < 32; ++x)
          for (int c = 0; c < 3; ++c) {
            const bool hidden = kind == 1 && ((x / 8) * 7 + (y / 8) * 3) % 4 != 0;
            const double wave = std::sin((x + 3 * t) * 0.35 + c) * std::cos(y * 0.3 - c) * (kind == 2 ? 0.85 : 1);
            frame.rgb[static_cast<size_t>((y * 32 + x) * 3 + c)] = static_cast<uint8_t>(hidden ? 60 : 128 + 110 * wave);
          }
      sheet.rows[static_cast<size_t>(kind)].frames.push_back(frame);
    }
  }
  sheet.rows.push_back(
      {" !\"#$%&'()*+,-./"
       "0123456789\n:;<=>?@ABCDEFGHIJKLMNOPQ\nRSTUVWXYZ[\\]^_`abcdefghijk\nlmnopqrstuvwxyz{|}~\xC3\xA4",
       {}});
  vhost::write_png(argv[1], vhost::contact_sheet(sheet));
}
