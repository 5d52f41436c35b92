// What the tests of custom functions and of checkpointing share.
#pragma once
#include <ATen/autocast_mode.h>

#include <boost/test/unit_test.hpp>
#include <string>
#include <vector>

#include "service_tables.h"

namespace tables {

using Tensors = std::vector<at::Tensor>;

inline bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}
inline void check_text(const std::string& text, const std::string& part) {
  BOOST_CHECK_MESSAGE(contains(text, part), "\"" << text << "\" doesn't say \"" << part << "\"");
}

inline at::Tensor leaf(at::Tensor t) {
  return t.detach().clone().set_requires_grad(true);
}
inline void set_autocast(bool on) {
  at::autocast::set_autocast_enabled(at::kCPU, on);
  if (!on) at::autocast::clear_cache();
}

template <class Body>
std::string exception_of(Body body) {
  try {
    body();
    return "no exception";
  } catch (const c10::Error& e) {
    return e.what_without_backtrace();
  } catch (const std::exception& e) {
    return e.what();
  }
}

}  // namespace tables
