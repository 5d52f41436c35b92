#include "plugins/tables.h"

#include <cstring>
#include <vector>

#include "vhost/vhost.h"

namespace vhost {
namespace {

struct Slot {
  const char *interface_id, *name;
  size_t offset;
};

#define SLOT(kind, name) \
  { "vh." #kind "/1", #name, offsetof(vh_##kind##_1, name) }
#define PART_SLOTS(kind) SLOT(kind, create), SLOT(kind, destroy), SLOT(kind, describe), SLOT(kind, run)

// Of the oldest minor that this host serves; what may be NULL is left out.
constexpr Slot kSlots[] = {PART_SLOTS(backbone),  SLOT(backbone, mask_modes), PART_SLOTS(target),
                           PART_SLOTS(head),      PART_SLOTS(loss),           SLOT(loss, normaliser),
                           SLOT(mask, create),    SLOT(mask, destroy),        SLOT(mask, counts),
                           SLOT(mask, draw),      SLOT(dataset, create),      SLOT(dataset, destroy),
                           SLOT(dataset, fields), SLOT(dataset, length),      SLOT(dataset, read),
                           SLOT(dataset, name),   SLOT(dataset, class_name),  SLOT(dataset, fingerprint)};

}  // namespace

std::string table_fault(const std::string& interface_id, const void* table) {
  uint32_t size = 0;
  std::memcpy(&size, table, sizeof size);
  for (const Slot& slot : kSlots) {
    if (interface_id != slot.interface_id) continue;
    const size_t end = slot.offset + sizeof(void*);
    if (size < end)
      return "has struct_size " + std::to_string(size) + ", its slot " + slot.name + " ends at " + std::to_string(end) +
             ": fill it in with the table's sizeof";
    void* value = nullptr;
    std::memcpy(&value, static_cast<const char*>(table) + slot.offset, sizeof value);
    if (!value) return std::string("leaves its slot ") + slot.name + " empty: only slots that say so may be NULL";
  }
  return "";
}

}  // namespace vhost
