// Does to pictures what data.augment does to batches, for the comparisons with Pillow, torchvision and timm. A request
// is a line of words on the standard input; each is answered by a line, "ok ..." or "error: ...".
//   op FROM WIDTH HEIGHT NAME VALUE FILTER TO: as media_driver's, fill 128
//   erase FROM FRAMES WIDTH HEIGHT SEED MODE TO: RandomErasing as a sample of this seed has it, with probability 1 and
//     ImageNet's mean and std; answers "ok Y X HEIGHT WIDTH" of the box
//   time worker|device ROWS FRAMES SIZE ROUNDS: VideoMAE's fine-tuning recipe; answers the median milliseconds of a
//   batch
// Pictures are files of [frames][height][width][3] bytes.
#include <ATen/ATen.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <iostream>
#include <iterator>
#include <sstream>

#include "engine/augment.h"
#include "engine/batch_ops.h"

namespace {

namespace media = vh::media;
using vhost::change_rows;
using vhost::erase_rows;
using vhost::flip_rows;

at::Tensor read_pixels(const std::string& file, int64_t frames, int64_t width, int64_t height) {
  std::ifstream in(file, std::ios::binary);
  const std::vector<char> bytes(std::istreambuf_iterator<char>(in), {});
  at::Tensor pixels = at::empty({1, frames, height, width, 3}, at::kByte);
  if (static_cast<int64_t>(bytes.size()) != pixels.numel()) throw std::runtime_error(file + " has another size");
  std::ranges::copy(bytes, reinterpret_cast<char*>(pixels.data_ptr<uint8_t>()));
  return pixels;
}

void write_pixels(const std::string& file, const at::Tensor& pixels) {
  const at::Tensor out = pixels.contiguous();
  std::ofstream(file, std::ios::binary).write(reinterpret_cast<const char*>(out.data_ptr<uint8_t>()), out.numel());
}

media::Op op_named(const std::string& name, double value, media::Filter filter, int64_t width, int64_t height) {
  for (int kind = 0; kind <= static_cast<int>(media::OpKind::kHue); ++kind) {
    const auto op = static_cast<media::OpKind>(kind);
    if (media::op_name(op) != name) continue;
    if (op == media::OpKind::kTranslateX) value /= static_cast<double>(width);
    if (op == media::OpKind::kTranslateY) value /= static_cast<double>(height);
    return {op, value, filter};
  }
  throw std::runtime_error("no operation " + name);
}

std::string run_op(std::istream& words) {
  std::string from, name, filter, to;
  int64_t width = 0, height = 0;
  double value = 0;
  words >> from >> width >> height >> name >> value >> filter >> to;
  const at::Tensor pixels = read_pixels(from, 1, width, height);
  if (name == "flip_horizontally") {
    write_pixels(to, vhost::flip_rows(pixels, {true}));
    return "ok";
  }
  media::Decisions decisions;
  decisions.ops = {op_named(name, value, *media::filter_named(filter), width, height)};
  write_pixels(to, change_rows(pixels, {&decisions, 1}, {128, 128, 128}));
  return "ok";
}

std::string run_erase(std::istream& words) {
  std::string from, mode, to;
  int64_t frames = 0, width = 0, height = 0;
  uint64_t seed = 0;
  words >> from >> frames >> width >> height >> seed >> mode >> to;
  media::AugmentOptions options;
  options.erase.probability = 1;
  options.erase.mode = *media::erase_mode(mode);
  vh_random random = media::augment_stream(seed);
  const media::Decisions decisions = media::Augment(options).draw(random, width, height);
  write_pixels(to, erase_rows(read_pixels(from, frames, width, height), {&decisions, 1}, options.erase));
  std::ostringstream answer;
  answer << "ok";
  for (const media::Rect& box : decisions.erased)
    answer << ' ' << box.y << ' ' << box.x << ' ' << box.height << ' ' << box.width;
  return answer.str();
}

void augment_in_worker(at::Tensor pixels, const std::vector<uint64_t>& seeds, double flip,
                       const media::Augment& augment) {
  const int64_t height = pixels.size(2), width = pixels.size(3);
  for (size_t row = 0; row < seeds.size(); ++row) {
    vh_random random = media::augment_stream(seeds[row]);
    const media::Decisions decisions = augment.draw(random, width, height);
    for (int64_t t = 0; t < pixels.size(1); ++t) {
      const media::PictureSpan frame{pixels[static_cast<int64_t>(row)][t].data_ptr<uint8_t>(), width, height,
                                     width * 3};
      if (media::draw_flip(seeds[row], flip)) media::flip_horizontally(frame);
      augment.apply(decisions, frame, t);
    }
  }
}

void augment_by_operators(const at::Tensor& pixels, const std::vector<vhost::RowAugment>& rows,
                          const media::AugmentOptions& options) {
  std::vector<bool> flips;
  std::vector<media::Decisions> decisions;
  for (const vhost::RowAugment& row : rows) flips.push_back(row.flip), decisions.push_back(row.decisions);
  const at::Tensor changed = change_rows(flip_rows(pixels, flips), decisions, options.rand_augment.fill);
  erase_rows(changed, decisions, options.erase);
}

std::string run_time(std::istream& words) {
  std::string where;
  int64_t rows = 0, frames = 0, size = 0, rounds = 0;
  words >> where >> rows >> frames >> size >> rounds;
  media::AugmentOptions options;
  options.rand_augment = {.set = media::OpSet::kTimmIncreasing, .n = 4, .magnitude = 7};
  options.erase.probability = 0.25;
  const media::Augment in_worker(options);
  const vhost::BatchAugment on_device(0.5, options);
  vhost::InputLayout layout;
  layout.frames = frames, layout.height = layout.width = size;
  vhost::Batch batch;
  batch.rows = rows;
  const at::Tensor pixels = at::randint(256, {rows, frames, size, size, 3}, at::kByte);
  std::vector<double> milliseconds;
  for (int64_t round = 0; round < rounds; ++round) {
    batch.seed.clear();
    for (int64_t row = 0; row < rows; ++row)
      batch.seed.push_back(vh_hash2(static_cast<uint64_t>(round), static_cast<uint64_t>(row)));
    const auto start = std::chrono::steady_clock::now();
    if (where == "worker")
      augment_in_worker(pixels.clone(), batch.seed, 0.5, in_worker);
    else
      augment_by_operators(pixels, on_device.draw(batch, layout), options);
    milliseconds.push_back(std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count());
  }
  std::ranges::sort(milliseconds);
  return "ok " + std::to_string(milliseconds[milliseconds.size() / 2]);
}

std::string answer_to(const std::string& request) {
  std::istringstream words(request);
  std::string verb;
  words >> verb;
  try {
    if (verb == "op") return run_op(words);
    if (verb == "erase") return run_erase(words);
    if (verb == "time") return run_time(words);
    return "error: no request " + verb;
  } catch (const std::exception& error) {
    return std::string("error: ") + error.what();
  }
}

}  // namespace

int main() {
  for (std::string line; std::getline(std::cin, line);) std::cout << answer_to(line) << std::endl;
  return 0;
}
