#include "keymaps/schema.h"

namespace vhost {

namespace {

constexpr const char* kSchema = R"json({
  "type": "object", "additionalProperties": false, "required": ["family", "title", "backbone", "detect", "rules"], "properties": {
    "family": {"type": "string", "pattern": "^[a-z0-9]+([-_.][a-z0-9]+)*$", "title": "a name of a-z, 0-9 and hyphens", "description": "Name of the family, for init.family and messages."},
    "title": {"type": "string", "minLength": 1, "description": "Whose files these are, for people."},
    "backbone": {"type": "string", "pattern": "^[a-z0-9_]+/[a-z0-9_]+$", "title": "PLUGIN/COMPONENT", "description": "The backbone whose weights the files hold."},
    "heads": {"type": "array", "default": [], "items": {"type": "string"}, "description": "Heads whose weights they may hold besides, PLUGIN/COMPONENT."},
    "export": {"type": ["string", "array"], "default": [], "items": {"type": "string"}, "description": "Names for --to under which this map writes."},
    "under": {"type": ["string", "array"], "default": [""], "minItems": 1, "items": {"type": "string"}, "description": "Where in the file the weights may lie: model, module, state_dict."},
    "variables": {"type": "object", "default": {}, "additionalProperties": {"type": "array", "minItems": 1, "items": {"type": "string", "minLength": 1}}, "description": "What {name} may stand for in patterns."},
    "detect": {"type": "object", "additionalProperties": false, "required": ["has"], "description": "How a file of this family is told from others.", "properties": {
      "has": {"type": "array", "minItems": 1, "items": {"type": "string", "minLength": 1}, "description": "Patterns that must each match a name."},
      "lacks": {"type": "array", "default": [], "items": {"type": "string", "minLength": 1}, "description": "Patterns that may match none."},
      "shapes": {"type": "object", "default": {}, "additionalProperties": {"type": "array", "items": {"type": ["integer", "null"]}}, "description": "Shapes by name; null = any size."},
      "model_only": {"type": "boolean", "default": false, "description": "Considered only where the backbone is known from a manifest."}}},
    "rules": {"type": "array", "minItems": 1, "description": "From their names to ours, the first that fits.", "items": {
      "type": "object", "additionalProperties": false, "required": ["from", "to"], "properties": {
        "from": {"type": ["string", "array"], "minItems": 1, "minLength": 1, "items": {"type": ["string", "null"]}, "description": "Their name, or the names whose rows make ours; null = rows of zeros."},
        "to": {"type": ["string", "array"], "minItems": 1, "minLength": 1, "items": {"type": ["string", "null"]}, "description": "Our name, or the names that share their rows; null = rows that must be zero."},
        "reshape": {"type": "object", "additionalProperties": false, "required": ["theirs", "ours"], "description": "Shapes that differ in how they are written; -1 = what remains.", "properties": {
          "theirs": {"type": "array", "minItems": 1, "items": {"type": "integer", "minimum": -1}, "description": "In their files."},
          "ours": {"type": "array", "minItems": 1, "items": {"type": "integer", "minimum": -1}, "description": "In ours."}}},
        "kernel": {"type": "string", "enum": ["2d", "2d or 3d"], "description": "Their convolution's kernel where ours is 3-D."},
        "spare": {"type": "string", "minLength": 1, "description": "Why a model may do without it; else that is an error."},
        "heads": {"type": "array", "default": [], "items": {"type": "string"}, "description": "Only for models with one of these heads; the others keep their own."},
        "option": {"type": "string", "minLength": 1, "description": "Name in init.take that applies the rule to models with other heads too."},
        "because": {"type": "string", "minLength": 1, "description": "Why models with other heads do without."},
        "rows_as": {"type": "string", "minLength": 1, "description": "Going out, only if ours has as many rows as this tensor of ours."},
        "export": {"type": ["string", "array"], "default": [], "items": {"type": "string"}, "description": "Only for these --to; none = all of the map's."}}}},
    "stages": {"type": "object", "additionalProperties": false, "required": ["stage", "block", "width"], "description": "Blocks that they count anew in each stage; the rules see them counted through.", "properties": {
      "stage": {"type": "string", "minLength": 1, "description": "What a stage's number follows."},
      "block": {"type": "string", "minLength": 1, "description": "What a block's number follows, in theirs and in the rules."},
      "width": {"type": "string", "minLength": 1, "description": "The tensor of our block {i} that is longer where a stage begins."}}},
    "config": {"type": "object", "additionalProperties": false, "required": ["file", "beside", "values"], "description": "A JSON file that export writes beside the weights.", "properties": {
      "file": {"type": "string", "minLength": 1, "description": "Its name."},
      "beside": {"type": "string", "minLength": 1, "description": "The name that the weights must have there."},
      "values": {"type": "object", "description": "By key, the alternatives: the first that is known is written.", "additionalProperties": {"type": "array", "minItems": 1, "items": {
        "type": "object", "additionalProperties": false, "properties": {
          "if": {"type": "string", "minLength": 1, "description": "Only if a tensor of ours has such a name."},
          "unless": {"type": "string", "minLength": 1, "description": "Only if none has."},
          "value": {"type": ["string", "number", "integer", "boolean", "array", "object"], "description": "This."},
          "axis": {"type": "array", "minItems": 2, "maxItems": 2, "items": {"type": ["string", "integer"]}, "description": "The size of a tensor of ours: its name, the axis."},
          "per": {"type": "integer", "minimum": 1, "description": "Instead, the largest number of parts of at least so many that divides it."},
          "count": {"type": "string", "minLength": 1, "description": "How many tensors of ours have such a name."},
          "param": {"type": "array", "minItems": 1, "items": {"type": "string"}, "description": "The first of these places of the manifest that has a value."},
          "words": {"type": "object", "additionalProperties": {"type": ["string", "number", "integer", "boolean"]}, "description": "What its words stand for."},
          "labels": {"type": "string", "minLength": 1, "description": "The names of the classes by number, as many as this tensor of ours has rows."},
          "label_ids": {"type": "string", "minLength": 1, "description": "The numbers by name."}}}}}}},
    "ignore": {"type": "array", "default": [], "description": "What is left out of their files.", "items": {
      "type": "object", "additionalProperties": false, "required": ["key", "because"], "properties": {
        "key": {"type": "string", "minLength": 1, "description": "Pattern of the names."},
        "because": {"type": "string", "minLength": 1, "description": "Why."},
        "zero": {"type": "boolean", "default": false, "description": "It must be zero; else the file is refused."}}}}
  }
})json";

}  // namespace

const json::object& keymap_schema() {
  static const json::object schema = json::parse(kSchema).as_object();
  return schema;
}

}  // namespace vhost
