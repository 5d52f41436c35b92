// The commands of README.md work, in the order in which they stand there, and print what it shows.
#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <fstream>
#include <sstream>

#include "run_program.h"

namespace {

using namespace vhost::test;
namespace fs = std::filesystem;

struct Command {
  std::string text;
  std::vector<std::string> shown;  // output lines; "..." stands for any text within a line, or alone for any lines
};

// The commands ("$ ...") in the fenced blocks of the kind "console".
std::vector<Command> commands_of(const fs::path& path) {
  std::ifstream file(path);
  std::vector<Command> commands;
  bool inside = false;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("```")) {
      inside = line == "```console";
    } else if (inside && line.starts_with("$ ")) {
      commands.push_back({line.substr(2), {}});
    } else if (inside && !commands.empty()) {
      commands.back().shown.push_back(line);
    }
  }
  return commands;
}

// These take minutes, install things, or fetch this repository; that they
// exist and explain themselves is checked instead.
bool is_long(const std::string& text) {
  return text.starts_with("tools/") || text.starts_with("git ");
}

std::vector<std::string> lines_of(const std::string& text) {
  std::istringstream stream(text);
  std::vector<std::string> lines;
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

// A folder that looks like a checkout with a release build, without copying either.
void imitate_checkout(const fs::path& folder) {
  for (const char* name : {"plugins", "sdk", "tools", "docs", "bench"})
    fs::create_symlink(source_folder() / name, folder / name);
  fs::create_directory(folder / "build");
  fs::create_symlink(vhost_program().parent_path().parent_path(), folder / "build/release");
}

BOOST_AUTO_TEST_SUITE(readme_tests)

BOOST_AUTO_TEST_CASE(its_commands_work_and_print_what_it_shows) {
  if (!has_engine()) {
    BOOST_TEST_MESSAGE("skipped: this build has no engine");
    return;
  }
  const Scratch scratch;
  imitate_checkout(scratch.path());
  const std::vector<Command> commands = commands_of(source_folder() / "README.md");
  BOOST_TEST(commands.size() >= 6u);
  std::string exported;
  for (const Command& command : commands) {
    if (command.text.starts_with("export ")) exported += command.text + "\n";
    if (is_long(command.text)) continue;
    const Ran ran = run({"bash", "-c", exported + command.text}, scratch.path());
    BOOST_TEST_CONTEXT("$ " << command.text) {
      BOOST_TEST(ran.code == 0, "exit " << ran.code << ", said: " << ran.out << ran.err);
      const std::vector<std::string> printed = lines_of(ran.out);
      auto at = printed.begin();
      for (const std::string& shown : command.shown) {
        if (shown == "...") continue;
        at = std::find_if(at, printed.end(), [&](const std::string& line) { return matches(line, shown); });
        BOOST_TEST((at != printed.end()), "does not print: " << shown << "\nbut: " << ran.out);
        if (at == printed.end()) break;
        ++at;
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(the_tools_it_names_explain_themselves) {
  for (const Command& command : commands_of(source_folder() / "README.md")) {
    if (!command.text.starts_with("tools/")) continue;
    const std::string tool = command.text.substr(0, command.text.find(' '));
    const Ran ran = run({source_folder() / tool, "--help"});
    BOOST_TEST(ran.code == 0, tool);
    BOOST_TEST(ran.out.starts_with("Usage: " + tool), ran.out);
  }
}

BOOST_AUTO_TEST_CASE(the_files_it_links_to_exist) {
  std::ifstream file(source_folder() / "README.md");
  const std::string text = (std::ostringstream() << file.rdbuf()).str();
  int links = 0;
  for (size_t at = text.find("]("); at != std::string::npos; at = text.find("](", at + 1), ++links) {
    const std::string target = text.substr(at + 2, text.find(')', at) - at - 2);
    if (target.starts_with("http")) continue;
    BOOST_TEST(fs::exists(source_folder() / target.substr(0, target.find('#'))), target);
  }
  BOOST_TEST(links >= 5);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
