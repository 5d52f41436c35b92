// Clips that lie on disk as folders of numbered pictures: ROOT/CLASS/CLIP/000.ppm, 001.ppm, ...
#include "vhost/cpp/plugin.hpp"

#include <charconv>

#include "netpbm.h"
#include "vhost/random.h"

namespace {

namespace fs = std::filesystem;
using Paths = std::vector<fs::path>;

Paths listed(const fs::path& folder, bool folders) {
  std::error_code error;
  Paths found;
  for (const auto& entry : fs::directory_iterator(folder, error))
    if (entry.is_directory() == folders) found.push_back(entry.path());
  if (error) throw vh::Error(folder.string() + ": " + error.message(), VH_ERR_IO, folder);
  std::sort(found.begin(), found.end());
  return found;
}

// The pictures of a clip in the order of the number at the end of their names: 9.ppm before 10.ppm.
Paths pictures_of(const fs::path& folder) {
  if (!fs::is_directory(folder)) throw vh::data_error(folder, "isn't a folder of pictures");
  std::vector<std::pair<int64_t, fs::path>> numbered;
  for (const fs::path& path : listed(folder, /*folders=*/false)) {
    if (path.extension() != ".ppm" && path.extension() != ".pgm") continue;
    const std::string stem = path.stem();
    const size_t digits = stem.find_last_not_of("0123456789") + 1;  // npos + 1 is 0
    int64_t number = -1;
    std::from_chars(stem.data() + digits, stem.data() + stem.size(), number);
    if (number >= 0) numbered.emplace_back(number, path);
  }
  std::sort(numbered.begin(), numbered.end());
  Paths pictures;
  for (auto& [number, path] : numbered) pictures.push_back(std::move(path));
  if (pictures.empty()) throw vh::data_error(folder, "has no numbered .ppm or .pgm file");
  return pictures;
}

class Clips {
 public:
  struct Params {
    std::string root;
    int64_t frames, stride, size;
    double flip;
    std::vector<std::string> files;
    template <class V>
    void describe(V& v) {
      v.required("root", root, vh::Rule{}, "folder with one folder per class, each with one folder per clip");
      v("frames", frames, 8, vh::range(1, 1024), "frames of a clip");
      v("stride", stride, 1, vh::range(1, 1024), "pictures between two frames of a clip");
      v("size", size, 32, vh::range(1, 4096), "side of the square picture");
      v("flip", flip, 0.0, vh::range(0, 1), "probability of mirroring a clip in training");
      v("files", files, {}, "folders of clips to read instead of the root's, for predict");
    }
  };

  Clips(const vh::Build&, const Params& params) : p_(params) {
    for (const fs::path& folder : listed(p_.root, /*folders=*/true)) {
      for (const fs::path& clip : listed(folder, /*folders=*/true)) clips_.emplace_back(clip, classes_.size());
      classes_.push_back(folder.filename());
    }
    if (classes_.empty()) throw vh::param_error("/root", p_.root + " holds no folder of a class");
    if (!p_.files.empty()) clips_.clear();
    for (const std::string& file : p_.files) clips_.emplace_back(file, -1);
    if (clips_.empty()) throw vh::param_error("/root", p_.root + ": its classes hold no folder of a clip");
  }

  std::vector<vh::Spec> fields(uint32_t) const {
    return {{.key = "video",
             .semantic = "input",
             .axes = "VTHWC",
             .dim = {1, p_.frames, p_.size, p_.size, 3},
             .dtype = vh::DType::u8},
            {.key = "label",
             .semantic = "label",
             .dtype = vh::DType::i64,
             .classes = static_cast<int64_t>(classes_.size())}};
  }
  int64_t length() const { return static_cast<int64_t>(clips_.size()); }

  void read(const vh::Read& read) const {
    const auto& [folder, label] = clips_.at(static_cast<size_t>(read.index()));
    const Paths pictures = pictures_of(folder);
    for (uint32_t k = 0; k < read.n(); ++k) {
      vh_random random = vh_random_from(read.seed(k));
      const int64_t span = (p_.frames - 1) * p_.stride + 1, n = static_cast<int64_t>(pictures.size());
      const int64_t room = std::max<int64_t>(n - span, 0);
      const int64_t start = read.train() ? vh_random_below(&random, room + 1) : room / 2;
      const bool mirrored = read.train() && vh_random_unit(&random) < p_.flip;
      uint8_t* out = read.field<uint8_t>(k, 0).data();
      for (int64_t t = 0; t < p_.frames; ++t) {
        const int64_t at = std::min(start + t * p_.stride, n - 1);  // a short clip's last picture stays
        out = resize(frames::read_picture(pictures[static_cast<size_t>(at)]), mirrored, out);
      }
      read.field<int64_t>(k, 1)[0] = label;
    }
  }
  std::string name(int64_t index) const { return clips_.at(static_cast<size_t>(index)).first; }
  std::string class_name(int64_t label) const { return classes_.at(static_cast<size_t>(label)); }
  std::string fingerprint() const {
    uint64_t hash = 0;
    for (const auto& [path, label] : clips_)
      hash = vh_hash3(hash, vh_hash_text(path.lexically_relative(p_.root).c_str()), static_cast<uint64_t>(label));
    return vh::str("n=", clips_.size(), " hash=", hash);
  }

 private:
  // Nearest neighbour, the centre square; returns where the next picture begins.
  uint8_t* resize(const frames::Picture& picture, bool mirrored, uint8_t* out) const {
    const int64_t side = std::min(picture.width, picture.height);
    const int64_t left = (picture.width - side) / 2, top = (picture.height - side) / 2;
    for (int64_t y = 0; y < p_.size; ++y)
      for (int64_t x = 0; x < p_.size; ++x, out += 3) {
        const int64_t column = left + (mirrored ? p_.size - 1 - x : x) * side / p_.size, row = top + y * side / p_.size;
        std::copy_n(picture.rgb.data() + (row * picture.width + column) * 3, 3, out);
      }
    return out;
  }
  Params p_;
  std::vector<std::pair<fs::path, int64_t>> clips_;  // folder, label
  std::vector<std::string> classes_;
};

}  // namespace

VH_PLUGIN(vh::dataset<Clips>("clips", "Folders of numbered PPM or PGM files, one per clip, in one folder per class"));
