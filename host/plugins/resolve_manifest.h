// From a manifest's parts to installed packages and components; still nothing is opened.
#pragma once
#include <string>
#include <vector>

#include "manifest/manifest.h"
#include "plugins/package.h"

namespace vhost {

struct ResolvedPart {
  std::string pointer;                   // "/model/heads/main"
  const Package* package = nullptr;      // both lie in the Found that was given
  const Component* component = nullptr;  // component->interface_id is what the place wants
};

// Resolves every part: its plugin (the range of /plugins/NAME, or any version), its component for the interface that
// the place wants, its parameters against the component's schema, with defaults filled in (the host's own keys
// skipped). Every plugin in /plugins must be installed, used or not. In the order of each_part. Throws Error with the
// manifest's file:line:column and pointer at the first that is wrong.
std::vector<ResolvedPart> validate_parts(Manifest& manifest, const Found& found);

}  // namespace vhost
