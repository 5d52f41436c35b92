#include "manifest/manifest.h"

namespace vhost {
namespace {

// root is an object, not a value, so the first step is taken here.
template <class Value, class Object>
Value* find_in(Object& root, std::string_view pointer) {
  if (pointer.empty() || pointer[0] != '/') return nullptr;
  const size_t end = std::min(pointer.find('/', 1), pointer.size());
  const auto member = root.find(split_pointer(pointer.substr(0, end)).at(0));
  return member == root.end() ? nullptr : find_pointer(member->value(), pointer.substr(end));
}

void visit(Manifest& manifest, const std::string& pointer,
           const std::function<void(const std::string&, json::object&)>& fn) {
  json::value* value = manifest.find(pointer);
  if (value && value->is_object() && value->get_object().contains("use")) fn(pointer, value->get_object());
}

// An escaped copy of the keys, since fn may change the object.
std::vector<std::string> keys_of(const json::value* value) {
  std::vector<std::string> keys;
  if (value && value->is_object())
    for (const auto& member : value->get_object()) keys.push_back(escape_pointer(member.key()));
  if (value && value->is_array())
    for (size_t i = 0; i < value->get_array().size(); ++i) keys.push_back(std::to_string(i));
  return keys;
}

bool starts_with(std::string_view text, std::string_view prefix) {
  return text.substr(0, prefix.size()) == prefix;
}

}  // namespace

Location Manifest::where(std::string_view pointer) const {
  for (std::string at(pointer);;) {
    const auto place = places.find(at);
    if (place != places.end()) return place->second;
    if (at.empty()) return Location{path.string(), 0, 0};
    at.resize(std::min(at.rfind('/'), at.size() - 1));
  }
}

const json::value* Manifest::find(std::string_view pointer) const {
  return find_in<const json::value>(root, pointer);
}
json::value* Manifest::find(std::string_view pointer) {
  return find_in<json::value>(root, pointer);
}

const json::value& Manifest::at(std::string_view pointer) const {
  if (const json::value* value = find(pointer)) return *value;
  throw error(std::string(pointer), "is missing");
}

int64_t Manifest::integer(std::string_view pointer) const {
  const json::value& value = at(pointer);
  if (value.is_int64()) return value.get_int64();
  throw error(std::string(pointer), "must be an integer, not " + show_json(value));
}

double Manifest::number(std::string_view pointer) const {
  const json::value& value = at(pointer);
  if (value.is_number()) return value.to_number<double>();
  throw error(std::string(pointer), "must be a number, not " + show_json(value));
}

bool Manifest::boolean(std::string_view pointer) const {
  const json::value& value = at(pointer);
  if (value.is_bool()) return value.get_bool();
  throw error(std::string(pointer), "must be true or false, not " + show_json(value));
}

std::string Manifest::string(std::string_view pointer) const {
  const json::value& value = at(pointer);
  if (value.is_string()) return std::string(value.get_string());
  throw error(std::string(pointer), "must be a string, not " + show_json(value));
}

bool Manifest::has(std::string_view pointer) const {
  const json::value* value = find(pointer);
  return value && !value->is_null();
}

void each_part(Manifest& manifest, const std::function<void(const std::string&, json::object&)>& fn) {
  for (const char* pointer : {"/data/train", "/data/eval", "/data/predict", "/model/backbone"})
    visit(manifest, pointer, fn);
  for (const std::string& head : keys_of(manifest.find("/model/heads"))) visit(manifest, "/model/heads/" + head, fn);
  for (const char* pointer : {"/mask", "/target"}) visit(manifest, pointer, fn);
  for (const std::string& loss : keys_of(manifest.find("/losses"))) visit(manifest, "/losses/" + loss, fn);
}

Use read_use(const Manifest& manifest, const std::string& part) {
  const json::value& use = manifest.at(part + "/use");
  const std::string wanted = "\"plugin/component\" is wanted, e.g. \"videomae/vit\"";
  if (!use.is_string()) throw manifest.error(part + "/use", wanted + ", not " + json::serialize(use));
  const std::string text(use.get_string());
  const size_t slash = text.find('/');
  if (slash == 0 || slash == std::string::npos || slash + 1 == text.size() ||
      text.find('/', slash + 1) != std::string::npos)
    throw manifest.error(part + "/use", wanted + ", not \"" + text + "\"");
  return {text.substr(0, slash), text.substr(slash + 1)};
}

std::string part_interface(std::string_view pointer) {
  if (starts_with(pointer, "/data/")) return "vh.dataset/1";
  if (pointer == "/model/backbone") return "vh.backbone/1";
  if (starts_with(pointer, "/model/heads/")) return "vh.head/1";
  if (pointer == "/mask") return "vh.mask/1";
  if (pointer == "/target") return "vh.target/1";
  if (starts_with(pointer, "/losses/")) return "vh.loss/1";
  return "";
}

const std::vector<std::string>& part_host_keys(std::string_view pointer) {
  static const std::vector<std::string> any = {"use", "in"}, loss = {"use", "in", "head", "weight"},
                                        mask = {"use", "in", "mode"}, dataset = {"use", "in", "skip"};
  if (starts_with(pointer, "/data/")) return dataset;
  return starts_with(pointer, "/losses/") ? loss : pointer == "/mask" ? mask : any;
}

}  // namespace vhost
