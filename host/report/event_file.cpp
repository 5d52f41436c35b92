#include "report/event_file.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstring>

#include "base/files.h"

namespace vhost::report {
namespace {

constexpr std::string_view kPrefix = "events.out.tfevents.";

// Field numbers of tensorflow's event.proto and summary.proto.
constexpr int kEventWallTime = 1, kEventStep = 2, kEventFileVersion = 3, kEventSummary = 5, kEventSessionLog = 7;
constexpr int kSummaryValue = 1, kValueTag = 1, kValueSimple = 2, kValueImage = 4;
constexpr int kImageHeight = 1, kImageWidth = 2, kImageColorspace = 3, kImageBytes = 4;
constexpr int kSessionStatus = 1, kSessionStart = 1;
enum WireType { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };

std::array<uint32_t, 256> crc_table() {
  std::array<uint32_t, 256> table{};
  for (uint32_t i = 0; i < 256; ++i) {
    uint32_t c = i;
    for (int bit = 0; bit < 8; ++bit) c = (c >> 1) ^ ((c & 1) ? 0x82F63B78u : 0u);
    table[i] = c;
  }
  return table;
}

template <typename T>
void put_raw(std::string& out, T value) {  // the formats are little-endian, as every platform we build for
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

void put_varint(std::string& out, uint64_t value) {
  for (; value >= 0x80; value >>= 7) out += static_cast<char>((value & 0x7F) | 0x80);
  out += static_cast<char>(value);
}

void put_tag(std::string& out, int field, WireType type) {
  put_varint(out, static_cast<uint64_t>(field) << 3 | type);
}

void put_int(std::string& out, int field, int64_t value) {
  put_tag(out, field, kVarint);
  put_varint(out, static_cast<uint64_t>(value));
}

void put_bytes(std::string& out, int field, std::string_view bytes) {
  put_tag(out, field, kBytes);
  put_varint(out, bytes.size());
  out += bytes;
}

bool is_event_file(const std::filesystem::path& path) {
  return path.filename().string().compare(0, kPrefix.size(), kPrefix) == 0;
}

// TensorBoard reads the files of a folder in the order of their names, so a later file needs a later second.
int64_t next_second(const std::filesystem::path& folder) {
  int64_t second = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (!is_event_file(entry.path())) continue;
    const std::string name = entry.path().filename().string();
    int64_t used = 0;
    std::from_chars(name.data() + kPrefix.size(), name.data() + name.size(), used);
    second = std::max(second, used + 1);
  }
  return second;
}

std::string host_name() {
  char name[256] = "localhost";
  if (gethostname(name, sizeof name - 1) != 0) return "localhost";
  return name;
}

}  // namespace

uint32_t crc32c(std::string_view bytes) {
  static const std::array<uint32_t, 256> table = crc_table();
  uint32_t crc = ~0u;
  for (const char c : bytes) crc = table[(crc ^ static_cast<unsigned char>(c)) & 0xFF] ^ (crc >> 8);
  return ~crc;
}

uint32_t masked_crc32c(std::string_view bytes) {
  const uint32_t crc = crc32c(bytes);
  return ((crc >> 15) | (crc << 17)) + 0xA282EAD8u;
}

EventFile::EventFile(const std::filesystem::path& folder, bool resume, int64_t resume_step) {
  make_directories(folder);
  const int64_t second = next_second(folder);
  if (!resume) {
    std::vector<std::filesystem::path> old;
    for (const auto& entry : std::filesystem::directory_iterator(folder))
      if (is_event_file(entry.path())) old.push_back(entry.path());
    for (const auto& path : old) std::filesystem::remove(path);
  }
  const std::string name =
      std::string(kPrefix) + std::to_string(second) + "." + host_name() + "." + std::to_string(getpid()) + ".vhost";
  file_ = AppendFile(folder / name, /*truncate=*/true);
  std::string version;
  put_bytes(version, kEventFileVersion, "brain.Event:2");
  event(0, version);
  if (!resume) return;
  std::string status, start;
  put_int(status, kSessionStatus, kSessionStart);
  put_bytes(start, kEventSessionLog, status);
  event(resume_step + 1, start);
}

bool EventFile::scalars(int64_t step, const std::vector<Scalar>& values) {
  std::string summary, entry;
  for (const Scalar& scalar : values) {
    entry.clear();
    put_bytes(entry, kValueTag, scalar.tag);
    put_tag(entry, kValueSimple, kFixed32);
    put_raw(entry, static_cast<float>(scalar.value));
    put_bytes(summary, kSummaryValue, entry);
  }
  std::string fields;
  put_bytes(fields, kEventSummary, summary);
  return event(step, fields);
}

bool EventFile::png(int64_t step, const std::string& tag, std::string_view png_bytes) {
  const auto [width, height] = png_size(png_bytes);
  if (width == 0) return true;
  std::string image, entry, summary, fields;
  put_int(image, kImageHeight, height);
  put_int(image, kImageWidth, width);
  put_int(image, kImageColorspace, 3);
  put_bytes(image, kImageBytes, png_bytes);
  put_bytes(entry, kValueTag, tag);
  put_bytes(entry, kValueImage, image);
  put_bytes(summary, kSummaryValue, entry);
  put_bytes(fields, kEventSummary, summary);
  return event(step, fields);
}

bool EventFile::event(int64_t step, std::string_view fields) {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  std::string message;
  message.reserve(fields.size() + 32);
  put_tag(message, kEventWallTime, kFixed64);
  put_raw(message, std::chrono::duration<double>(now).count());
  if (step != 0) put_int(message, kEventStep, step);
  message += fields;
  std::string record;
  record.reserve(message.size() + 16);
  put_raw(record, static_cast<uint64_t>(message.size()));
  put_raw(record, masked_crc32c(record));
  record += message;
  put_raw(record, masked_crc32c(message));
  return file_.append(record);
}

std::pair<int, int> png_size(std::string_view bytes) {
  constexpr std::string_view kSignature("\x89PNG\r\n\x1a\n", 8);
  if (bytes.size() < 24 || bytes.substr(0, 8) != kSignature || bytes.substr(12, 4) != "IHDR") return {0, 0};
  const auto big_endian = [&](size_t at) {
    int value = 0;
    for (size_t i = 0; i < 4; ++i) value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
    return value;
  };
  return {big_endian(16), big_endian(20)};
}

}  // namespace vhost::report
