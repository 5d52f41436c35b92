// foreign_dump IN OUT.safetensors: what read_foreign finds, for a test that compares it with torch.load.
#include <cstdio>

#include "checkpoint/foreign.h"
#include "checkpoint/safetensors.h"

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  try {
    const vhost::ForeignCheckpoint found = vhost::read_foreign(argv[1]);
    vhost::write_safetensors(argv[2], vhost::NamedTensors(found.tensors.begin(), found.tensors.end()));
    std::printf(
        "%s", vhost::pretty_json(vhost::json::object{{"container", found.container}, {"other", found.other}}).c_str());
    return 0;
  } catch (const vhost::Error& error) {
    std::fprintf(stderr, "error: %s\n", error.what());
    return 1;
  }
}
