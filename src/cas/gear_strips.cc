// Eight strips of a block side by side, one to each 64-bit lane. Each strip after the first is
// warmed with the window before it.
//
// The table's numbers come into the lanes in one of two ways. Intel's processors gather: eight
// loads in one instruction. AMD's take a gather apart, slowly; but AVX-512 VBMI looks 64 bytes up
// in a table of 128 at once: the table is kept as eight planes, one for each byte of its numbers,
// and what comes out of the planes is woven together to 64 numbers, eight bytes of each strip.

#include "cas/gear_strips.h"

#include <array>
#include <bit>

#include "cas/gear_hash.h"

#if defined(__x86_64__) && defined(__clang__)
#include <immintrin.h>
#define EMB_WIDE __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512vbmi")))
#define EMB_WIDE_INLINE EMB_WIDE __attribute__((always_inline))
#endif

namespace embrace::cas {

#ifdef EMB_WIDE

namespace {

// The hash of each strip on its way, and the least hash that it has had.
struct Lanes {
  __m512i hashes;
  __m512i least;
};

// A way moves the lanes over the next kStepBytes of each strip.
struct ByGathering {
  static constexpr std::size_t kStepBytes = 64;

  // Lines are read whole and turned in registers: words[i] is word i of each strip.
  EMB_WIDE_INLINE static void load_words(const char* at, __m512i (&words)[8]) {
    __m512i rows[8];
    for (std::size_t i = 0; i < 8; ++i) rows[i] = _mm512_loadu_si512(at + i * kStripBytes);
    __m512i pairs[2][4];  // even words of two neighbouring strips, and odd ones
    for (std::size_t i = 0; i < 4; ++i) {
      pairs[0][i] = _mm512_unpacklo_epi64(rows[2 * i], rows[2 * i + 1]);
      pairs[1][i] = _mm512_unpackhi_epi64(rows[2 * i], rows[2 * i + 1]);
    }
    for (std::size_t odd = 0; odd < 2; ++odd) {
      const __m512i* const p = pairs[odd];
      const __m512i a = _mm512_shuffle_i64x2(p[0], p[1], 0x88);  // words 0 and 4 of four strips
      const __m512i b = _mm512_shuffle_i64x2(p[2], p[3], 0x88);
      const __m512i c = _mm512_shuffle_i64x2(p[0], p[1], 0xDD);  // words 2 and 6
      const __m512i d = _mm512_shuffle_i64x2(p[2], p[3], 0xDD);
      words[odd] = _mm512_shuffle_i64x2(a, b, 0x88);
      words[odd + 2] = _mm512_shuffle_i64x2(c, d, 0x88);
      words[odd + 4] = _mm512_shuffle_i64x2(a, b, 0xDD);
      words[odd + 6] = _mm512_shuffle_i64x2(c, d, 0xDD);
    }
  }
  EMB_WIDE_INLINE static void advance(Lanes& lanes, const char* at) {
    const __m512i low_byte = _mm512_set1_epi64(0xFF);
    __m512i words[8];
    load_words(at, words);
#pragma clang loop unroll(full)
    for (const __m512i& word : words) {
#pragma clang loop unroll(full)
      for (unsigned i = 0; i < 8; ++i) {
        const __m512i indexes = _mm512_and_si512(_mm512_srli_epi64(word, 8 * i), low_byte);
        const __m512i numbers = _mm512_i64gather_epi64(indexes, kGearTable.data(), 8);
        lanes.hashes = _mm512_add_epi64(_mm512_add_epi64(lanes.hashes, lanes.hashes), numbers);
        lanes.least = _mm512_min_epu64(lanes.least, lanes.hashes);
      }
    }
  }
};

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

EMB_WIDE_INLINE inline __m512i look_up(const std::uint8_t* plane, __m512i indexes,
                                       __mmask64 is_high) {
  const __m512i low =
      _mm512_permutex2var_epi8(_mm512_load_si512(plane), indexes, _mm512_load_si512(plane + 64));
  const __m512i high = _mm512_permutex2var_epi8(_mm512_load_si512(plane + 128), indexes,
                                                _mm512_load_si512(plane + 192));
  return _mm512_mask_blend_epi8(is_high, low, high);
}

struct ByPlanes {
  static constexpr std::size_t kStepBytes = 8;

