#include <boost/test/unit_test.hpp>

#include "manifest/manifest.h"

BOOST_AUTO_TEST_SUITE(manifest_tests)

BOOST_AUTO_TEST_CASE(a_whole_manifest_is_valid_and_gets_its_defaults) {
  vhost::Manifest manifest = vhost::parse_manifest(R"({
  "vhost": 1, "name": "videomae-small-pretrain", "task": "pretrain", "seed": 0,
  "plugins": {"videomae": "^1.0", "kinetics": ">=1.1 <2"}, // ranges
  "data": {"train": {"use": "kinetics/clips", "list": "data/train.txt"}, "batch": 8},
  "model": {"backbone": {"use": "videomae/vit"}, "heads": {"main": {"use": "videomae/decoder"}}},
  "mask": {"use": "videomae/tube", "ratio": 0.9},
  "target": {"use": "videomae/pixels"},
  "losses": [{"use": "videomae/mse", "head": "main"}],
  "optimizer": {"type": "adamw", "lr": 1.5e-4, "betas": [0.9, 0.95]},
  "schedule": {"epochs": 800, "warmup_epochs": 40, "type": "cosine"},
  "precision": "bf16"})", "dir/exp.json", {"data.batch=16"});
  validate_host(manifest);
  BOOST_TEST(manifest.integer("/data/batch") == 16);
  BOOST_TEST_MESSAGE(vhost::pretty_json(manifest.root));
  BOOST_TEST_MESSAGE(vhost::manifest_reference());
  vhost::check_schema(vhost::host_schema(), "schema.json", "");
}

BOOST_AUTO_TEST_SUITE_END()
