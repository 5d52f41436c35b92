#include "services/services.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <mutex>
#include <string_view>

#include "services/tables.h"

namespace vhost {
namespace {

// Leaked: plugins may ask for a service while the process ends.
struct Registry {
  std::mutex mutex;
  std::map<std::string, const void*, std::less<>> tables;
};

Registry& registry() {
  static auto* instance = new Registry;
  return *instance;
}

const void* get_service(const char* id) {
  if (!id) return nullptr;
  std::lock_guard lock(registry().mutex);
  const auto found = registry().tables.find(std::string_view(id));
  return found == registry().tables.end() ? nullptr : found->second;
}

// Bytes of `text` that fit into `room`, without cutting a UTF-8 sequence in two.
size_t cut_length(std::string_view text, size_t room) {
  if (text.size() <= room) return text.size();
  size_t n = room;
  while (n > 0 && (static_cast<unsigned char>(text[n]) & 0xC0) == 0x80) --n;
  return n;
}

template <size_t N>
void copy_text(char (&field)[N], std::string_view text) {
  text = text.substr(0, text.find('\0'));
  const size_t n = cut_length(text, N - 1);
  std::memcpy(field, text.data(), n);
  field[n] = 0;
}

template <size_t N>
std::string text_of(const char (&field)[N]) {
  return std::string(field, strnlen(field, N));
}

const char* status_name(int32_t status) {
  switch (status) {
    case VH_ERR_ARGUMENT:
      return "unfit argument";
    case VH_ERR_PARAM:
      return "wrong parameter";
    case VH_ERR_IO:
      return "input or output";
    case VH_ERR_DATA:
      return "unreadable sample";
    case VH_ERR_UNSUPPORTED:
      return "unsupported";
    case VH_ERR_THREAD:
      return "wrong thread";
    case VH_ERR_CANCELLED:
      return "cancelled";
    case VH_ERR_MEMORY:
      return "out of memory";
    default:
      return "failure";
  }
}

}  // namespace

void register_service(const char* id, const void* table) {
  std::lock_guard lock(registry().mutex);
  registry().tables[id] = table;
}

const vh_host* host_table() {
  static const bool registered = [] {
    register_service(VH_SPECS_1, &kSpecsTable);
    register_service(VH_CONFIG_1, &kConfigTable);
    register_service(VH_LOG_1, &kLogTable);
    register_service(VH_PARALLEL_1, &kParallelTable);
    return true;
  }();
  static const vh_host host = {sizeof(vh_host), VH_ABI_MINOR, get_service};
  return registered ? &host : nullptr;
}

vh_error new_error() {
  vh_error err{};
  err.struct_size = sizeof(err);
  return err;
}

int32_t fail(vh_error* err, int32_t code, const std::string& message, const std::string& where,
             const std::string& pointer) {
  if (!err) return code;
  if (VH_HAS(err, code)) err->code = code;
  if (VH_HAS(err, message)) copy_text(err->message, message);
  if (VH_HAS(err, where)) copy_text(err->where, where);
  if (VH_HAS(err, json_pointer)) copy_text(err->json_pointer, pointer);
  return code;
}

void check_status(int32_t status, const vh_error& err, const std::string& part) {
  if (status == VH_OK) return;
  std::string text = text_of(err.message);
  if (text.empty())
    text = "failed with status " + std::to_string(status) + " (" + status_name(status) + ") and gave no message";
  if (!part.empty()) text = part + ": " + text;
  const std::string where = text_of(err.where), pointer = text_of(err.json_pointer);
  if (!where.empty() && text.find(where) == std::string::npos) text += " (" + where + ")";
  Error error = pointer.empty() ? Error(text) : Error(Location{}, pointer, text);
  throw status == VH_ERR_CANCELLED ? error.exit_code(130) : error;
}

}  // namespace vhost
