#include <cstdio>
#include <iostream>

#include "cli/commands.h"
#include "engine/checkpoint_api.h"

namespace vhost {

namespace {

constexpr size_t kMostGroups = 30;

std::string with_commas(int64_t number) {
  std::string text = std::to_string(number);
  for (int64_t at = static_cast<int64_t>(text.size()) - 3; at > 0; at -= 3) text.insert(static_cast<size_t>(at), ",");
  return text;
}

std::string text_of(const json::value& value) {
  return value.is_string() ? std::string(value.get_string()) : canonical_json(value);
}

std::string text_or_none(const json::value& value) {
  return value.is_null() ? "not there" : text_of(value);
}

// Spaces behind it up to `width` columns, one byte each: names beyond ASCII may stand a little off.
std::string padded(std::string text, size_t width) {
  if (text.size() < width) text.append(width - text.size(), ' ');
  return text;
}

size_t longest(const json::array& list, const char* key) {
  size_t width = 0;
  for (const json::value& entry : list) width = std::max(width, entry.at(key).as_string().size());
  return width;
}

std::string counted(const json::value& number, const std::string& thing) {
  const int64_t n = number.to_number<int64_t>();
  return with_commas(n) + " " + thing + (n == 1 ? "" : "s");
}

void print_counts(const char* title, const json::object& entries) {
  size_t width = 0, shown = 0;
  for (const auto& entry : entries) width = std::max(width, entry.key().size());
  for (const auto& [name, entry] : entries) {
    if (shown == kMostGroups) {
      std::cout << padded("", 12) << "and " << entries.size() - shown << " more\n";
      return;
    }
    std::cout << padded(shown++ ? "" : title, 12) << padded(std::string(name), width) << "  "
              << counted(entry.at("tensors"), "tensor") << ", " << counted(entry.at("elements"), "element") << "\n";
  }
}

void print_inspection(const std::string& file, const json::object& report) {
  std::cout << padded("file", 12) << file << "\n";
  std::cout << padded("container", 12) << text_of(report.at("container")) << "\n";
  std::cout << padded("tensors", 12) << with_commas(report.at("tensors").to_number<int64_t>()) << "\n";
  std::cout << padded("parameters", 12) << with_commas(report.at("parameters").as_int64()) << ", "
            << with_commas(report.at("bytes").as_int64()) << " bytes\n";
  print_counts("types", report.at("types").as_object());
  print_counts("groups", report.at("groups").as_object());
  const json::array& list = report.at("list").as_array();
  if (!list.empty()) std::cout << "\n";
  const size_t width = longest(list, "name");
  for (const json::value& tensor : list)
    std::cout << padded(text_of(tensor.at("name")), width) << "  " << padded(text_of(tensor.at("type")), 8) << "  "
              << text_of(tensor.at("shape")) << "\n";
  const json::object& other = report.at("other").as_object();
  if (!other.empty()) std::cout << "\nother\n";
  for (const auto& [name, value] : other) std::cout << "  " << name << ": " << text_of(value) << "\n";
}

void print_names(const std::string& title, const json::array& names) {
  if (!names.empty()) std::cout << title << " (" << names.size() << ")\n";
  for (const json::value& name : names) std::cout << "  " << text_of(name) << "\n";
}

void print_pairs(const std::string& title, const json::array& list) {
  if (!list.empty()) std::cout << title << " (" << list.size() << ")\n";
  const size_t width = longest(list, "name");
  for (const json::value& entry : list)
    std::cout << "  " << padded(text_of(entry.at("name")), width) << "  " << text_or_none(entry.at("a")) << " | "
              << text_or_none(entry.at("b")) << "\n";
}

std::string scientific(const json::value& value) {
  if (value.is_null()) return "no number";
  char text[32];
  std::snprintf(text, sizeof text, "%.3g", value.to_number<double>());
  return text;
}

void print_values(const json::array& list) {
  if (!list.empty()) std::cout << "other values (" << list.size() << "): largest difference, over the largest value\n";
  const size_t width = longest(list, "name");
  for (const json::value& entry : list)
    std::cout << "  " << padded(text_of(entry.at("name")), width) << "  " << padded(scientific(entry.at("absolute")), 9)
              << "  " << padded(scientific(entry.at("relative")), 9) << "  " << counted(entry.at("unequal"), "element")
              << "\n";
}

bool same(const json::object& diff) {
  for (const char* key : {"only_a", "only_b", "shapes", "types", "values", "unread"})
    if (!diff.at(key).as_array().empty()) return false;
  return true;
}

void print_diff(const std::string& a, const std::string& b, const json::object& diff) {
  print_names("only in " + a, diff.at("only_a").as_array());
  print_names("only in " + b, diff.at("only_b").as_array());
  print_pairs("other shapes", diff.at("shapes").as_array());
  print_pairs("other types", diff.at("types").as_array());
  print_values(diff.at("values").as_array());
  print_pairs("not compared, as they can't be read", diff.at("unread").as_array());
  std::cout << counted(diff.at("equal"), "equal tensor") << "\n";
}

int open_door(const Options& options, const std::string& command, json::object& report) {
  const CheckpointRequest request{command, options.files, options.output, &report};
  return reinterpret_cast<decltype(&vhost_engine_checkpoint)>(engine_door("vhost_engine_checkpoint"))(&request);
}

}  // namespace

int checkpoint_command(const Options& options) {
  const std::string command = options.command.substr(options.command.find(' ') + 1);
  json::object report;
  if (const int code = open_door(options, command, report); code != 0) return code;
  const int code = command == "diff" && !same(report) ? 1 : 0;
  if (options.json)
    std::cout << pretty_json(report) << "\n";
  else if (command == "inspect")
    print_inspection(options.files[0], report);
  else if (command == "diff")
    print_diff(options.files[0], options.files[1], report);
  else
    std::cout << options.output << ": the mean of " << options.files.size() << " checkpoints, "
              << counted(report.at("tensors"), "tensor") << ", " << counted(report.at("parameters"), "parameter")
              << "\n";
  return code;
}

}  // namespace vhost
