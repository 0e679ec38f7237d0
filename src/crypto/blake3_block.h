#pragma once
// The constants of BLAKE3's compression function.

#include <array>
#include <bit>
#include <cstdint>

namespace embrace::crypto::blake3_lanes {

static_assert(std::endian::native == std::endian::little,
              "blocks are read as words where they lie");

inline constexpr std::array<std::uint32_t, 8> kInitial = {
    0x6A09E667, 0xBB67AE85, 0x3C6EF372, 0xA54FF53A, 0x510E527F, 0x9B05688C, 0x1F83D9AB, 0x5BE0CD19};

// kSchedule[round][i]: which word of the message is mixed in i-th. Each round permutes the last
// one's.
inline constexpr auto kSchedule = [] {
  constexpr std::array<int, 16> kPermutation = {2, 6,  3,  10, 7, 0,  4,  13,
                                                1, 11, 12, 5,  9, 14, 15, 8};
  std::array<std::array<int, 16>, 7> schedule{};
  for (int i = 0; i < 16; ++i) schedule[0][i] = i;
  for (int round = 1; round < 7; ++round) {
    for (int i = 0; i < 16; ++i) schedule[round][i] = schedule[round - 1][kPermutation[i]];
  }
  return schedule;
}();

}  // namespace embrace::crypto::blake3_lanes
