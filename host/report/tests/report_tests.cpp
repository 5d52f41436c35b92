#include <pty.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <vhost/log.h>

#include <boost/property_tree/ptree.hpp>
#include <boost/property_tree/xml_parser.hpp>
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <limits>
#include <sstream>
#include <thread>

#include "base/error.h"
#include "base/files.h"
#include "report/chart.h"
#include "report/curves.h"
#include "report/format.h"
#include "report/metrics_file.h"
#include "report/page.h"
#include "report/terminal.h"
#include "sample_run.h"

using namespace vhost;
using namespace vhost::report;
namespace fs = std::filesystem;

namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN(), kInf = std::numeric_limits<double>::infinity();

struct Folder {
  fs::path path;
  Folder() {
    std::string name = (fs::temp_directory_path() / "vhost-report-XXXXXX").string();
    BOOST_REQUIRE(mkdtemp(name.data()));
    path = name;
  }
  ~Folder() { fs::remove_all(path); }
};

// What is written to stdout while this lives.
class Captured {
 public:
  Captured() : old_(dup(STDOUT_FILENO)), file_(std::tmpfile()) { dup2(fileno(file_), STDOUT_FILENO); }
  ~Captured() { restore(); }
  std::string text() {
    restore();
    std::rewind(file_);
    std::string out;
    for (int c; (c = std::fgetc(file_)) != EOF;) out += static_cast<char>(c);
    return out;
  }

 private:
  void restore() {
    if (old_ < 0) return;
    dup2(old_, STDOUT_FILENO);
    close(old_);
    old_ = -1;
  }
  int old_;
  std::FILE* file_;
};

