#pragma once
// What a machine can do at most, for benchmarks that tell speeds as ratios to it: a plain read of
// memory, and multiplications that wait for nothing. Each is a loop for one thread, to be timed by
// the caller in the same seconds as what it is compared with.
//
// Threads: any.

#include <cstddef>
#include <cstdint>

#include "transformers/kernels/level.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace embrace::transformers::limits {

// Eight sums, each of a line: what the compiler makes of it waits for memory alone. Bytes behind
// the last whole 512 are left out.
inline void read_all_of(const std::byte* from, const std::byte* end) {
  using Line = std::uint64_t __attribute__((vector_size(64)));
  Line sums[8] = {};
  for (; from + sizeof sums <= end; from += sizeof sums) {
    for (std::size_t i = 0; i < 8; ++i) sums[i] ^= *reinterpret_cast<const Line*>(from + i * 64);
  }
  for (Line& sum : sums) asm volatile("" : : "m"(sum));
}

// `rounds` times sixteen instructions that depend on nothing but themselves, at their level.
struct Peak {
  const char* instruction = "";
  double operations = 0;  // additions and multiplications of one round
  void (*run)(long rounds) = nullptr;
};

#if defined(__x86_64__)
#define EMB_PEAK(name, features, type, start, step)                 \
  __attribute__((target(features))) inline void name(long rounds) { \
    type sums[16];                                                  \
    for (auto& sum : sums) sum = start;                             \
    for (long k = 0; k < rounds; ++k) {                             \
      _Pragma("clang loop unroll(full)") for (auto& sum : sums) {   \
        sum = step;                                                 \
        asm volatile("" : "+v"(sum));                               \
      }                                                             \
    }                                                               \
  }
EMB_PEAK(run_f32, "avx512f", __m512, _mm512_set1_ps(1),
         _mm512_fmadd_ps(sum, _mm512_set1_ps(0.99f), _mm512_set1_ps(0.01f)))
EMB_PEAK(run_bfloats, "avx512f,avx512bf16", __m512, _mm512_setzero_ps(),
         _mm512_dpbf16_ps(sum, (__m512bh)_mm512_set1_epi16(0x3f80),
                          (__m512bh)_mm512_set1_epi16(0x3f80)))
EMB_PEAK(run_bytes, "avx512f,avx512vnni", __m512i, _mm512_setzero_si512(),
         _mm512_dpbusd_epi32(sum, _mm512_set1_epi8(1), _mm512_set1_epi8(1)))
#undef EMB_PEAK

// Four tiles of sums; loading the configuration fills all tiles with zeros.
__attribute__((target("amx-tile,amx-bf16"))) inline void run_tiles(long rounds) {
  struct alignas(64) {
    std::uint8_t palette = 1;
    std::uint8_t reserved[15] = {};
    std::uint16_t row_bytes[16] = {64, 64, 64, 64, 64, 64};
    std::uint8_t rows[16] = {16, 16, 16, 16, 16, 16};
  } const configuration;
  _tile_loadconfig(&configuration);
  for (long k = 0; k < rounds * 4; ++k) {
    _tile_dpbf16ps(0, 4, 5);
    _tile_dpbf16ps(1, 4, 5);
    _tile_dpbf16ps(2, 4, 5);
    _tile_dpbf16ps(3, 4, 5);
  }
  _tile_release();
}

inline constexpr Peak kF32{"f32 FMA", 16 * 32, run_f32};            // from Avx512 on
inline constexpr Peak kBytes{"vpdpbusd", 16 * 128, run_bytes};      // from Avx512 on
inline constexpr Peak kBfloats{"vdpbf16ps", 16 * 64, run_bfloats};  // from Avx512Bf16 on
inline constexpr Peak kTiles{"tdpbf16ps", 16.0 * 16 * 16 * 32 * 2, run_tiles};  // at Amx
#endif

}  // namespace embrace::transformers::limits
