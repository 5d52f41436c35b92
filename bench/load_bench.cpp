// load_bench FOLDER | --dlopen FOLDER: milliseconds that load_plugin takes for the package in FOLDER once the libraries
// that it links are there, or a plain dlopen of its library in their place.
#include <dlfcn.h>

#include <chrono>
#include <iostream>
#include <stdexcept>

#include "base/files.h"
#include "plugins/elf_needed.h"
#include "plugins/loader.h"
#include "services/services.h"

namespace {

void open(const std::string& library) {
  if (!dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL)) throw std::runtime_error(dlerror());
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const bool plain = argc > 2 && std::string(argv[1]) == "--dlopen";
    const vhost::Package package = vhost::read_package(argv[argc - 1]);
    const auto needed = vhost::parse_elf_dynamic(vhost::read_file(package.library), package.library.string()).needed;
    for (const std::string& library : needed) open(library);
    const vh_host* host = vhost::host_table();
    const auto start = std::chrono::steady_clock::now();
    plain ? open(package.library) : static_cast<void>(vhost::load_plugin(package, host));
    std::cout << std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count() << "\n";
  } catch (const std::exception& error) {
    std::cerr << "error: " << error.what() << "\n";
    return 1;
  }
  return 0;
}
