// `vhost compare` and `vhost report`: exit codes, what they print and write.
#include <boost/json.hpp>
#include <boost/test/unit_test.hpp>
#include <fstream>
#include <sstream>

#include "run_program.h"

namespace {

using namespace vhost::test;
namespace fs = std::filesystem;

struct Runs {
  Runs() {
    write("a/metrics.jsonl", run(1.02));
    write("b/metrics.jsonl", run(1));
    write("far/metrics.jsonl", run(1.2));
    write("scalars.json", "{\"loss\": 2.0, \"step\": 10}\n{\"loss\": 1.0, \"step\": 20}\n");
    for (const char* name : {"a", "b"})
      write(std::string(name) + "/record.json", std::string(R"({"config_sha256": "0", "manifest": {"name": ")") + name +
                                                    R"(", "optimizer": {"lr": )" + (*name == 'a' ? "0.1" : "0.2") +
                                                    R"(, "type": "adamw"}},
                "data": {"/data/train": {"fingerprint": "8 clips <same>"}}})");
  }

  std::string run(double factor) const {
    std::string out;
    for (int step = 10; step <= 20; step += 10)
      out += "{\"kind\":\"step\",\"step\":" + std::to_string(step) +
             ",\"epoch\":1,\"loss\":" + std::to_string(factor * 20 / step) +
             ",\"lr\":1e-4,\"scalars\":{},\"time\":{\"samples_per_second\":8}}\n";
    return out + R"({"kind":"eval","step":20,"epoch":1,"split":"eval","samples":8,"metrics":{"top1":75.0},"time":{}})" +
           "\n";
  }
  void write(const std::string& name, const std::string& text) const {
    fs::create_directories((folder.path() / name).parent_path());
    std::ofstream(folder.path() / name) << text;
  }
  std::string at(const std::string& name) const { return (folder.path() / name).string(); }
  std::string read(const std::string& name) const {
    std::ostringstream out;
    out << std::ifstream(folder.path() / name).rdbuf();
    return out.str();
  }
  Scratch folder;
};

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

BOOST_AUTO_TEST_SUITE(compare_tests)

BOOST_FIXTURE_TEST_CASE(the_verdict_is_the_exit_code, Runs) {
  const Ran near = vhost::test::vhost({"compare", at("a"), at("scalars.json")});
  BOOST_TEST(near.code == 0);
  BOOST_TEST(contains(near.out, "compared    2 common steps, 10 to 20\n"));
  BOOST_TEST(contains(near.out, "mre         0.02000"));
  BOOST_TEST(contains(near.out, "\naccepted\n"));
  const Ran far = vhost::test::vhost({"compare", at("far"), at("b"), "--json"});
  BOOST_TEST(far.code == 1);
  BOOST_TEST(!boost::json::parse(far.out).at("accepted").as_bool());
  BOOST_TEST(vhost::test::vhost({"compare", at("far"), at("b"), "--mre", "0.25"}).code == 0);
  for (const char* limit : {"nan", "-1", "much"}) {
    const Ran wrong = vhost::test::vhost({"compare", at("a"), at("b"), "--mre", limit});
    BOOST_TEST(wrong.code == 2);
    BOOST_TEST(contains(wrong.err, std::string(limit) + ": a number from 0 on is wanted"));
  }
}

BOOST_FIXTURE_TEST_CASE(the_plot_is_of_the_kind_that_its_name_says, Runs) {
  for (const auto& [name, begin] : {std::pair("p.svg", "<svg"), {"p.png", "\x89PNG"}, {"p.html", "<!DOCTYPE html>"}}) {
    const Ran ran = vhost::test::vhost({"compare", at("a"), at("b"), "-o", at(name)});
    BOOST_TEST(ran.code == 0, ran.err);
    BOOST_TEST(read(name).starts_with(begin), name);
  }
  BOOST_TEST(contains(read("p.html"), "<td>/optimizer/lr</td>"));
  const Ran wrong = vhost::test::vhost({"compare", at("a"), at("b"), "-o", at("p.pdf")});
  BOOST_TEST(wrong.code == 1);
  BOOST_TEST(contains(wrong.err, "p.pdf: a name that ends in .svg, .png or .html is wanted"));
}

BOOST_FIXTURE_TEST_CASE(what_is_no_run_is_refused_by_name, Runs) {
  write("empty/readme", "");
  write("other.csv", "step,loss\n7,1\n");
  for (const auto& [name, message] : {std::pair("empty", "empty: is no run: it holds none of metrics.jsonl"),
                                      {"gone", "gone: no such file or folder"},
                                      {"empty/readme", "readme: holds no loss of training"},
                                      {"other.csv", "no common steps: "}}) {
    const Ran ran = vhost::test::vhost({"compare", at("a"), at(name)});
    BOOST_TEST(ran.code == 1);
    BOOST_TEST(contains(ran.err, message), ran.err);
  }
  BOOST_TEST(vhost::test::vhost({"compare", at("a")}).code == 2);
}

BOOST_FIXTURE_TEST_CASE(a_report_shows_final_figures_and_what_differs, Runs) {
  const Ran ran = vhost::test::vhost({"report", at("a"), at("b"), at("scalars.json"), "-o", at("r.html")});
  BOOST_TEST(ran.code == 0, ran.err);
  BOOST_TEST(contains(ran.out, "eval top1"));
  const std::string page = read("r.html");
  BOOST_TEST(contains(page, "<tr><td>/optimizer/lr</td><td>0.1</td><td>0.2</td></tr>"));
  BOOST_TEST(!contains(page, "<td>/optimizer/type</td>"));
  BOOST_TEST(contains(page, "2 other values of manifest, data, plugins and machine are the same."));
  BOOST_TEST(contains(page, "<td>75.00 %</td>"));
  BOOST_TEST(contains(page, "scalars.json (mmengine)"));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
