// Eight strips of a block side by side, one to each 64-bit lane.
//
// Gathering table entries lane by lane costs more than a plain walk. But AVX-512 VBMI looks 64
// bytes up in a table of 128 at once: the table is kept as eight planes, one for each byte of its
// numbers, and what comes out of the planes is woven together to 64 numbers, eight bytes of each
// strip.

#include "cas/gear_strips.h"

#include "cas/gear_hash.h"

#if defined(__x86_64__) && defined(__clang__)
#include <immintrin.h>
#define EMB_WIDE __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512vbmi")))
#endif

namespace embrace::cas {

#ifdef EMB_WIDE

namespace {

constexpr std::size_t kStripBytes = kWideBlockBytes / 8;

struct Planes {
  alignas(64) std::uint8_t bytes[8][256];
};

const Planes kPlanes = [] {
  Planes planes;
  for (std::size_t entry = 0; entry < 256; ++entry) {
    for (std::size_t plane = 0; plane < 8; ++plane) {
      planes.bytes[plane][entry] = static_cast<std::uint8_t>(kGearTable[entry] >> (8 * plane));
    }
  }
  return planes;
}();

EMB_WIDE inline __m512i look_up(const std::uint8_t* plane, __m512i indexes, __mmask64 is_high) {
  const __m512i low =
      _mm512_permutex2var_epi8(_mm512_load_si512(plane), indexes, _mm512_load_si512(plane + 64));
  const __m512i high = _mm512_permutex2var_epi8(_mm512_load_si512(plane + 128), indexes,
                                                _mm512_load_si512(plane + 192));
  return _mm512_mask_blend_epi8(is_high, low, high);
}

// Eight bytes of two neighbouring strips, alternating.
EMB_WIDE inline __m128i load_two(const char* at) {
  return _mm_unpacklo_epi8(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(at)),
                           _mm_loadl_epi64(reinterpret_cast<const __m128i*>(at + kStripBytes)));
}

EMB_WIDE inline __m256i load_four(const char* at) {
  return _mm256_inserti128_si256(_mm256_castsi128_si256(load_two(at)),
                                 load_two(at + 2 * kStripBytes), 1);
}

EMB_WIDE inline __m512i load_eight(const char* at) {
  return _mm512_inserti64x4(_mm512_castsi256_si512(load_four(at)), load_four(at + 4 * kStripBytes),
                            1);
}

// numbers[i]: the table's numbers for byte i of each strip.
EMB_WIDE inline void look_up_numbers(const char* at, __m512i (&numbers)[8]) {
  const __m512i indexes = load_eight(at);
  const __mmask64 is_high = _mm512_movepi8_mask(indexes);
  __m512i low[4];   // bytes 0 to 3 of the strips; two planes woven
  __m512i high[4];  // bytes 4 to 7
  for (int i = 0; i < 4; ++i) {
    const __m512i even = look_up(kPlanes.bytes[2 * i], indexes, is_high);
    const __m512i odd = look_up(kPlanes.bytes[2 * i + 1], indexes, is_high);
    low[i] = _mm512_unpacklo_epi8(even, odd);
    high[i] = _mm512_unpackhi_epi8(even, odd);
  }
  const auto weave = [](const __m512i* pairs, __m512i* out) EMB_WIDE {
    const __m512i a = _mm512_unpacklo_epi16(pairs[0], pairs[1]);
    const __m512i b = _mm512_unpacklo_epi16(pairs[2], pairs[3]);
    const __m512i c = _mm512_unpackhi_epi16(pairs[0], pairs[1]);
    const __m512i d = _mm512_unpackhi_epi16(pairs[2], pairs[3]);
    out[0] = _mm512_unpacklo_epi32(a, b);
    out[1] = _mm512_unpackhi_epi32(a, b);
    out[2] = _mm512_unpacklo_epi32(c, d);
    out[3] = _mm512_unpackhi_epi32(c, d);
  };
  weave(low, numbers);
  weave(high, numbers + 4);
}

// Moves the strips' hashes over eight bytes of each; `least` becomes the least of all hashes seen.
// Two bytes at a time, so that every second sum is off the path that the next one waits for.
EMB_WIDE inline void advance(const char* at, __m512i& hashes, __m512i& least) {
  __m512i numbers[8];
  look_up_numbers(at, numbers);
  for (int i = 0; i < 8; i += 2) {
    const __m512i first = _mm512_add_epi64(_mm512_add_epi64(hashes, hashes), numbers[i]);
    const __m512i both = _mm512_add_epi64(_mm512_add_epi64(numbers[i], numbers[i]), numbers[i + 1]);
    hashes = _mm512_add_epi64(_mm512_slli_epi64(hashes, 2), both);
    least = _mm512_min_epu64(least, _mm512_min_epu64(first, hashes));
  }
}

}  // namespace

bool can_scan_wide() {
  static const bool can = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                          __builtin_cpu_supports("avx512vl") &&
                          __builtin_cpu_supports("avx512dq") &&
                          __builtin_cpu_supports("avx512vbmi");
  return can;
}

EMB_WIDE bool finds_below_in_wide_block(std::uint64_t& hash, const char* block,
                                        std::uint64_t limit) {
  __m512i hashes = _mm512_setzero_si512();
  __m512i least = _mm512_set1_epi64(-1);
  const char* const warm = block - kGearWindow;
  for (std::size_t i = 0; i < kGearWindow; i += 8) advance(warm + i, hashes, least);
  // Nothing seen before a strip's own bytes counts, and the first strip knows its hash.
  least = _mm512_set1_epi64(-1);
  hashes = _mm512_mask_set1_epi64(hashes, 1, static_cast<long long>(hash));
  for (std::size_t i = 0; i < kStripBytes; i += 8) advance(block + i, hashes, least);
  if (_mm512_cmplt_epu64_mask(least, _mm512_set1_epi64(static_cast<long long>(limit))) != 0) {
    return true;
  }
  alignas(64) std::uint64_t ends[8];
  _mm512_store_si512(ends, hashes);
  hash = ends[7];
  return false;
}

#else

bool can_scan_wide() { return false; }
bool finds_below_in_wide_block(std::uint64_t&, const char*, std::uint64_t) { return true; }

#endif

}  // namespace embrace::cas
