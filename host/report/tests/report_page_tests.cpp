#include <vhost/log.h>

#include <boost/property_tree/ptree.hpp>
#include <boost/property_tree/xml_parser.hpp>

#include "report/curves.h"
#include "report/page.h"
#include "report_fixture.h"

using namespace vhost;
using namespace vhost::report;

namespace {

void parse_xml(const std::string& text) {
  std::istringstream in(text);
  boost::property_tree::ptree tree;
  BOOST_REQUIRE_NO_THROW(boost::property_tree::read_xml(in, tree));
}

// Nothing in the page may be fetched: no resource attribute, import or url() that is not inline.
void check_self_contained(const std::string& page) {
  for (const char* wanted : {"src=\"", "href=\"", "url("}) {
    for (size_t at = 0; (at = page.find(wanted, at)) != page.npos;) {
      at += std::string(wanted).size();
      const std::string target = page.substr(at, 5);
      BOOST_TEST((target == "data:" || target[0] == '#'), "the page refers to " << page.substr(at, 60));
    }
  }
  BOOST_TEST(!contains(page, "@import"));
  BOOST_TEST(!contains(page, "<link"));
}

}  // namespace

BOOST_AUTO_TEST_CASE(curves_are_well_formed_and_the_page_stands_alone) {
  Folder folder;
  Captured out;
  {
    RunLog log(options_of(folder));
    std::mt19937_64 random(1);
    for (int64_t step = 1; step <= 200; ++step) {
      log.step(sample_step(step, 200, 4, random));
      if (step % 50 == 0) log.eval(sample_eval(sample_step(step, 200, 4, random)));
    }
    log.message(VH_LOG_WARN, "kinetics", "<b>\"a\" & b</b> \x01\xff");
    log.summary({{"backbone", "vit <tiny>"}}, json::parse(R"({"name":"sample","text":"</script><script>"})"));
    log.origin("0153fed3", json::parse(R"({"plugins": {"old": {"plugin": "toy", "range": "<1", "version": "0.9.0",
      "sha256": "41d2c8a1aec9188962bd", "schemas": "3140acc2abb64732771c"}}})"));
    log.picture("missing", folder.path / "none.png");
    log.finish("finished");
  }
  for (const char* name : {"loss", "accuracy", "lr"})
    parse_xml(read_file(folder.path / "curves" / (std::string(name) + ".svg")));
  const std::string page = read_file(folder.path / "report.html");
  check_self_contained(page);
  BOOST_TEST(contains(page, "&lt;b&gt;&quot;a&quot; &amp; b&lt;/b&gt; \xEF\xBF\xBD\xEF\xBF\xBD"));
  BOOST_TEST(contains(page, "vit &lt;tiny&gt;"));
  BOOST_TEST(contains(page, "<td>old</td><td>toy</td><td>&lt;1</td><td>0.9.0</td><td>41d2c8a1aec9</td>"));
  BOOST_TEST(contains(page, "Config sha256: 0153fed3"));
  BOOST_TEST(contains(page, "none.png: No such file or directory"));
  BOOST_TEST(contains(page, "best "));
  BOOST_TEST(!contains(page, "</script><script>\""));
  BOOST_TEST(count_of(page, "<script") == count_of(page, "</script>"));
}

BOOST_AUTO_TEST_CASE(an_empty_run_has_a_report) {
  Folder folder;
  Captured out;
  {
    RunLog log(options_of(folder));
    log.finish("failed: /data/train: empty list");
  }
  const std::string page = read_file(folder.path / "report.html");
  check_self_contained(page);
  BOOST_TEST(contains(page, "failed: /data/train: empty list"));
  const std::string svg = read_file(folder.path / "curves/loss.svg");
  parse_xml(svg);
  BOOST_TEST(contains(svg, "no data yet"));
  BOOST_TEST(read_file(folder.path / "metrics.jsonl").empty());
}

BOOST_AUTO_TEST_CASE(a_run_that_throws_leaves_a_report_that_says_where_it_stopped) {
  Folder folder;
  Captured out;
  { RunLog(options_of(folder)).step(record_at(17)); }
  BOOST_TEST(contains(read_file(folder.path / "report.html"), "stopped at step 17"));
}

