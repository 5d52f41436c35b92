// Key maps: how another project names a model's tensors, as a file that a plugin ships (docs/keymaps.md). One file
// serves both directions.
#pragma once
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "keymaps/pattern.h"
#include "plugins/package.h"

namespace vhost {

// Names on one side of a rule. Several are rows (parts along axis 0) of one tensor on the other side, in this order;
// "" = rows that are zero and not stored.
using Side = std::vector<std::string>;

struct KeyRule {
  Side from, to;                      // patterns: theirs, ours; at most one of the two has several
  std::vector<int64_t> theirs, ours;  // shapes where they differ, -1 = what remains; empty = as it is
  enum class Kernel { same, flat, either };
  Kernel kernel = Kernel::same;      // of ours in 3-D: theirs is 2-D (flat), or may be where it comes in (either)
  std::string spare;                 // why a model may lack it; empty = a model without it is an error
  std::vector<std::string> heads;    // only for models with one of these heads, or where `option` is taken; ...
  std::string option, because;       // ... else it is left out, and this is why
  std::vector<std::string> exports;  // only for these --to; empty = all of the map's
  std::string rows_as;               // out: only if ours has as many rows as this tensor of ours; empty = always
};

// Where they count blocks anew in each stage: stages.S.blocks.B. of theirs is blocks.N. in the rules.
struct Stages {
  std::string stage, block;  // "stages", "blocks"
  std::string width;         // of ours, by block {i}: longer where a stage begins
};

struct IgnoredKey {
  std::string key, because;
  bool zero = false;  // what is left out must be zero
};

struct Detection {
  std::vector<std::string> has, lacks;                                // patterns
  std::map<std::string, std::vector<std::optional<int64_t>>> shapes;  // by name
  bool model_only = false;                                            // considered only where the backbone is known
};

// A JSON file that the project wants beside its weights. Each value has alternatives, of which the first that is known
// is written: docs/keymaps.md.
struct ConfigFile {
  std::string file, weights;  // "config.json", beside "model.safetensors"
  json::object values;
};

struct KeyMap {
  std::string family, title, backbone;
  std::vector<std::string> heads, exports, under;
  Variables variables;
  Detection detect;
  std::vector<KeyRule> rules;
  std::vector<IgnoredKey> ignored;
  std::optional<Stages> stages;
  std::optional<ConfigFile> config;
  std::string plugin;          // that ships it
  std::filesystem::path file;  // that it was read from
};

// Reads and checks one file. Throws Error naming the file, line and key.
KeyMap read_keymap(const std::filesystem::path& file, const std::string& plugin);
KeyMap parse_keymap(std::string_view text, const std::filesystem::path& file, const std::string& plugin);

// The text with the name of a model's head in place of each {head}.
std::string with_head(std::string text, const std::string& head);

// All of <package>/keymaps/*.json, in the order of packages and then of names.
std::vector<KeyMap> keymaps_of(const std::vector<const Package*>& packages);

}  // namespace vhost
