// The files of sdk/template, embedded at build time: what `vhost plugin new` writes.
#pragma once
#include <span>
#include <string_view>

namespace vhost {

struct TemplateFile {
  std::string_view path;  // "loss/src/plugin.cpp"
  std::string_view text;
};
std::span<const TemplateFile> template_files();

}  // namespace vhost
