// From a manifest's parts to installed packages and components; still nothing is opened.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "manifest/manifest.h"
#include "plugins/lock.h"
#include "plugins/package.h"

namespace vhost {

// What a name under /plugins stands for.
struct ResolvedPlugin {
  std::string name;                  // in the manifest: the plugin's own, or an alias
  std::string plugin, range;         // "toy", "^1.0"
  std::string pointer;               // of the entry under /plugins, or of the first "use" where there is none
  const Package* package = nullptr;  // lies in the Found that was given
};

struct ResolvedPart {
  std::string pointer;                   // "/model/heads/main"
  const Package* package = nullptr;      // both lie in the Found that was given
  const Component* component = nullptr;  // component->interface_id is what the place wants
};

struct Resolution {
  std::vector<ResolvedPlugin> plugins;  // by name
  std::vector<ResolvedPart> parts;      // in the order of each_part
  Lock lock;                            // of `plugins`: what the lock file must say
  std::vector<std::string> changes;     // from the lock file to `lock`, a line each; none = the file is right
  std::vector<std::string> notes;       // to be said: newer versions that the lock keeps away, ranges that overrule it

  const ResolvedPart& part(const std::string& pointer) const;  // throws Error if the manifest has none there
};

// The lock file's part in it.
struct LockPolicy {
  std::filesystem::path file;       // for messages
  std::optional<Lock> lock;         // nullopt = there is no such file
  bool locked = false;              // --locked: an error where the lock would change
  bool update_all = false;          // --update: as if the file held nothing
  std::vector<std::string> update;  // --update NAME: as if it didn't hold these
};

// The one place that takes the parts' "use" and the names of /plugins apart. A name stands for the highest version of
// its range that is installed, or for the locked one as long as the range admits that. Every plugin in /plugins must be
// installed, used or not. Each part's component must serve the interface that its place wants; its parameters are
// checked against the component's schema, and defaults filled in (the host's own keys skipped).
// Throws Error with the manifest's file:line:column and pointer at the first that is wrong; locked packages that are
// missing or others than locked are named all at once.
Resolution resolve_manifest(Manifest& manifest, const Found& found, const LockPolicy& policy = {});

}  // namespace vhost
