#include <pty.h>
#include <sys/ioctl.h>
#include <vhost/log.h>

#include <fstream>
#include <thread>

#include "base/error.h"
#include "report/format.h"
#include "report/metrics_file.h"
#include "report_fixture.h"

using namespace vhost;
using namespace vhost::report;

namespace {

struct NumberRow {
  double value;
  const char* text;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(format)

BOOST_AUTO_TEST_CASE(numbers_keep_four_digits_and_never_vanish) {
  for (const NumberRow& row : {NumberRow{0.43211, "0.4321"},
                               {12.3, "12.30"},
                               {0.01234, "0.01234"},
                               {1234.56, "1235"},
                               {0.0, "0"},
                               {1.234e-5, "1.234e-5"},
                               {-2.5e-12, "-2.500e-12"},
                               {3.5e8, "3.500e8"},
                               {123456, "123456"},
                               {kNan, "nan"},
                               {kInf, "inf"},
                               {-kInf, "-inf"}})
    BOOST_TEST(format_number(row.value) == row.text);
}

BOOST_AUTO_TEST_CASE(learning_rates_are_short) {
  for (const NumberRow& row : {NumberRow{1.5e-4, "1.5e-4"},
                               {1e-3, "1e-3"},
                               {0.05, "0.05"},
                               {0, "0"},
                               {1.23456e-7, "1.235e-7"},
                               {0.1, "0.1"},
                               {6.4e-10, "6.4e-10"},
                               {1e300, "1e300"}})
    BOOST_TEST(format_lr(row.value) == row.text);
}

BOOST_AUTO_TEST_CASE(losses_fall_whatever_their_heads_are_called) {
  BOOST_TEST((higher_is_better("top1") && higher_is_better("f1_macro") && is_percentage("top5")));
  for (const char* loss : {"loss", "loss.acc", "loss.f1", "loss.top1"})
    BOOST_TEST((!higher_is_better(loss) && !is_percentage(loss)), loss);
}

BOOST_AUTO_TEST_CASE(durations_are_readable) {
  for (const NumberRow& row : {NumberRow{0, "0 s"},
                               {0.25, "250 ms"},
                               {3.25, "3.2 s"},
                               {45, "45 s"},
                               {59.6, "1 min 00 s"},
                               {750, "12 min 30 s"},
                               {7500, "2 h 05 min"},
                               {86400 * 3 + 3600 * 4, "3 d 04 h"},
                               {-1, "?"},
                               {kNan, "?"},
                               {kInf, "?"}})
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
  for (const char* part : {"[###########-------------------]", "37 %", "epoch 3.70/10", "step 37/100", "loss 0.02703",
                           "lr 1.5e-4", "12.5 samples/s", "wait 2 %", "eta 12 min 34 s"})
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
  keep_metrics(
      line, 10, [&](const StepRecord& r) { back = r; }, [](const EvalRecord&) {});
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
  BOOST_CHECK_EXCEPTION(RunLog{options}, Error,
                        [&](const Error& e) { return contains(e.what(), options.work_dir.string()); });
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
  BOOST_TEST(lines[2] ==
             "epoch 0.20/10  step 2/100  loss 0.5000  grad_norm 0.3000  time.forward 0.2500  lr 1.5e-4  12.5 samples/s"
             "  data wait 2 %  eta 12 min 34 s");
  BOOST_TEST(lines[3] ==
             "eval at step 2, epoch 0.20:  loss 0.5000  top1 81.25 %  top5 99.50 %  (400 samples in 3.5 s)");
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
    BOOST_TEST((contains(line, "warning: worker: sample ") || contains(line, "epoch ") || contains(line, "finished")),
               line);
  BOOST_TEST(count_of(read_file(folder.path / "log.txt"), "is broken\n") == 800u);
  BOOST_TEST(contains(read_file(folder.path / "report.html"), "and 700 more in log.txt"));
}

BOOST_AUTO_TEST_SUITE_END()
