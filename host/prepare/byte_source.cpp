#include "prepare/byte_source.h"

#include <zlib.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <string>
#include <utility>

namespace vhost {
namespace {

constexpr size_t kBlock = 1 << 18;

class JoinedFiles : public ByteSource {
 public:
  explicit JoinedFiles(std::vector<std::filesystem::path> files) : files_(std::move(files)), buffer_(kBlock) {}

  std::string_view read() override {
    while (next_ < files_.size() || in_.is_open()) {
      if (!in_.is_open()) open();
      in_.read(buffer_.data(), static_cast<std::streamsize>(buffer_.size()));
      if (in_.bad()) throw Error(files_[next_ - 1].string() + ": can't be read: " + std::strerror(errno));
      if (in_.gcount() > 0) return {buffer_.data(), static_cast<size_t>(in_.gcount())};
      in_.close();
    }
    return {};
  }

 private:
  void open() {
    in_.clear();
    in_.open(files_[next_], std::ios::binary);
    if (!in_) throw Error(files_[next_].string() + ": can't be opened: " + std::strerror(errno));
    ++next_;
  }

  std::vector<std::filesystem::path> files_;
  std::vector<char> buffer_;
  std::ifstream in_;
  size_t next_ = 0;
};

// What was looked at goes before the rest.
class Gunzipped : public ByteSource {
 public:
  Gunzipped(ByteSource& inner, std::string name) : inner_(inner), name_(std::move(name)), out_(kBlock) {
    while (head_.size() < 2) {
      const std::string_view more = inner_.read();
      if (more.empty()) break;
      head_ += more;
    }
    packed_ = head_.starts_with("\x1f\x8b");
    in_ = head_;
    if (packed_ && ::inflateInit2(&stream_, 15 + 16) != Z_OK) throw Error(name_ + ": no memory to unpack it");
  }
  ~Gunzipped() override {
    if (packed_) ::inflateEnd(&stream_);
  }

  std::string_view read() override {
    if (!packed_) return in_.empty() ? inner_.read() : std::exchange(in_, {});
    while (!over_) {
      const size_t made = step();
      if (made > 0) return {out_.data(), made};
    }
    return {};
  }

 private:
  bool refill() {
    if (in_.empty()) in_ = inner_.read();
    return !in_.empty();
  }

  size_t step() {
    if (!refill()) {
      if (!between_) throw CutShort(name_ + ": is cut short: its gzip data ends early");
      over_ = true;
      return 0;
    }
    if (between_ && begun_) {
      if (in_[0] != '\x1f') {  // padding after the last member
        over_ = true;
        return 0;
      }
      ::inflateReset(&stream_);
    }
    begun_ = true, between_ = false;
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(in_.data()));
    stream_.avail_in = static_cast<uInt>(in_.size());
    stream_.next_out = reinterpret_cast<Bytef*>(out_.data());
    stream_.avail_out = static_cast<uInt>(out_.size());
    const int status = ::inflate(&stream_, Z_NO_FLUSH);
    in_.remove_prefix(in_.size() - stream_.avail_in);
    if (status == Z_STREAM_END)
      between_ = true;
    else if (status != Z_OK && status != Z_BUF_ERROR)
      throw Error(name_ + ": is damaged: " + (stream_.msg ? stream_.msg : "its gzip data can't be unpacked"));
    return out_.size() - stream_.avail_out;
  }

  ByteSource& inner_;
  std::string name_, head_;
  std::string_view in_;
  std::vector<char> out_;
  z_stream stream_{};
  bool packed_ = false, begun_ = false, between_ = true, over_ = false;
};

}  // namespace

std::unique_ptr<ByteSource> joined_files(std::vector<std::filesystem::path> files) {
  return std::make_unique<JoinedFiles>(std::move(files));
}

std::unique_ptr<ByteSource> gunzipped(ByteSource& inner, const std::string& name) {
  return std::make_unique<Gunzipped>(inner, name);
}

}  // namespace vhost
