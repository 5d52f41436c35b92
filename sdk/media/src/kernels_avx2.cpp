#include "kernels.h"

#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>

#include <cstring>
#include <iterator>
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

// A pair of pixels of two rows, one in each half: r0 r1 g0 g1 b0 b1 0 0 in 16 bits each. `skip`: bytes before them.
template <int skip>
VH_AVX2 inline __m256i pixel_pairs(__m256i rows) {
  constexpr int8_t s = skip;
  const __m128i order = _mm_setr_epi8(s, -1, s + 3, -1, s + 1, -1, s + 4, -1, s + 2, -1, s + 5, -1, -1, -1, -1, -1);
  return _mm256_shuffle_epi8(rows, _mm256_broadcastsi128_si256(order));
}

VH_AVX2 inline __m256i load_rows(const uint8_t* a, const uint8_t* b) {
  return _mm256_inserti128_si256(_mm256_castsi128_si256(_mm_loadu_si128(reinterpret_cast<const __m128i*>(a))),
                                 _mm_loadu_si128(reinterpret_cast<const __m128i*>(b)), 1);
}

VH_AVX2 inline void store_pixel(__m128i bytes, uint8_t* out) {
  int32_t pixel = _mm_cvtsi128_si32(bytes);
  std::memcpy(out, &pixel, 4);  // the next pixel overwrites the fourth byte
}

// kPairs: of taps; 0: any number.
template <int kPairs>
VH_AVX2 void columns_of(const uint8_t* const (&rows)[2], const Taps& taps, bool mirror, uint8_t* const (&outs)[2]) {
  const __m256i half = _mm256_set1_epi32(1 << (kWeightBits - 1));
  auto places = static_cast<int64_t>(taps.first.size());
  const int64_t pairs = kPairs ? kPairs : taps.most / 2;
  uint8_t *out_a = outs[0], *out_b = outs[1];
  for (int64_t i = 0; i < places; ++i, out_a += 3, out_b += 3) {
    int64_t place = mirror ? places - 1 - i : i, first = taps.first[static_cast<size_t>(place)] * 3;
    const uint8_t *a = rows[0] + first, *b = rows[1] + first;
    const int32_t* parts = taps.parts_of(place);
    Sums sums = {_mm256_setzero_si256(), half};
    for (int64_t k = 0; k < pairs; k += 2, a += 12, b += 12, parts += 4) {
      __m256i both = load_rows(a, b);
      add_products(sums, pixel_pairs<0>(both), _mm256_set1_epi32(parts[0]), _mm256_set1_epi32(parts[1]));
      if (k + 1 == pairs) break;
      add_products(sums, pixel_pairs<6>(both), _mm256_set1_epi32(parts[2]), _mm256_set1_epi32(parts[3]));
    }
    __m256i sum = _mm256_srai_epi32(total(sums), kWeightBits);
    sum = _mm256_packus_epi16(_mm256_packs_epi32(sum, sum), sum);
    store_pixel(_mm256_castsi256_si128(sum), out_a);
    store_pixel(_mm256_extracti128_si256(sum, 1), out_b);
  }
}

VH_AVX2 void avx2_columns(const uint8_t* const (&rows)[2], const Taps& taps, bool mirror, uint8_t* const (&outs)[2]) {
  using Columns = void (*)(const uint8_t* const(&)[2], const Taps&, bool, uint8_t* const(&)[2]);
  constexpr Columns kUnrolled[] = {columns_of<0>, columns_of<1>, columns_of<2>, columns_of<3>,
                                   columns_of<4>, columns_of<5>, columns_of<6>};
  auto pairs = static_cast<size_t>(taps.most / 2);
  kUnrolled[pairs < std::size(kUnrolled) ? pairs : 0](rows, taps, mirror, outs);
}

VH_AVX2 inline __m128i sum_of_16(const uint8_t* const* rows, const int32_t* parts, int64_t count, int64_t at) {
  const __m256i half = _mm256_set1_epi32(1 << (kWeightBits - 1));
  Sums left = {_mm256_setzero_si256(), half}, right = left;
  for (int64_t k = 0; k < count; k += 2, parts += 2) {
    __m256i high = _mm256_set1_epi32(parts[0]), low = _mm256_set1_epi32(parts[1]);
    const uint8_t* second = rows[k + 1 == count ? k : k + 1];  // a lone row's neighbour weighs nothing
    __m128i a = _mm_loadu_si128(reinterpret_cast<const __m128i*>(rows[k] + at));
    __m128i b = _mm_loadu_si128(reinterpret_cast<const __m128i*>(second + at));
    add_products(left, _mm256_cvtepu8_epi16(_mm_unpacklo_epi8(a, b)), high, low);
    add_products(right, _mm256_cvtepu8_epi16(_mm_unpackhi_epi8(a, b)), high, low);
  }
  __m256i words =
      _mm256_packs_epi32(_mm256_srai_epi32(total(left), kWeightBits), _mm256_srai_epi32(total(right), kWeightBits));
  words = _mm256_permute4x64_epi64(words, 0xd8);
  return _mm_packus_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1));
}

VH_AVX2 void avx2_rows(const uint8_t* const* rows, const Taps& taps, int64_t place, int64_t bytes, uint8_t* out) {
  const int32_t* parts = taps.parts_of(place);
  int64_t count = taps.count[static_cast<size_t>(place)], at = 0;
  for (; at + 16 <= bytes; at += 16)
    _mm_storeu_si128(reinterpret_cast<__m128i*>(out + at), sum_of_16(rows, parts, count, at));
  if (at == bytes) return;
  uint8_t last[16];
  _mm_storeu_si128(reinterpret_cast<__m128i*>(last), sum_of_16(rows, parts, count, at));
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
