// The dataset beside a stand-in for the host: its fields and samples.
#include "vhost/cpp/testing.hpp"

int main(int, char** argv) {
  const vh::test::Plugin plugin(argv[1]);
  auto data = plugin.make<vh_dataset_1>("drift", R"({"count": 6, "frames": 4, "size": 16})");
  VH_CHECK(data.length() == 6);
  VH_CHECK((data.fields().at(0).dim == std::vector<int64_t>{1, 4, 16, 16, 3}));
  VH_CHECK(data.fields().at(1).classes == 2);
  VH_CHECK(data.class_name(1) == "right" && data.name(5) == "drift/5" && data.fingerprint() == "n=6");

  const auto right = data.read(3, 1);
  VH_CHECK(right.at(0).size() == 4 * 16 * 16 * 3 && right.at(1).at(0) == 1);
  const auto bright = [&](int t, int x) { return right[0][static_cast<size_t>((t * 16 * 16 + x) * 3)] > 127; };
  for (int t = 1; t < 4; ++t)
    for (int x = 1; x < 16; ++x) VH_CHECK(bright(t, x) == bright(t - 1, x - 1));

  VH_CHECK(data.read(3, 1) == data.read(3, 1));
  VH_CHECK(data.read(3, 1) != data.read(3, 2));
  VH_CHECK(data.read(3, 1, VH_PASS_EVAL) == data.read(3, 2, VH_PASS_EVAL));
  return vh::test::result();
}