  EMB_WIDE_INLINE static __m128i load_word(const char* at) {
    return _mm_loadl_epi64(reinterpret_cast<const __m128i*>(at));
  }
  // Eight bytes of two neighbouring strips, alternating.
  EMB_WIDE_INLINE static __m128i load_two(const char* at) {
    return _mm_unpacklo_epi8(load_word(at), load_word(at + kStripBytes));
  }
  EMB_WIDE_INLINE static __m256i load_four(const char* at) {
    return _mm256_inserti128_si256(_mm256_castsi128_si256(load_two(at)),
                                   load_two(at + 2 * kStripBytes), 1);
  }
  EMB_WIDE_INLINE static __m512i load_eight(const char* at) {
    return _mm512_inserti64x4(_mm512_castsi256_si512(load_four(at)),
                              load_four(at + 4 * kStripBytes), 1);
  }
  // numbers[i]: the table's numbers for byte i of each strip.
  EMB_WIDE_INLINE static void look_up_numbers(const char* at, __m512i (&numbers)[8]) {
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
  // Two bytes at a time, so that every second sum is off the path that the next one waits for.
  EMB_WIDE_INLINE static void advance(Lanes& lanes, const char* at) {
    __m512i numbers[8];
    look_up_numbers(at, numbers);
    for (int i = 0; i < 8; i += 2) {
      const __m512i hashes = lanes.hashes;
      const __m512i first = _mm512_add_epi64(_mm512_add_epi64(hashes, hashes), numbers[i]);
      const __m512i both =
          _mm512_add_epi64(_mm512_add_epi64(numbers[i], numbers[i]), numbers[i + 1]);
      lanes.hashes = _mm512_add_epi64(_mm512_slli_epi64(hashes, 2), both);
      lanes.least = _mm512_min_epu64(lanes.least, _mm512_min_epu64(first, lanes.hashes));
    }
  }
};

constexpr std::size_t kLineBytes = 64;

// The lines of eight strips are more streams than a processor foresees by itself: each step asks
// for as many lines of the next block.
template <typename Way>
EMB_WIDE std::size_t scan(std::uint64_t& hash, const char* block, std::uint64_t limit) {
  Lanes lanes{_mm512_setzero_si512(), _mm512_setzero_si512()};
  for (std::size_t i = 0; i < kGearWindow; i += Way::kStepBytes) {
    Way::advance(lanes, block - kGearWindow + i);
  }
  // Nothing seen before a strip's own bytes counts, and the first strip knows its hash.
  lanes.least = _mm512_set1_epi64(-1);
  lanes.hashes = _mm512_mask_set1_epi64(lanes.hashes, 1, static_cast<long long>(hash));
  const __m512i starts = lanes.hashes;
  for (std::size_t i = 0; i < kStripBytes; i += Way::kStepBytes) {
    const char* const next = block + kStripBlockBytes + i * kStrips;
    for (std::size_t at = 0; at < Way::kStepBytes * kStrips; at += kLineBytes)
      _mm_prefetch(next + at, _MM_HINT_T0);
    Way::advance(lanes, block + i);
  }
  const __mmask8 matches =
      _mm512_cmplt_epu64_mask(lanes.least, _mm512_set1_epi64(static_cast<long long>(limit)));
  alignas(64) std::uint64_t hashes[kStrips];
  _mm512_store_si512(hashes, matches == 0 ? lanes.hashes : starts);
  const auto strip = static_cast<std::size_t>(std::countr_zero(static_cast<unsigned>(matches)));
  hash = hashes[matches == 0 ? kStrips - 1 : strip];
  return matches == 0 ? kStrips : strip;
}

constexpr std::array<StripScan, 2> kScans = {scan<ByGathering>, scan<ByPlanes>};

}  // namespace

std::span<const StripScan> strip_scans() {
  // x86-64 with AVX-512 VBMI: Ice Lake, Zen 4 and later.
  static const bool can = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                          __builtin_cpu_supports("avx512vl") &&
                          __builtin_cpu_supports("avx512dq") &&
                          __builtin_cpu_supports("avx512vbmi");
  return std::span(kScans).first(can ? kScans.size() : 0);
}

#else

std::span<const StripScan> strip_scans() { return {}; }

#endif

}  // namespace embrace::cas
