// What a part's table must have before the host calls it.
#pragma once
#include <string>

namespace vhost {

// Why the host can't use the table of an interface: it ends before a slot that every minor has, or leaves one empty. ""
// if it can, or if this host doesn't know the interface.
std::string table_fault(const std::string& interface_id, const void* table);

}  // namespace vhost
