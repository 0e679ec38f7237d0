#pragma once
// Blocks of a run that are scanned eight strips at a time, one to each lane of AVX-512; gear_hash.h
// says what for.
//
// Threads: functions of their arguments.

#include <cstddef>
#include <cstdint>
#include <span>

namespace embrace::cas {

inline constexpr std::size_t kStripBytes = 1024;
inline constexpr std::size_t kStrips = 8;
inline constexpr std::size_t kStripBlockBytes = kStrips * kStripBytes;

// Scans a block that is preceded by 64 bytes of the same run; `hash` is the one before the block.
// Returns the first strip in which a hash is below `limit`; `hash` becomes the one before that
// strip. If there is none, returns kStrips, and `hash` is the one after the block.
using StripScan = std::size_t (*)(std::uint64_t& hash, const char* block, std::uint64_t limit);

// Those that this processor can do, in no order; none on most. All find the same.
std::span<const StripScan> strip_scans();

}  // namespace embrace::cas
