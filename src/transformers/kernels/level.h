#pragma once
// Level: which instructions the kernels may use. The best that this processor and this system have
// is found once; every kernel exists at every level, from one text (*-inl.h) compiled once for
// each.
//
// Threads: any. A test may force a lower level, while nothing else computes.

#include <cstdint>
#include <string_view>
#include <vector>

namespace embrace::transformers {

enum class Level : std::uint8_t {
  Plain,       // what every processor of the family has: SSE2, or NEON
  Avx2,        // with FMA and F16C (Haswell, Zen)
  Avx512,      // with VNNI: dot products of bytes (Cascade Lake, Ice Lake)
  Avx512Bf16,  // with dot products of bfloats, too (Cooper Lake, Zen 4)
  Amx,         // with tiles of bfloats, too (Sapphire Rapids)
};

std::string_view name_of(Level level);
// Those that run here, from the lowest to the best.
const std::vector<Level>& levels_here();
Level level();

void force_level_for_test(Level level);

}  // namespace embrace::transformers
