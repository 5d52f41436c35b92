#include "base/error.h"
#include "report/comparison.h"
#include "report/curves.h"
#include "report/loss_curve.h"
#include "report/metrics_file.h"
#include "report_fixture.h"

using namespace vhost;
using namespace vhost::report;
namespace per = boost::test_tools;

namespace {

LossCurve parsed(const std::string& text) {
  return parse_loss_curve(text, "log");
}

void check_curve(const std::string& text, const std::string& format, bool by_epoch, const std::vector<int64_t>& step,
                 const std::vector<double>& loss) {
  const LossCurve curve = parsed(text);
  BOOST_TEST_CONTEXT(format) {
    BOOST_TEST(curve.format == format);
    BOOST_TEST(curve.by_epoch == by_epoch);
    BOOST_TEST(curve.step == step, per::per_element());
    BOOST_TEST(curve.loss == loss, per::per_element());
  }
}

std::string message_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.what();
  }
  return "nothing was thrown";
}

LossCurve curve_of(const std::string& name, std::vector<int64_t> step, std::vector<double> loss) {
  LossCurve curve;
  curve.name = name, curve.format = "csv", curve.step = std::move(step), curve.loss = std::move(loss);
  return curve;
}

}  // namespace

BOOST_AUTO_TEST_CASE(each_systems_log_is_read_for_what_it_is) {
  check_curve(metrics_line(record_at(4)) + metrics_line(eval_at(4)) + metrics_line(record_at(8)), "vhost", false,
              {4, 8}, {0.25, 0.125});
  check_curve(
      "{\"lr\": 1e-4, \"loss\": 0.5, \"epoch\": 1, \"iter\": 10, \"step\": 10}\n"
      "{\"accuracy/top1\": 40.0, \"step\": 1}\n"
      "{\"lr\": 1e-4, \"loss\": 0.25, \"epoch\": 1, \"iter\": 20, \"step\": 20}\n",
      "mmengine", false, {10, 20}, {0.5, 0.25});
  check_curve(
      "[01/02 10:00:00][INFO] train_net.py: 568: Start epoch: 2\n"
      "[01/02 10:00:01][INFO] logging.py:  99: json_stats: {\"_type\": \"train_iter\", \"epoch\": \"2/30\", \"iter\": "
      "\"10/344\", \"loss\": 1.5, \"eta\": \"1:12:41\"}\n"
      "[01/02 10:00:02][INFO] logging.py:  99: json_stats: {\"_type\": \"val_iter\", \"epoch\": \"2/30\", \"iter\": "
      "\"10/20\", \"loss\": 9.0}\n"
      "[01/02 10:00:02][INFO] logging.py:  99: json_stats: {\"_type\": \"train_epoch\", \"epoch\": \"2/30\", \"loss\": "
      "1.25}\n",
      "pyslowfast", false, {354}, {1.5});
  check_curve(
      "json_stats: {\"_type\": \"train_iter\", \"epoch\": \"1e300/5\", \"iter\": \"1/10\", \"loss\": 1}\n"
      "json_stats: {\"_type\": \"train_iter\", \"epoch\": \"1/5\", \"iter\": \"1/10\", \"loss\": 2}\n",
      "pyslowfast", false, {1}, {2});
  check_curve("x json_stats: {\"_type\": \"train_epoch\", \"epoch\": \"2/30\", \"loss\": 1.25}\r\n", "pyslowfast", true,
              {2}, {1.25});
  check_curve(
      "{\"train_lr\": 1e-4, \"train_loss\": 0.75, \"train_grad_norm\": Infinity, \"epoch\": 0}\n"
      "{\"train_lr\": 1e-4, \"train_loss\": 0.5, \"train_grad_norm\": 1.5, \"epoch\": 1, \"n_parameters\": 5}\n",
      "videomae", true, {1, 2}, {0.75, 0.5});
  check_curve("wall, Loss, Step\n0,0.5,10\n1,0.25,20\n", "csv", false, {10, 20}, {0.5, 0.25});
  check_curve("epoch,loss\n1,0.5\n", "csv", true, {1}, {0.5});
  check_curve("10,0.5\r\n20,0.25", "csv", false, {10, 20}, {0.5, 0.25});
}

BOOST_AUTO_TEST_CASE(a_step_logged_again_after_a_resume_counts_once_with_its_last_loss) {
  const LossCurve curve = parsed("step,loss\n10,1\n20,2\n10,3\n");
  BOOST_TEST(curve.repeated == 1);
  BOOST_TEST(curve.loss == (std::vector<double>{3, 2}), per::per_element());
}

BOOST_AUTO_TEST_CASE(what_holds_no_loss_is_refused_by_name) {
  for (const char* text : {"", "\n\n", "{", "{}\n", "hello, world\n",
                           "\x7f"
                           "ELF\x02\x01",
                           "step,loss\n", "{\"loss\": 1}\n"})
    BOOST_TEST(contains(message_of([&] { parsed(text); }), "log: holds no loss of training: vhost's metrics.jsonl"),
               text);
  Folder folder;
  BOOST_TEST(message_of([&] { read_loss_curve(folder.path); }) ==
             folder.path.string() +
                 ": is no run: it holds none of metrics.jsonl, vis_data/scalars.json, stdout.log and log.txt");
  BOOST_TEST(message_of([&] { read_loss_curve(folder.path / "x"); }) ==
             (folder.path / "x").string() + ": no such file or folder");
}

