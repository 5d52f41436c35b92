#include "kernels.h"

#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>

#include <cstring>
#endif

namespace vh::media {

#if defined(__x86_64__) && defined(__GNUC__)
namespace {

#define VH_AVX2 __attribute__((target("avx2")))

// Two products of 16 bits are added by one instruction, so weights are taken apart into high * 2^12 + low.
struct Sums {
  __m256i high, low;
};

VH_AVX2 inline void add_products(Sums& sums, __m256i pixels, __m256i high, __m256i low) {
  sums.high = _mm256_add_epi32(sums.high, _mm256_madd_epi16(pixels, high));
  sums.low = _mm256_add_epi32(sums.low, _mm256_madd_epi16(pixels, low));
}

VH_AVX2 inline __m256i total(const Sums& sums) {
  return _mm256_add_epi32(_mm256_slli_epi32(sums.high, kLowBits), sums.low);
}

// Pixels 0 and 1 in the lower half, 2 and 3 in the upper: r0 r1 g0 g1 b0 b1 0 0 in 16 bits each.
VH_AVX2 inline __m256i pairs_of_pixels(const uint8_t* source) {
  const __m256i order = _mm256_setr_epi8(0, -1, 3, -1, 1, -1, 4, -1, 2, -1, 5, -1, -1, -1, -1, -1,  //
                                         6, -1, 9, -1, 7, -1, 10, -1, 8, -1, 11, -1, -1, -1, -1, -1);
  __m128i pixels = _mm_loadu_si128(reinterpret_cast<const __m128i*>(source));
  return _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(pixels), order);
}

// The upper half's sums added to the lower's, as four bytes.
VH_AVX2 inline void store_pixel(const Sums& sums, uint8_t* out) {
  __m256i both = total(sums);
  __m128i sum = _mm_add_epi32(_mm256_castsi256_si128(both), _mm256_extracti128_si256(both, 1));
  sum = _mm_srai_epi32(_mm_add_epi32(sum, _mm_set1_epi32(1 << (kWeightBits - 1))), kWeightBits);
  sum = _mm_packus_epi16(_mm_packs_epi32(sum, sum), sum);
  int32_t pixel = _mm_cvtsi128_si32(sum);
  std::memcpy(out, &pixel, 4);  // the next pixel overwrites the fourth byte
}

VH_AVX2 void avx2_columns(const uint8_t* const (&rows)[2], const Taps& taps, bool mirror, uint8_t* const (&outs)[2]) {
  const __m256i high_order = _mm256_set_m128i(_mm_set1_epi32(0x07060504), _mm_set1_epi32(0x03020100));
  const __m256i low_order = _mm256_set_m128i(_mm_set1_epi32(0x0f0e0d0c), _mm_set1_epi32(0x0b0a0908));
  auto places = static_cast<int64_t>(taps.first.size());
  uint8_t *out_a = outs[0], *out_b = outs[1];
  for (int64_t i = 0; i < places; ++i, out_a += 3, out_b += 3) {
    int64_t place = mirror ? places - 1 - i : i, first = taps.first[static_cast<size_t>(place)] * 3;
    const uint8_t *a = rows[0] + first, *b = rows[1] + first;
    const int16_t* parts = taps.parts_of(place);
    Sums sums_a = {_mm256_setzero_si256(), _mm256_setzero_si256()}, sums_b = sums_a;
    for (int64_t left = taps.count[static_cast<size_t>(place)]; left > 0; left -= kTapGroup) {
      __m256i weights = _mm256_broadcastsi128_si256(_mm_loadu_si128(reinterpret_cast<const __m128i*>(parts)));
      __m256i high = _mm256_shuffle_epi8(weights, high_order), low = _mm256_shuffle_epi8(weights, low_order);
      add_products(sums_a, pairs_of_pixels(a), high, low);
      add_products(sums_b, pairs_of_pixels(b), high, low);
      a += kTapGroup * 3, b += kTapGroup * 3, parts += kTapGroup * 2;
    }
    store_pixel(sums_a, out_a);
    store_pixel(sums_b, out_b);
  }
}

VH_AVX2 inline __m128i sum_of_16(const uint8_t* const* rows, const int32_t* weights, int64_t count, int64_t at) {
  const __m256i half = _mm256_set1_epi32(1 << (kWeightBits - 1));
  Sums left = {_mm256_setzero_si256(), half}, right = {_mm256_setzero_si256(), half};
  for (int64_t k = 0; k < count; k += 2) {
    bool alone = k + 1 == count;
    int32_t w0 = weights[k], w1 = alone ? 0 : weights[k + 1];
    constexpr int32_t kLow = (1 << kLowBits) - 1;
    __m256i high = _mm256_set1_epi32(((w0 >> kLowBits) & 0xffff) |
                                     static_cast<int32_t>(static_cast<uint32_t>(w1 >> kLowBits) << 16));
    __m256i low = _mm256_set1_epi32((w0 & kLow) | ((w1 & kLow) << 16));
    __m128i a = _mm_loadu_si128(reinterpret_cast<const __m128i*>(rows[k] + at));
    __m128i b = _mm_loadu_si128(reinterpret_cast<const __m128i*>(rows[alone ? k : k + 1] + at));
    add_products(left, _mm256_cvtepu8_epi16(_mm_unpacklo_epi8(a, b)), high, low);
    add_products(right, _mm256_cvtepu8_epi16(_mm_unpackhi_epi8(a, b)), high, low);
  }
  __m256i words =
      _mm256_packs_epi32(_mm256_srai_epi32(total(left), kWeightBits), _mm256_srai_epi32(total(right), kWeightBits));
  words = _mm256_permute4x64_epi64(words, 0xd8);
  return _mm_packus_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1));
}

VH_AVX2 void avx2_rows(const uint8_t* const* rows, const int32_t* weights, int64_t count, int64_t bytes, uint8_t* out) {
  int64_t at = 0;
  for (; at + 16 <= bytes; at += 16)
    _mm_storeu_si128(reinterpret_cast<__m128i*>(out + at), sum_of_16(rows, weights, count, at));
  if (at == bytes) return;
  uint8_t last[16];
  _mm_storeu_si128(reinterpret_cast<__m128i*>(last), sum_of_16(rows, weights, count, at));
  std::memcpy(out + at, last, static_cast<size_t>(bytes - at));
}

constexpr Kernels kAvx2Kernels = {avx2_columns, avx2_rows};

}  // namespace

const Kernels* avx2_kernels() {
  return __builtin_cpu_supports("avx2") ? &kAvx2Kernels : nullptr;
}
#else
const Kernels* avx2_kernels() {
  return nullptr;
}
#endif

}  // namespace vh::media
