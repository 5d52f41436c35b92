#include "checkpoint/file/pickle.h"

namespace vhost {

std::string_view Pickle::text(Ref ref) const {
  const PickleValue& value = values_[ref];
  const bool is_text =
      value.kind == PickleKind::kText || value.kind == PickleKind::kBytes || value.kind == PickleKind::kBigInt;
  return is_text ? std::string_view(value.data, value.pool) : std::string_view();
}

const std::vector<Ref>& Pickle::items(Ref ref) const {
  static const std::vector<Ref> none;
  const PickleValue& value = values_[ref];
  const bool has = value.kind >= PickleKind::kTuple && value.kind <= PickleKind::kDict;
  return has ? items_[value.pool] : none;
}

const ObjectParts& Pickle::parts(Ref ref) const {
  static const ObjectParts none;
  const PickleValue& value = values_[ref];
  return value.kind == PickleKind::kObject && value.pool > 0 ? parts_[value.pool - 1] : none;
}

std::string Pickle::class_name(Ref ref) const {
  const PickleValue& value = values_[ref];
  if (value.kind == PickleKind::kObject)
    return values_[value.first].kind == PickleKind::kClass ? class_name(value.first) : "";
  if (value.kind != PickleKind::kClass) return "";
  return std::string(text(value.first)) + "." + std::string(text(value.second));
}

bool Pickle::is_class(Ref ref, std::string_view module, std::string_view name) const {
  const PickleValue& value = values_[ref];
  return value.kind == PickleKind::kClass && text(value.first) == module && text(value.second) == name;
}

}  // namespace vhost
