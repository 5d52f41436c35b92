// Errors: exceptions inside a plugin, vh_error at its edge.
#pragma once
#include <cstring>
#include <new>
#include <sstream>
#include <stdexcept>
#include <string>

#include "../types.h"

namespace vh {

// Thrown by everything in vhost/cpp. Say what happened, to what, and what would be accepted.
struct Error : std::runtime_error {
  explicit Error(const std::string& message, int32_t code_ = VH_ERR, std::string where_ = {}, std::string pointer_ = {})
      : std::runtime_error(message), code(code_), where(std::move(where_)), pointer(std::move(pointer_)) {}
  int32_t code;         // VH_ERR_*
  std::string where;    // part, file or operator
  std::string pointer;  // JSON pointer below the part's parameters
};

// str("want ", 3, " dims, got ", shape): everything that has an operator<<.
template <class... T>
std::string str(const T&... parts) {
  std::ostringstream out;
  (out << ... << parts);
  return std::move(out).str();
}

// A sample that can't be read: the host logs it, replaces it and counts it. Throw it from Dataset::read.
inline Error data_error(const std::string& path, const std::string& message) {
  return Error(message, VH_ERR_DATA, path);
}
inline Error argument_error(const std::string& message) {
  return Error(message, VH_ERR_ARGUMENT);
}
inline Error param_error(const std::string& pointer, const std::string& message) {
  return Error(message, VH_ERR_PARAM, {}, pointer);
}

namespace detail {

// Copies what fits, cut on a UTF-8 boundary.
template <size_t N>
void copy_text(char (&to)[N], const std::string& from) noexcept {
  size_t n = from.size() < N ? from.size() : N - 1;
  while (n < from.size() && n > 0 && (static_cast<unsigned char>(from[n]) & 0xC0) == 0x80) --n;
  std::memcpy(to, from.data(), n);
  to[n] = 0;
}

inline int32_t fill(vh_error* err, int32_t code, const std::string& message, const std::string& where = {},
                    const std::string& pointer = {}) noexcept {
  if (err && VH_HAS(err, json_pointer)) {
    err->code = code;
    copy_text(err->message, message);
    copy_text(err->where, where);
    copy_text(err->json_pointer, pointer);
  }
  return code;
}

inline vh_error new_error() {
  vh_error err{};
  err.struct_size = sizeof err;
  return err;
}

// A failed call of the host's becomes an exception.
inline void check(int32_t status, const vh_error& err, const char* what) {
  if (status == VH_OK) return;
  throw Error(err.message[0] ? err.message : str(what, " failed with status ", status), status, err.where,
              err.json_pointer);
}

// Runs fn at the edge of a plugin: every exception becomes a status and a message.
template <class F>
int32_t guard(vh_error* err, F&& fn) noexcept {
  try {
    fn();
    return VH_OK;
  } catch (const Error& e) {
    return fill(err, e.code ? e.code : VH_ERR, e.what(), e.where, e.pointer);
  } catch (const std::bad_alloc&) {
    return fill(err, VH_ERR_MEMORY, "out of memory");
  } catch (const std::exception& e) {
    return fill(err, VH_ERR, e.what());
  } catch (...) {
    return fill(err, VH_ERR, "an exception that is no std::exception");
  }
}

}  // namespace detail
}  // namespace vh
