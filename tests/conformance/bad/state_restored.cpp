// Takes a signal for itself.
#include <csignal>

#include "base.hpp"

namespace {

class Subject : public good::Backbone {
 public:
  Subject(const vh::Build& build, const Params& params) : good::Backbone(build, params) {
#ifndef FIXED
    std::signal(SIGINT, SIG_IGN);
#endif
  }
};

}  // namespace

VH_PLUGIN(vh::backbone<Subject>("subject", "A linear layer"));