RunLog::Options options_of(const Folder& folder, bool append = false, int64_t resume_step = 0) {
  RunLog::Options options;
  options.work_dir = folder.path;
  options.title = "sample";
  options.append = append;
  options.resume_step = resume_step;
  return options;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

StepRecord record_at(int64_t step) {
  StepRecord r;
  r.step = step;
  r.total_steps = 100;
  r.epoch = static_cast<double>(step) / 10;
  r.epochs = 10;
  r.loss = 1.0 / static_cast<double>(step);
  r.lr = 1.5e-4;
  r.scalars = {{"loss.main", r.loss}, {"grad_norm", 0.1 + 0.2}, {"time.forward", 0.25}};
  r.samples_per_second = 12.5;
  r.data_wait = 0.015;
  r.eta_seconds = 754;
  return r;
}

EvalRecord eval_at(int64_t step) {
  return {step, static_cast<double>(step) / 10, "eval", {{"loss", 0.5}, {"top1", 81.25}, {"top5", 99.5}}, 400, 3.5};
}

void parse_xml(const std::string& text) {
  std::istringstream in(text);
  boost::property_tree::ptree tree;
  BOOST_REQUIRE_NO_THROW(boost::property_tree::read_xml(in, tree));
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != text.npos; }

size_t count_of(const std::string& text, const std::string& part) {
  size_t count = 0;
  for (size_t at = 0; (at = text.find(part, at)) != text.npos; at += part.size()) ++count;
  return count;
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

struct NumberRow {
  double value;
  const char* text;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(format)

BOOST_AUTO_TEST_CASE(numbers_keep_four_digits_and_never_vanish) {
  for (const NumberRow& row : {NumberRow{0.43211, "0.4321"}, {12.3, "12.30"}, {0.01234, "0.01234"}, {1234.56, "1235"}, {0.0, "0"},
                               {1.234e-5, "1.234e-5"}, {-2.5e-12, "-2.500e-12"}, {3.5e8, "3.500e8"}, {123456, "123456"},
                               {kNan, "nan"}, {kInf, "inf"}, {-kInf, "-inf"}})
    BOOST_TEST(format_number(row.value) == row.text);
}

BOOST_AUTO_TEST_CASE(learning_rates_are_short) {
  for (const NumberRow& row : {NumberRow{1.5e-4, "1.5e-4"}, {1e-3, "1e-3"}, {0.05, "0.05"}, {0, "0"}, {1.23456e-7, "1.235e-7"},
                               {0.1, "0.1"}, {6.4e-10, "6.4e-10"}})
    BOOST_TEST(format_lr(row.value) == row.text);
}

BOOST_AUTO_TEST_CASE(durations_are_readable) {
  for (const NumberRow& row : {NumberRow{0, "0 s"}, {0.25, "250 ms"}, {3.25, "3.2 s"}, {45, "45 s"}, {59.6, "1 min 00 s"},
                               {750, "12 min 30 s"}, {7500, "2 h 05 min"}, {86400 * 3 + 3600 * 4, "3 d 04 h"}, {-1, "?"},
                               {kNan, "?"}, {kInf, "?"}})
    BOOST_TEST(format_duration(row.value) == row.text);
}

BOOST_AUTO_TEST_CASE(the_live_line_fits_every_width) {
  const StepRecord record = record_at(37);
  for (const bool unicode : {true, false})
    for (const bool color : {true, false})
      for (int columns = 1; columns < 240; ++columns) {
        const std::string line = live_line(record, {columns, unicode, color});
        BOOST_TEST(text_columns(line) <= std::max(1, columns - 1), columns << " columns: " << line);
      }
  const std::string wide = live_line(record, {160, /*unicode=*/false, /*color=*/false});
  for (const char* part : {"[###########-------------------]", "37 %", "epoch 3.70/10", "step 37/100", "loss 0.02703", "lr 1.5e-4",
                           "12.5 samples/s", "wait 2 %", "eta 12 min 34 s"})
    BOOST_TEST(contains(wide, part), part << " in: " << wide);
  const std::string narrow = live_line(record, {40, /*unicode=*/false, /*color=*/false});
  BOOST_TEST(narrow == "[###-------]  step 37/100  loss 0.02703");
}

BOOST_AUTO_TEST_CASE(records_without_totals_or_sense_still_print) {
  StepRecord empty;
  BOOST_TEST(step_line(empty) == "epoch 0.00  step 0  loss 0  lr 0  0 samples/s  data wait 0 %  eta 0 s");
  StepRecord odd = record_at(5);
  odd.loss = kNan;
  odd.eta_seconds = kInf;
  odd.data_wait = kNan;
  odd.samples_per_second = kNan;
  BOOST_TEST(contains(step_line(odd), "loss nan  grad_norm 0.3000"));
  BOOST_TEST(contains(step_line(odd), "? samples/s  data wait ?  eta ?"));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(metrics)

BOOST_AUTO_TEST_CASE(a_line_reads_back_exactly) {
  StepRecord record = record_at(3);
  record.scalars["a \"name\"\n"] = 5e-324;
  const std::string line = metrics_line(record);
  BOOST_TEST(line.back() == '\n');
  BOOST_TEST(count_of(line, "\n") == 1u);
  const json::object object = json::parse(line).as_object();
  BOOST_TEST(object.at("kind").as_string() == "step");
  BOOST_TEST(object.at("step").as_int64() == 3);
  BOOST_TEST(object.at("loss").to_number<double>() == 1.0 / 3.0);
  BOOST_TEST(object.at("scalars").at("grad_norm").to_number<double>() == 0.1 + 0.2);
  BOOST_TEST(object.at("scalars").at("a \"name\"\n").to_number<double>() == 5e-324);
  BOOST_TEST(!object.at("scalars").as_object().contains("time.forward"));
  BOOST_TEST(object.at("time").at("time.forward").to_number<double>() == 0.25);
  const json::value eval = json::parse(metrics_line(eval_at(10)));
  BOOST_TEST(eval.at("metrics").at("top1").to_number<double>() == 81.25);
  BOOST_TEST(eval.at("time").at("seconds").to_number<double>() == 3.5);
}

BOOST_AUTO_TEST_CASE(two_runs_differ_under_time_only) {
  StepRecord a = record_at(3), b = record_at(3);
  b.samples_per_second = 99;
  b.data_wait = 0.5;
  b.eta_seconds = 1;
  b.scalars["time.forward"] = 9;
  const auto without_time = [](const StepRecord& r) {
    json::object object = json::parse(metrics_line(r)).as_object();
    object.erase("time");
    return json::serialize(object);
  };
  BOOST_TEST(metrics_line(a) != metrics_line(b));
  BOOST_TEST(without_time(a) == without_time(b));
}

BOOST_AUTO_TEST_CASE(non_finite_values_are_strings_and_come_back) {
  StepRecord record = record_at(3);
  record.loss = kNan;
  record.lr = -kInf;
  record.scalars["grad_norm"] = kInf;
  const std::string line = metrics_line(record);
  BOOST_TEST(contains(line, "\"loss\":\"nan\",\"lr\":\"-inf\""));
  StepRecord back;
  keep_metrics(line, 10, [&](const StepRecord& r) { back = r; }, [](const EvalRecord&) {});
  BOOST_TEST(std::isnan(back.loss));
  BOOST_TEST(back.lr == -kInf);
  BOOST_TEST(back.scalars.at("grad_norm") == kInf);
  BOOST_TEST(back.scalars.at("time.forward") == 0.25);
  BOOST_TEST(back.samples_per_second == 12.5);
}

BOOST_AUTO_TEST_CASE(resuming_drops_later_records_and_the_torn_last_line) {
  Folder folder;
  Captured out;
  {
    RunLog log(options_of(folder));
    for (int step = 1; step <= 9; ++step) log.step(record_at(step));
    log.eval(eval_at(6));
    log.eval(eval_at(9));
  }
  const fs::path path = folder.path / "metrics.jsonl";
  const std::string before = read_file(path);
  BOOST_TEST(lines_of(before).size() == 11u);
  std::ofstream(path, std::ios::app) << "no json\n{\"kind\":\"step\",\"st";
  std::ofstream(folder.path / "log.txt", std::ios::app) << "a torn li";
  {
    RunLog log(options_of(folder, /*append=*/true, /*resume_step=*/6));
    log.eval(eval_at(6));  // repeated after the restart: not written twice
    for (int step = 7; step <= 8; ++step) log.step(record_at(step));
    log.finish("finished");
  }
  std::vector<int64_t> steps;
  const std::string after = read_file(path);
  for (const std::string& line : lines_of(after)) {
    const json::value record = json::parse(line);
    steps.push_back(record.at("step").as_int64() * (record.at("kind").as_string() == "eval" ? -1 : 1));
  }
  const std::vector<int64_t> wanted{1, 2, 3, 4, 5, 6, -6, 7, 8};
  BOOST_TEST(steps == wanted, boost::test_tools::per_element());
  BOOST_TEST(before.substr(0, 200) == after.substr(0, 200));
  const std::string log = read_file(folder.path / "log.txt");
  BOOST_TEST(contains(log, "step 9/100"));
  BOOST_TEST(contains(log, "a torn li\n"));
  BOOST_TEST(contains(log, "resumed at step 6; metrics.jsonl: 4 later records dropped"));
  BOOST_TEST(contains(log, "1 unreadable lines dropped"));
  BOOST_TEST(contains(read_file(folder.path / "report.html"), "1 unreadable lines dropped"));
}

BOOST_AUTO_TEST_CASE(a_fresh_run_replaces_what_was_there) {
  Folder folder;
  Captured out;
  for (int run = 0; run < 2; ++run) {
    RunLog log(options_of(folder));
    log.step(record_at(1));
    log.finish("finished");
  }
  BOOST_TEST(lines_of(read_file(folder.path / "metrics.jsonl")).size() == 1u);
  const auto events = fs::directory_iterator(folder.path / "tensorboard");
  BOOST_TEST(std::distance(begin(events), end(events)) == 1);
}

BOOST_AUTO_TEST_CASE(a_work_dir_that_cannot_be_written_is_named) {
  Folder folder;
  std::ofstream(folder.path / "file") << "x";
  RunLog::Options options;
  options.work_dir = folder.path / "file" / "run";
  BOOST_CHECK_EXCEPTION(RunLog{options}, Error, [&](const Error& e) { return contains(e.what(), options.work_dir.string()); });
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(terminal)

BOOST_AUTO_TEST_CASE(without_a_terminal_every_record_is_a_plain_line) {
  Captured out;
  {
    RunLog log({});
    log.message(VH_LOG_INFO, "host", "plugins loaded\n");
    log.message(VH_LOG_WARN, "kinetics", "a.mp4: broken");
    log.message(VH_LOG_DEBUG, "host", "unseen");
    log.tick(record_at(1));
    log.step(record_at(2));
    log.eval(eval_at(2));
    log.finish("interrupted at step 2");
  }
  const std::vector<std::string> lines = lines_of(out.text());
  BOOST_REQUIRE(lines.size() == 5u);
  BOOST_TEST(lines[0] == "host: plugins loaded");
  BOOST_TEST(lines[1] == "warning: kinetics: a.mp4: broken");
  BOOST_TEST(lines[2] == "epoch 0.20/10  step 2/100  loss 0.5000  grad_norm 0.3000  time.forward 0.2500  lr 1.5e-4  12.5 samples/s"
                         "  data wait 2 %  eta 12 min 34 s");
  BOOST_TEST(lines[3] == "eval at step 2, epoch 0.20:  loss 0.5000  top1 81.25 %  top5 99.50 %  (400 samples in 3.5 s)");
  BOOST_TEST(contains(lines[4], "interrupted at step 2 after "));
  for (const std::string& line : lines) BOOST_TEST(!contains(line, "\x1b"));
}

BOOST_AUTO_TEST_CASE(at_a_terminal_one_line_is_redrawn_below_the_messages) {
  int screen = -1, program = -1;
  winsize size{24, 72, 0, 0};
  BOOST_REQUIRE(openpty(&screen, &program, nullptr, nullptr, &size) == 0);
  setenv("TERM", "xterm", 1);
  setenv("NO_COLOR", "1", 1);
  const int old = dup(STDOUT_FILENO);
  dup2(program, STDOUT_FILENO);
  {
    RunLog log({});
    for (int i = 1; i <= 1000; ++i) log.tick(record_at(1));
    log.step(record_at(2));
    log.message(VH_LOG_INFO, "", "a message");
    log.finish("finished");
  }
  dup2(old, STDOUT_FILENO);
  close(old);
  close(program);
  std::string text;
  char buffer[4096];
  for (ssize_t n; (n = read(screen, buffer, sizeof buffer)) > 0;) text.append(buffer, static_cast<size_t>(n));
  close(screen);
  BOOST_TEST(count_of(text, "step 1/100") <= 3u);  // 10 a second, however many ticks
  BOOST_TEST(contains(text, "\r\x1b[Ka message\r\n"));
  const size_t message = text.find("a message"), again = text.find("step ", message);
  BOOST_TEST(again != text.npos);
  BOOST_TEST(count_of(text, "\n") == 2u);  // the message and the last line
  BOOST_TEST(contains(text, "\r\x1b[Kfinished after "));
}

BOOST_AUTO_TEST_CASE(short_set_up_work_prints_nothing_in_plain_output) {
  Captured out;
  {
    RunLog log({});
    for (int i = 0; i <= 100; ++i) log.progress("scanning videos", i, 100);
  }
  BOOST_TEST(out.text() == "");
}

BOOST_AUTO_TEST_CASE(many_threads_may_report_at_once) {
  Folder folder;
  Captured out;
  {
    RunLog log(options_of(folder));
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t)
      threads.emplace_back([&log, t] {
        for (int i = 0; i < 200; ++i) {
          log.message(VH_LOG_WARN, "worker", "sample " + std::to_string(t * 1000 + i) + " is broken");
          log.progress("scan", i, 1000);
        }
      });
    for (int step = 1; step <= 200; ++step) log.step(record_at(step));
    for (std::thread& thread : threads) thread.join();
    log.finish("finished");
  }
  for (const std::string& line : lines_of(out.text()))
    BOOST_TEST((contains(line, "warning: worker: sample ") || contains(line, "epoch ") || contains(line, "finished")), line);
  BOOST_TEST(count_of(read_file(folder.path / "log.txt"), "is broken\n") == 800u);
  BOOST_TEST(contains(read_file(folder.path / "report.html"), "and 700 more in log.txt"));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(pages)

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
    log.picture("missing", folder.path / "none.png");
    log.finish("finished");
  }
  for (const char* name : {"loss", "accuracy", "lr"}) parse_xml(read_file(folder.path / "curves" / (std::string(name) + ".svg")));
  const std::string page = read_file(folder.path / "report.html");
  check_self_contained(page);
  BOOST_TEST(contains(page, "&lt;b&gt;&quot;a&quot; &amp; b&lt;/b&gt; \xEF\xBF\xBD\xEF\xBF\xBD"));
  BOOST_TEST(contains(page, "vit &lt;tiny&gt;"));
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
  for (const std::vector<double>& values : {std::vector<double>{0.5}, {0.0}, {2, 2, 2}, {kNan}, {kNan, kInf, -kInf}, {1, kNan, 1e30},
                                            {-1e300, 1e300}, {1e-12, 1e-12}, {5e-324, 1}, {-3, -3}}) {
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

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_CASE(a_step_costs_microseconds) {
  Folder folder;
  Captured out;
  constexpr int kSteps = 20000;
  std::mt19937_64 random(1);
  std::vector<StepRecord> records;
  for (int step = 1; step <= kSteps; ++step) records.push_back(sample_step(step, kSteps, 10, random));
  double seconds = 0;
  {
    RunLog log(options_of(folder));
    log.step(records[0]);
    const auto start = std::chrono::steady_clock::now();
    for (const StepRecord& record : records) {
      log.tick(record);
      if (record.step % 10 == 0) log.step(record);
    }
    seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    log.finish("finished");
  }
  out.text();
  const double microseconds = 1e6 * seconds / kSteps;
  BOOST_TEST_MESSAGE("step every 10, tick each: " << microseconds << " us a step");
  BOOST_TEST(microseconds < 20);
}
