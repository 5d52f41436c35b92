#include <ATen/ATen.h>

#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "base/error.h"
#include "checkpoint/writer.h"

namespace fs = std::filesystem;
using vhost::Checkpoint;
using vhost::CheckpointWriter;

namespace {

struct Folder {
  fs::path path;
  Folder() {
    std::string name = (fs::temp_directory_path() / "vhost-writer-XXXXXX").string();
    BOOST_REQUIRE(mkdtemp(name.data()));
    path = name;
  }
  ~Folder() { fs::remove_all(path); }
};

Checkpoint checkpoint(int64_t step, const at::Tensor& weight) {
  Checkpoint all;
  all.step = step;
  all.model = {{"weight", weight}};
  all.optimizer = {{"exp_avg.weight", weight}};
  all.state = {{"step", step}};
  return all;
}

float stored(const fs::path& root, int64_t step) {
  const auto folder = root / ("step-" + std::to_string(step));
  return vhost::load_checkpoint(folder, /*with_optimizer=*/true).model.at("weight")[0].item<float>();
}

}  // namespace

BOOST_AUTO_TEST_CASE(what_changes_afterwards_is_not_in_the_checkpoint) {
  const Folder folder;
  CheckpointWriter writer(folder.path / "checkpoints", 0);
  at::Tensor weight = at::full({1 << 20}, 1.0f);
  for (int64_t step = 1; step <= 3; ++step) {
    writer.start(checkpoint(step, weight));
    weight.add_(1);
  }
  writer.finish();
  for (int64_t step = 1; step <= 3; ++step)
    BOOST_TEST(stored(folder.path / "checkpoints", step) == static_cast<float>(step));
}

BOOST_AUTO_TEST_CASE(an_error_is_delivered_once_and_the_next_checkpoint_is_written) {
  const Folder folder;
  const fs::path root = folder.path / "checkpoints";
  std::ofstream(root) << "in the way";
  CheckpointWriter writer(root, 0);
  const at::Tensor weight = at::ones({4});
  writer.start(checkpoint(1, weight));
  BOOST_CHECK_THROW(writer.finish(), vhost::Error);
  writer.finish();
  writer.check();
  fs::remove(root);
  writer.start(checkpoint(2, weight));
  writer.finish();
  BOOST_TEST(stored(root, 2) == 1.0f);
}

BOOST_AUTO_TEST_CASE(the_last_checkpoint_is_written_though_the_one_before_failed) {
  const Folder folder;
  const fs::path root = folder.path / "checkpoints";
  fs::create_directories(root);
  CheckpointWriter writer(root, 0);
  Checkpoint broken = checkpoint(1, at::ones({4}));
  broken.model = {{"weight", at::ones({4}, at::kComplexFloat)}};  // no type of the format
  writer.start(broken);
  BOOST_CHECK_THROW(writer.write_last(checkpoint(2, at::ones({4}))), vhost::Error);
  BOOST_TEST(stored(root, 2) == 1.0f);
}
