// overlay_host PACKAGE_FOLDER: the host's side as far as the ABI goes. Built twice from the loader's sources, against
// today's headers and against the next minor's; loads the plugin and says what it sees of the loss "probe".
#include <iostream>

#include "plugins/loader.h"
#include "vhost/vhost.h"

namespace {

const vh_log_1 log_table = {
    sizeof(log_table),
    0,
    [](int32_t, const char*, const char* text) { std::cout << "log: " << text << "\n"; },
    nullptr,
    nullptr,
    nullptr,
#if VH_ABI_MINOR >= 2
    [] { std::cout << "log: flushed\n"; },
#endif
};

const vh_host host_table = {
    sizeof(host_table),
    VH_ABI_MINOR,
    [](const char* id) -> const void* { return std::string(id) == VH_LOG_1 ? &log_table : nullptr; },
};

void look(const vh_loss_1& loss) {
  void* self = nullptr;
  const int32_t status = loss.create(nullptr, &self, nullptr);
  std::cout << "create: " << status << "\n";
#if VH_ABI_MINOR >= 2
  std::cout << "after_epoch: " << (VH_HAS(&loss, after_epoch) ? "there" : "absent") << "\n";
  if (VH_HAS(&loss, after_epoch)) std::cout << "after_epoch: " << loss.after_epoch(self, 1, nullptr) << "\n";
#endif
  std::cout << "normaliser: " << (VH_HAS(&loss, normaliser) ? "there" : "absent") << "\n";
}

}  // namespace

int main(int argc, char** argv) {
  try {
    if (argc != 2) throw vhost::Error("usage: overlay_host PACKAGE_FOLDER");
    std::cout << "host: " << VH_ABI_MAJOR << "." << VH_ABI_MINOR << "\n";
    const auto& plugin = vhost::load_plugin(vhost::read_package(argv[1]), &host_table);
    look(*static_cast<const vh_loss_1*>(plugin.entry->get(VH_LOSS_1, "probe")));
  } catch (const std::exception& error) {
    std::cout << "error: " << error.what() << "\n";
    return 1;
  }
}
