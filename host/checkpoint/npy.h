// NumPy's containers, for tensors that other programs read: .npy, one array; .npz, a ZIP file of them. Source: NumPy
// Enhancement Proposal 1, and PKWARE's APPNOTE 6.3 for the ZIP file, which is written with 64-bit sizes throughout.
#pragma once
#include <ATen/ATen.h>

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace vhost {

struct NpyArray {
  std::string dtype;  // "<f4", "<i8", "<U12"
  std::vector<int64_t> shape;
  std::string bytes;  // little-endian, C order
};

NpyArray npy_array(const at::Tensor& tensor);  // f32, f64, i64, u8 or bool, of any device
// Fixed-width unicode of the longest text. A byte that is no UTF-8 becomes the surrogate that Python's
// "surrogateescape" gives it, so that os.fsencode brings a file's name back.
NpyArray npy_array(const std::vector<std::string>& texts);

std::string npy_bytes(const NpyArray& array);
// Atomically. Throw Error naming the file.
void write_npy(const std::filesystem::path& path, const NpyArray& array);
void write_npz(const std::filesystem::path& path, const std::vector<std::pair<std::string, NpyArray>>& arrays);

}  // namespace vhost
