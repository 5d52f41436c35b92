#include <vhost/media/generator.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <fstream>
#include <sstream>

namespace vh::media {
namespace {

int64_t integer(const std::string& name, const std::string& text, int64_t low, int64_t high) {
  int64_t value = 0;
  auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (status != std::errc() || *end || value < low || value > high)
    throw UsageError(name + " is '" + text + "'; want an integer from " + std::to_string(low) + " to " +
                     std::to_string(high));
  return value;
}

}  // namespace

Option text_option(const std::string& name, std::string& to) {
  return {name, [&to](const std::string& value) { to = value; }};
}
Option integer_option(const std::string& name, int64_t& to, int64_t low, int64_t high) {
  return {name, [=, &to](const std::string& value) { to = integer(name, value, low, high); }};
}
Option integer_option(const std::string& name, int& to, int low, int high) {
  return {name, [=, &to](const std::string& value) { to = static_cast<int>(integer(name, value, low, high)); }};
}

void parse_options(int argc, char** argv, const std::vector<Option>& options) {
  for (int i = 1; i < argc; ++i) {
    std::string name = argv[i], value;
    if (auto equals = name.find('='); name.starts_with("--") && equals != std::string::npos) {
      value = name.substr(equals + 1);
      name.resize(equals);
    } else if (i + 1 < argc) {
      value = argv[++i];
    } else {
      throw UsageError(name + " has no value");
    }
    auto option = std::find_if(options.begin(), options.end(), [&](const Option& o) { return o.name == name; });
    if (option == options.end()) throw UsageError("unknown option " + name);
    option->set(value);
  }
}

std::vector<std::string> parse_names(const std::string& option, const std::string& list,
                                     const std::vector<std::string>& known) {
  std::vector<std::string> names;
  std::stringstream in(list);
  for (std::string name; std::getline(in, name, ',');) {
    if (std::find(known.begin(), known.end(), name) == known.end())
      throw UsageError(option + ": there is no class '" + name + "'");
    names.push_back(name);
  }
  if (names.empty()) throw UsageError(option + " is empty");
  return names;
}

void write_file(const std::filesystem::path& path, const void* data, size_t size) {
  std::filesystem::path temporary = path.string() + ".tmp";
  std::ofstream out(temporary, std::ios::binary);
  out.write(static_cast<const char*>(data), static_cast<std::streamsize>(size));
  out.close();
  if (!out) throw std::runtime_error(temporary.string() + ": can't be written");
  std::filesystem::rename(temporary, path);
}
void write_file(const std::filesystem::path& path, const std::string& text) {
  write_file(path, text.data(), text.size());
}

std::string read_text(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

int run_generator(const char* program, const char* help, int argc, char** argv, const std::function<void()>& body) {
  auto asks = [](const std::string& argument) { return argument == "--help" || argument == "-h"; };
  if (std::any_of(argv + 1, argv + argc, asks)) return std::fputs(help, stdout), 0;
  try {
    return body(), 0;
  } catch (const UsageError& error) {
    return std::fprintf(stderr, "%s: %s (see --help)\n", program, error.what()), 2;
  } catch (const std::exception& error) {
    return std::fprintf(stderr, "%s: %s\n", program, error.what()), 1;
  }
}

}  // namespace vh::media