BOOST_AUTO_TEST_CASE(curves_of_one_point_of_constants_and_of_nothing_finite_are_drawn) {
  for (const std::vector<double>& values : {std::vector<double>{0.5},
                                            {0.0},
                                            {2, 2, 2},
                                            {kNan},
                                            {kNan, kInf, -kInf},
                                            {1, kNan, 1e30},
                                            {-1e300, 1e300},
                                            {1e-12, 1e-12},
                                            {5e-324, 1},
                                            {-3, -3}}) {
    History history;
    for (size_t i = 0; i < values.size(); ++i) {
      StepRecord record = record_at(static_cast<int64_t>(i) + 1);
      record.loss = record.lr = values[i];
      record.scalars = {{"top1", values[i]}, {"extra", values[i]}};
      history.add(record);
    }
    for (const Chart& chart : run_charts(history)) {
      const std::string svg = chart_svg(chart);
      parse_xml(svg);
      BOOST_TEST(!contains(svg, "nan\""), "first value " << values[0] << ": " << chart.id);
      BOOST_TEST(!contains(svg, "inf"), "first value " << values[0] << ": " << chart.id);
      BOOST_REQUIRE_NO_THROW(json::parse(chart_json(chart)));
      BOOST_TEST(value_axis(chart).ticks.size() < 30u);
    }
  }
}

BOOST_AUTO_TEST_CASE(non_finite_losses_are_marked) {
  History history;
  for (int step = 1; step <= 50; ++step) {
    StepRecord record = record_at(step);
    if (step >= 40) record.loss = kNan;
    history.add(record);
  }
  const Chart loss = run_charts(history)[0];
  BOOST_TEST(loss.not_finite_at.size() == 11u);
  BOOST_TEST(contains(chart_svg(loss), "class=\"bad\""));
}

BOOST_AUTO_TEST_CASE(a_loss_over_decades_gets_a_log_axis) {
  History history;
  for (int step = 1; step <= 30; ++step) {
    StepRecord record = record_at(step);
    record.loss = std::pow(10.0, 1 - 0.15 * step);
    history.add(record);
  }
  const Axis axis = value_axis(run_charts(history)[0]);
  BOOST_TEST(axis.log);
  const std::vector<std::string> wanted{"0.001", "0.01", "0.1", "1", "10"};
  BOOST_TEST(axis.labels == wanted, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(ticks_are_round_and_labelled_with_the_digits_they_need) {
  Chart chart;
  chart.curves = {{"a", 0, Curve::Style::kLine, {1, 48000}, {0.2, 0.93}, {}, {}}};
  const std::vector<std::string> y{"0.2", "0.4", "0.6", "0.8"}, x{"0", "10k", "20k", "30k", "40k"};
  BOOST_TEST(value_axis(chart).labels == y, boost::test_tools::per_element());
  BOOST_TEST(step_axis(chart).labels == x, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_million_points_stay_small_and_keep_their_extremes) {
  History history;
  std::mt19937_64 random(3);
  for (int64_t step = 1; step <= 1000000; ++step) {
    StepRecord record;
    record.step = step;
    record.loss = step == 777777 ? 50 : 1 + 1.0 / static_cast<double>(step);
    history.add(record);
  }
  const Series& loss = history.steps.at("loss");
  BOOST_TEST(loss.points() == 1000000);
  BOOST_TEST(loss.buckets().size() <= Series::kMaxBuckets);
  BOOST_TEST(loss.highest() == 50);
  double highest = 0, sum = 0;
  int64_t count = 0;
  for (const Series::Bucket& bucket : loss.buckets()) {
    highest = std::max(highest, bucket.high);
    sum += bucket.mean * static_cast<double>(bucket.count);
    count += bucket.count;
  }
  BOOST_TEST(highest == 50);
  BOOST_TEST(count == 1000000);
  double wanted = 49.0 - 1.0 / 777777.0;
  for (int64_t step = 1; step <= 1000000; ++step) wanted += 1 + 1.0 / static_cast<double>(step);
  BOOST_TEST(std::fabs(sum - wanted) < 1e-6 * wanted);
  size_t bytes = 0;
  for (const Chart& chart : run_charts(history)) bytes += chart_svg(chart).size() + chart_json(chart).size();
  BOOST_TEST(bytes < 1000000u);
}

BOOST_AUTO_TEST_CASE(base64_is_rfc_4648) {
  BOOST_TEST(base64("") == "");
  BOOST_TEST(base64("f") == "Zg==");
  BOOST_TEST(base64("fo") == "Zm8=");
  BOOST_TEST(base64("foobar") == "Zm9vYmFy");
}
