#include <cmath>

#include "check/subject.h"
#include "manifest/manifest.h"

namespace vhost::check {

namespace {

const json::object& properties_of(const json::object& schema) {
  static const json::object none;
  const json::value* properties = schema.if_contains("properties");
  return properties && properties->is_object() ? properties->get_object() : none;
}

void schema(const Case& subject) {
  const json::object& schema = subject.component->schema;
  std::vector<std::string> required;
  if (const json::value* list = schema.if_contains("required"))
    for (const json::value& key : list->as_array()) required.emplace_back(key.as_string());
  for (const auto& property : properties_of(schema)) {
    const std::string key(property.key());
    const json::object& own = property.value().as_object();
    if (!own.contains("type")) throw Failed("/" + key + " has no \"type\": any value would pass");
    const json::value* text = own.if_contains("description");
    if (!text || text->as_string().empty()) throw Failed("/" + key + " has no \"description\"");
    const bool needed = std::find(required.begin(), required.end(), key) != required.end();
    if (!own.contains("default") && !needed)
      throw Failed("/" + key + " has no \"default\" and isn't in \"required\": what happens without it is unsaid");
  }
}

// With nothing but what `given` says; on the meta device where the part can.
Answer try_to_make(const Case& subject, const json::object& given, const Situation* situation) {
  Case alone = subject;
  alone.parameters = given;
  Subject part(alone);
  if (!situation) return part.create();
  return part.create(situation->in, situation->want, {.meta = part.claims(VH_CAP_META)});
}

bool has_inputs(const Case& subject) {
  return (kind_of(subject.component->interface_id) & kParts) != 0;
}

std::string how_to_give(const Case& subject) {
  return "; give it with --set " + subject.component->name + ".KEY=VALUE or in plugin.in.json (\"check\")";
}

// "" if all that the schema requires is there.
std::string missing_key(const Case& subject) {
  try {
    complete(subject);
  } catch (const Error& error) {
    if (!error.message().starts_with("missing key")) throw;
    return error.message();
  }
  return "";
}

void must_be_made(const Case& subject) {
  if (has_inputs(subject)) {
    accepted(subject);
    return;
  }
  const Answer answer = try_to_make(subject, subject.parameters, nullptr);
  if (answer.ok()) return;
  const bool dataset = kind_of(subject.component->interface_id) == kDataset;
  if (dataset && subject.parameters.empty() && !answer.pointer.empty())  // a list, as a rule
    throw Skipped("needs a parameter: " + answer.text() + how_to_give(subject));
  throw Failed(answer.text());
}

// The part with the parameters that are given for its checks, then with its defaults alone.
void defaults(const Case& subject) {
  if (const std::string missing = missing_key(subject); !missing.empty()) throw Skipped(missing + how_to_give(subject));
  must_be_made(subject);
  Case alone = subject;
  alone.parameters.clear();
  if (subject.parameters.empty() || !missing_key(alone).empty()) return;
  try {
    must_be_made(alone);
  } catch (const Failed& reason) {
    throw Failed(std::string("with its defaults alone: ") + reason.what());
  } catch (const Skipped&) {  // a dataset that was given what it needs
  }
}

double number(const json::value& value) {
  return value.to_number<double>();
}

// The values that a property allows at its edges: limits (next to them where they are open) and choices.
std::vector<json::value> edges(const json::object& own) {
  std::vector<json::value> values;
  if (const json::value* list = own.if_contains("enum"))
    for (const json::value& choice : list->as_array()) values.push_back(choice);
  const json::value* type = own.if_contains("type");
  const std::string types = type ? json::serialize(*type) : "";
  const bool whole = types.find("\"integer\"") != std::string::npos;
  if (types.find("\"boolean\"") != std::string::npos) values.insert(values.end(), {true, false});
  if (types.find("\"null\"") != std::string::npos) values.push_back(nullptr);
  const auto add = [&](const char* key, double step) {
    const json::value* limit = own.if_contains(key);
    if (!limit) return;
    const double value = number(*limit) + step * (whole ? 1 : 1e-6 * std::max(1e-3, std::abs(number(*limit))));
    values.push_back(whole ? json::value(static_cast<int64_t>(value)) : json::value(value));
  };
  add("minimum", 0);
  add("maximum", 0);
  add("exclusiveMinimum", 1);
  add("exclusiveMaximum", -1);
  return values;
}

std::string with(const std::string& key, const json::value& value) {
  return key + " = " + show_json(value) + " ";
}

// Every declared limit and choice makes a part, or is refused by the name of a parameter.
void limits(const Case& subject) {
  std::unique_ptr<Situation> situation;
  if (has_inputs(subject)) situation = std::make_unique<Situation>(accepted(subject).front());
  const json::object& properties = properties_of(subject.component->schema);
  for (const auto& property : properties) {
    for (const json::value& value : edges(property.value().as_object())) {
      json::object given = subject.parameters;
      given[property.key()] = value;
      const Answer answer = try_to_make(subject, given, situation.get());
      if (answer.ok()) continue;
      const std::string which = with(std::string(property.key()), value);
      if (answer.message.empty()) throw Failed(which + "is within its limits and refused without a message");
      if (answer.status == VH_ERR_ARGUMENT && situation) continue;  // it doesn't fit this input
      const std::vector<std::string> pointer = split_pointer(answer.pointer);
      if (pointer.empty())
        throw Failed(which +
                     "is within its limits and refused without a JSON pointer to a parameter: " + answer.text());
      if (!properties.contains(pointer[0]))
        throw Failed(which + "is refused at " + answer.pointer + ", which is no parameter: " + answer.text());
    }
  }
}

// What the schema forbids, the host refuses, with a pointer to the key.
void expect_refused(const Case& subject, const std::string& key, const json::value& value, const std::string& why) {
  try {
    complete(subject, {{key, value}});
  } catch (const Error& error) {
    if (error.json_pointer().starts_with("/" + escape_pointer(key))) return;
    throw Failed(with(key, value) + "is refused at \"" + error.json_pointer() + "\": " + error.message());
  }
  throw Failed(with(key, value) + "isn't refused: " + why);
}

void refused(const Case& subject) {
  expect_refused(subject, "no_such_parameter", 1, "the schema wants \"additionalProperties\": false");
  for (const auto& property : properties_of(subject.component->schema)) {
    const json::object& own = property.value().as_object();
    const std::string key(property.key());
    expect_refused(subject, key, json::object{{"no_such", 1}}, "its type should refuse an object");
    const auto beyond = [&](const char* limit, double step) {
      if (const json::value* value = own.if_contains(limit))
        expect_refused(subject, key, json::value(number(*value) + step), std::string("it's beyond its ") + limit);
    };
    beyond("minimum", -1);
    beyond("maximum", 1);
    beyond("exclusiveMinimum", -1);
    beyond("exclusiveMaximum", 1);
    if (own.contains("enum")) expect_refused(subject, key, "no_such_choice", "it's none of its choices");
  }
}

}  // namespace

std::vector<Check> params_checks() {
  return {{"params.schema", kAll, schema},
          {kDefaults, kAll, defaults},
          {"params.limits", kAll, limits},
          {"params.refused", kAll, refused}};
}

}  // namespace vhost::check
