// Starts a thread that outlives it.
#include <chrono>
#include <thread>

#include "base.hpp"

namespace {

class Subject : public good::Backbone {
 public:
  Subject(const vh::Build& build, const Params& params) : good::Backbone(build, params) {
#ifndef FIXED
    std::thread([] { std::this_thread::sleep_for(std::chrono::hours(1)); }).detach();
#endif
  }
};

}  // namespace

VH_PLUGIN(vh::backbone<Subject>("subject", "A linear layer"));
