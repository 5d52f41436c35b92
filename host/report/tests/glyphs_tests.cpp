#include <boost/test/unit_test.hpp>
#include <cmath>
#include <limits>

#include "base/error.h"
#include "report/glyphs.h"

using namespace vhost;

namespace {

int level(const Picture& p, int x, int y) {
  return p.rgb[(static_cast<size_t>(y) * p.width + x) * 3];
}

// The histogram of a cell by its definition, of the picture f around (x0, y0).
template <class F>
std::vector<float> histogram(F f, int x0, int y0) {
  std::vector<float> bins(9);
  for (int y = y0; y < y0 + 8; ++y)
    for (int x = x0; x < x0 + 8; ++x) {
      double gx = 0, gy = 0;
      for (int i = -1; i <= 1; ++i) {
        gx += (i == 0 ? 2 : 1) * (f(x - 1, y + i) - f(x + 1, y + i));
        gy += (i == 0 ? 2 : 1) * (f(x + i, y - 1) - f(x + i, y + 1));
      }
      const int bin = static_cast<int>(std::floor(std::atan2(gx, gy) / M_PI * 9));
      bins[static_cast<size_t>((bin % 9 + 9) % 9)] += static_cast<float>(std::hypot(gx, gy));
    }
  double norm = 1e-12;
  for (float b : bins) norm += b * b;
  for (float& b : bins) b /= static_cast<float>(std::sqrt(norm));
  return bins;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(glyphs_tests)

BOOST_AUTO_TEST_CASE(ramps_give_lines_along_their_level_curves) {
  struct Row {
    const char* name;
    double by_x, by_y;
    int x, y;  // direction in which the brightness stays the same, y downwards
  };
  for (const Row& row : {Row{"horizontal", 1, 0, 0, 1}, Row{"horizontal, falling", -1, 0, 0, 1},
                         Row{"to the lower right", 1, 1, 1, -1}, Row{"to the upper right", 1, -1, 1, 1}}) {
    const OrientationMap map{1, 1, 9, histogram([&](int x, int y) { return row.by_x * x + row.by_y * y; }, 0, 0), {}};
    const Picture p = orientation_glyphs(map, 25);
    const double length = std::hypot(row.x, row.y);
    const int ax = static_cast<int>(std::lround(9 * row.x / length)),
              ay = static_cast<int>(std::lround(9 * row.y / length));
    BOOST_TEST(level(p, 12, 12) > 240, row.name << ": the centre");
    BOOST_TEST(level(p, 12 + ax, 12 + ay) > 100, row.name << ": along, " << level(p, 12 + ax, 12 + ay));
    BOOST_TEST(level(p, 12 - ax, 12 - ay) > 100, row.name << ": along, the other way");
    BOOST_TEST(level(p, 12 + ay, 12 - ax) == 0, row.name << ": across");
  }
}

BOOST_AUTO_TEST_CASE(a_vertical_ramp_gives_a_line_half_a_bin_from_the_horizontal) {
  const OrientationMap map{1, 1, 9, histogram([](int, int y) { return y; }, 0, 0), {}};
  const Picture p = orientation_glyphs(map, 25);  // bin 0 covers 0 to 20 degrees and is drawn at 10
  BOOST_TEST(level(p, 21, 10) > 100);             // right end, 9 tan(10 degrees) = 1.6 up
  BOOST_TEST(level(p, 3, 14) > 100);
  BOOST_TEST(level(p, 12, 3) == 0);
}

// At every cell that a disc's border crosses, the brightest direction is the border's.
BOOST_AUTO_TEST_CASE(glyphs_follow_the_border_of_a_disc) {
  const auto disc = [](int x, int y) { return std::clamp(24.0 - std::hypot(x - 31.5, y - 31.5), 0.0, 1.0); };
  OrientationMap map{8, 8, 9, {}, {}};
  for (int y = 0; y < 8; ++y)
    for (int x = 0; x < 8; ++x)
      for (float w : histogram(disc, 8 * x, 8 * y)) map.weights.push_back(w);
  const int side = 33, mid = 16;
  const Picture p = orientation_glyphs(map, side);
  int crossed = 0;
  for (int cy = 0; cy < 8; ++cy)
    for (int cx = 0; cx < 8; ++cx) {
      const double dx = 8 * cx + 3.5 - 31.5, dy = 8 * cy + 3.5 - 31.5, radius = std::hypot(dx, dy);
      if (std::abs(radius - 24) > 3) continue;
      ++crossed;
      double best = -1, best_angle = 0;
      for (int degrees = 0; degrees < 180; ++degrees) {
        double light = 0;
        for (int r = 4; r <= 14; ++r) {
          const double ux = std::cos(degrees * M_PI / 180), uy = std::sin(degrees * M_PI / 180);
          for (int sign : {-1, 1})
            light += level(p, cx * side + mid + static_cast<int>(std::lround(sign * r * ux)),
                           cy * side + mid + static_cast<int>(std::lround(sign * r * uy)));
        }
        if (light > best) best = light, best_angle = degrees;
      }
      const double tangent = std::fmod(std::atan2(dx, -dy) * 180 / M_PI + 360, 180);
      const double off = std::abs(std::remainder(best_angle - tangent, 180));
      BOOST_TEST(off <= 22, "cell " << cx << ", " << cy << ": drawn at " << best_angle << ", border at " << tangent);
    }
  BOOST_TEST(crossed >= 8);
}

BOOST_AUTO_TEST_CASE(shades_and_sizes) {
  OrientationMap map{1, 3, 2, {1, 0, 1, 0, 1, 0}, {Shade::plain, Shade::dimmed, Shade::absent}};
  const Picture p = orientation_glyphs(map, 16);
  BOOST_TEST(p.width == 48);
  BOOST_TEST(p.height == 16);
  BOOST_TEST(level(p, 0, 0) == 0);
  BOOST_TEST(level(p, 16, 0) > 0);
  BOOST_TEST(level(p, 16 + 8, 7) < level(p, 8, 7));
  for (int x = 32; x < 48; ++x) BOOST_TEST(level(p, x, 7) == 92);
  map.weights.pop_back();
  BOOST_CHECK_EXCEPTION(orientation_glyphs(map, 16), Error,
                        [](const Error& e) { return std::string(e.what()).find("5 weights") != std::string::npos; });
}

BOOST_AUTO_TEST_CASE(heat_runs_from_black_to_white_and_leaves_gaps_grey) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const Picture p = heat_map({0, 0.5f, 1, nan}, 2, 2, 4, 0, 1);
  BOOST_TEST(level(p, 0, 0) == 0);
  BOOST_TEST(p.rgb[(0 * 8 + 7) * 3] == 255);  // red before blue
  BOOST_TEST(p.rgb[(0 * 8 + 7) * 3 + 2] == 0);
  BOOST_TEST(p.rgb[(7 * 8 + 0) * 3 + 2] == 255);
  BOOST_TEST(level(p, 7, 7) == 92);
}

BOOST_AUTO_TEST_SUITE_END()