BOOST_AUTO_TEST_CASE(of_mmengines_starts_the_newest_is_taken) {
  Folder folder;
  for (const char* start : {"20260101_000000", "20260102_000000"}) {
    fs::create_directories(folder.path / start / "vis_data");
    write_file_atomically(folder.path / start / "vis_data/scalars.json",
                          std::string("{\"loss\": ") + start[7] + ", \"step\": 1}\n");
  }
  BOOST_TEST(read_loss_curve(folder.path).loss == std::vector<double>{2}, per::per_element());
}

BOOST_AUTO_TEST_CASE(the_errors_are_means_over_the_common_steps) {
  const Comparison c =
      compare(curve_of("a", {1, 2, 3, 5}, {9, 1.1, 2.4, 4}), curve_of("b", {2, 3, 4, 5}, {1, 2, 9, 4}), {});
  BOOST_TEST(c.step == (std::vector<int64_t>{2, 3, 5}), per::per_element());
  BOOST_TEST(c.only_curve == 1);
  BOOST_TEST(c.only_reference == 1);
  BOOST_TEST(c.mre == (0.1 + 0.2 + 0) / 3, per::tolerance(1e-12));
  BOOST_TEST(c.mae == (0.1 + 0.4 + 0) / 3, per::tolerance(1e-12));
  BOOST_TEST(c.largest_at == 3);
  BOOST_TEST(!c.accepted());
}

BOOST_AUTO_TEST_CASE(the_largest_error_is_told_beside_losses_that_are_no_number) {
  const Comparison c = compare(curve_of("a", {1, 2, 3}, {NAN, 1.5, 1}), curve_of("b", {1, 2, 3}, {1, 1, 1}), {});
  BOOST_TEST((c.largest == 0.5 && c.largest_at == 2 && c.not_finite == 1 && !c.accepted()));
}

BOOST_AUTO_TEST_CASE(either_limit_accepts) {
  const LossCurve one = curve_of("a", {1}, {1.04}), small = curve_of("a", {1}, {2e-4});
  BOOST_TEST(compare(one, curve_of("b", {1}, {1}), {}).accepted());       // mre
  BOOST_TEST(compare(small, curve_of("b", {1}, {1e-4}), {}).accepted());  // mae
  BOOST_TEST(!compare(one, curve_of("b", {1}, {1}), {0.03, 0.03}).accepted());
  BOOST_TEST(compare(small, curve_of("b", {1}, {0}), {}).accepted());  // mre is infinite
}

BOOST_AUTO_TEST_CASE(a_loss_that_is_no_number_is_never_accepted) {
  const Comparison c = compare(curve_of("a", {1, 2}, {1, kNan}), curve_of("b", {1, 2}, {1, kNan}), {1e9, 1e9});
  BOOST_TEST(c.not_finite == 1);
  BOOST_TEST(!c.accepted());
  BOOST_TEST(contains(comparison_text(c), "not finite  1 of the common steps have a loss that is no number"));
  BOOST_TEST(json::parse(comparison_json(c)).at("mre") == "nan");
}

BOOST_AUTO_TEST_CASE(no_common_steps_says_what_each_has) {
  BOOST_TEST(message_of([] {
               compare(curve_of("a", {10, 20}, {1, 1}), curve_of("b", {15}, {1}), {});
             }) ==
             "no common steps: a has 2, 10 to 20; b has 1, 15 to 15; log both at the same interval (log.every_steps)");
}

BOOST_AUTO_TEST_CASE(against_a_log_of_epochs_a_run_is_averaged_over_each_epoch) {
  LossCurve run = curve_of("a", {10, 20, 30, 35}, {4, 2, 1, 7});
  run.epoch = {0.5, 1, 1.5, 1.75};  // the second epoch isn't over
  const LossCurve epochs = parsed("{\"train_loss\": 3.0, \"epoch\": 0}\n{\"train_loss\": 1.0, \"epoch\": 1}\n");
  const Comparison c = compare(run, epochs, {});
  BOOST_TEST(c.step == std::vector<int64_t>{1}, per::per_element());
  BOOST_TEST(c.mae == 0);
  BOOST_TEST(c.only_reference == 1);
  BOOST_TEST(message_of([&] { compare(curve_of("a", {1}, {1}), epochs, {}); }) ==
             "a: can't be compared by epoch: it doesn't say which epoch a step is of");
}

BOOST_AUTO_TEST_CASE(names_are_as_short_as_tells_them_apart) {
  const auto names = [](std::vector<std::string> paths) { return short_names(paths); };
  BOOST_TEST(names({"w/a", "w/b/"}) == (std::vector<std::string>{"a", "b"}), per::per_element());
  BOOST_TEST(names({"x/w/a", "y/w/a"}) == (std::vector<std::string>{"x/w/a", "y/w/a"}), per::per_element());
}
