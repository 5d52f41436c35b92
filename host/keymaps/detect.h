// Whose a checkpoint is, told by its names.
#pragma once
#include <optional>

#include "checkpoint/foreign.h"
#include "keymaps/keymap.h"

namespace vhost {

struct Family {
  const KeyMap* map = nullptr;  // lies in the maps that were given
  std::map<std::string, at::Tensor>
      tensors;        // by their names: below `under`, wrappers' module. and _orig_mod. taken off
  std::string under;  // "state_dict"; "" = the file's root
  std::map<std::string, std::string> unread;  // as ForeignCheckpoint has it, by their names
};

struct FamilyWish {
  std::string forced;    // a family, or PLUGIN/family; "" = by the names
  std::string backbone;  // "videomae/vit"; "" = unknown
  std::string file;      // for messages
  std::string key;       // that forces a family: "init.family", "--family"
};

// nullopt = the names are of no family. Throws Error if they are of several, of a family for another backbone, if
// the forced one isn't there, or if two names become one without what wrappers put in front.
std::optional<Family> find_family(const ForeignCheckpoint& from, const std::vector<KeyMap>& maps,
                                  const FamilyWish& wish);

// Of a file of no family: what was looked for, map by map, and what there is.
Error no_family(const ForeignCheckpoint& from, const std::vector<KeyMap>& maps, const FamilyWish& wish);

// The first few, with the number of the others: "\"a\", \"b\" and 7 more".
std::string some_of(const std::vector<std::string>& names, size_t most = 3);

}  // namespace vhost
