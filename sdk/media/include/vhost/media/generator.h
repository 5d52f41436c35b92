// What programs that write generated sets share: options on the command line, small files, the errors at the end of
// main.
#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

namespace vh::media {

// The command line is wrong: what() names the option and what it wants.
struct UsageError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// "--name value" or "--name=value".
struct Option {
  std::string name;                                   // "--train"
  std::function<void(const std::string& value)> set;  // throws UsageError
};
Option text_option(const std::string& name, std::string& to);
// Refuses what isn't an integer from low to high.
Option integer_option(const std::string& name, int64_t& to, int64_t low, int64_t high);
Option integer_option(const std::string& name, int& to, int low, int high);

// Throws UsageError: an option that isn't there, or has no value.
void parse_options(int argc, char** argv, const std::vector<Option>& options);

// "a,b" without blanks around; throws UsageError if a name isn't among `known`, or none is given.
std::vector<std::string> parse_names(const std::string& option, const std::string& list,
                                     const std::vector<std::string>& known);

// Under a temporary name first, so that `path` is whole or missing.
void write_file(const std::filesystem::path& path, const void* data, size_t size);
void write_file(const std::filesystem::path& path, const std::string& text);
std::string read_text(const std::filesystem::path& path);  // "" if it can't be read

// Body of main: prints `help` if --help or -h is among the arguments, else runs `body`. 2 after a UsageError, 1 after
// any other exception, whose text goes to stderr with the program's name.
int run_generator(const char* program, const char* help, int argc, char** argv, const std::function<void()>& body);

}  // namespace vh::media
