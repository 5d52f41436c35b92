// vh_specs: specs with their strings, owned by the host. No LibTorch here.
#pragma once
#include <deque>
#include <string>
#include <vector>

#include "vhost/spec.h"

namespace vhost {

// One spec with the strings it points to. Copyable: the pointers always point into this object.
struct Spec {
  Spec() = default;
  explicit Spec(const vh_spec& spec);  // copies; missing newer fields are zero
  std::string key, semantic, axes;
  mutable vh_spec c{};          // c.key etc. are set by view()
  const vh_spec* view() const;  // valid as long as this object is neither moved nor changed
  std::string str() const;      // "features.0 tokens [B,1568,384] of all tokens, grid 8x14x14"
};

}  // namespace vhost

// The opaque type of the ABI.
struct vh_specs {
  std::deque<vhost::Spec> list;
  const vhost::Spec* find(const std::string& key) const;
  vhost::Spec& add(const vhost::Spec& spec);  // replaces one of the same key; specs without a key are all kept
};

namespace vhost {

// A sink that collects into a vh_specs. Refuses (VH_ERR_ARGUMENT) what is no spec: rank outside 0..8, axes of another
// length than rank; `problem` then says why, since a sink has no error of its own.
struct SpecCollector : vh_spec_sink {
  explicit SpecCollector(vh_specs& into);
  SpecCollector(const SpecCollector&) = delete;
  vh_specs& into;
  std::string problem;
};

struct TextCollector : vh_text_sink {
  TextCollector();
  TextCollector(const TextCollector&) = delete;
  std::string text;
};

}  // namespace vhost
