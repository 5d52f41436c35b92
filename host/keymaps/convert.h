// From another project's names and shapes to ours, and back, by a key map.
#pragma once
#include <ATen/ATen.h>

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "keymaps/keymap.h"

namespace vhost {

struct ConvertRequest {
  std::string head = "main";                   // what {head} stands for
  std::vector<std::string> components;         // of the model's heads; empty = unknown, and every rule applies
  std::optional<std::set<std::string>> model;  // our names that the model has; nullopt = unknown, and all are wanted
  std::string prefix;                          // of our names that are wanted
  std::set<std::string> options;               // see KeyRule::option
  std::string export_as;                       // of to_theirs: the name in --to
  std::string file;                            // for messages
};

struct Converted {
  std::map<std::string, at::Tensor> tensors;
  std::map<std::string, std::string> sources;                 // by our name: theirs, the first of several
  std::vector<std::pair<std::string, std::string>> left_out;  // their name, and why
  std::vector<std::string> unexpected;                        // their names that nothing is known of
  std::set<std::string> fresh;                                // our names that the map leaves as they were made
};

// Tells the request the model's heads, (name, component) each: {head} is the first that the map knows, or else the
// first.
void name_heads(ConvertRequest& request, const KeyMap& map,
                const std::vector<std::pair<std::string, std::string>>& heads);

// What was left out, by the reason.
std::map<std::string, std::vector<std::string>> left_out_by_reason(const Converted& converted);

// Throws Error where values can't be carried over without loss: parts of a tensor that are missing or of other shapes,
// rows that aren't zero where nothing takes them, sizes that a rule doesn't expect.
Converted to_ours(const KeyMap& map, const std::map<std::string, at::Tensor>& theirs, const ConvertRequest& request);

// Throws Error besides for tensors that have no name there, listing them.
std::map<std::string, at::Tensor> to_theirs(const KeyMap& map, const std::map<std::string, at::Tensor>& ours,
                                            const ConvertRequest& request);

}  // namespace vhost
