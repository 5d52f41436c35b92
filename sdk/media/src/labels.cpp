#include <vhost/media/labels.h>
#include <vhost/media/source.h>
#include <vhost/random.h>

#include <algorithm>
#include <cinttypes>
#include <cstdio>

namespace vh::media {

int64_t count_classes(int64_t wanted, int64_t largest_label, size_t names, const std::string& from) {
  int64_t classes = wanted ? wanted : std::max(largest_label + 1, static_cast<int64_t>(names));
  if (largest_label >= classes)
    throw OptionError("/classes", str("is ", classes, ", but ", from, " has the label ", largest_label));
  return classes;
}

void Fingerprint::add(const std::string& name, int64_t label) {
  hash_ = vh_hash3(hash_, vh_hash_text(name.c_str()), static_cast<uint64_t>(label));
  ++n_;
}

std::string Fingerprint::text() const {
  char text[64];
  std::snprintf(text, sizeof text, "n=%" PRId64 " hash=%016" PRIx64, n_, hash_);
  return text;
}

}  // namespace vh::media
