#pragma once
// The rolling hash that decides where a file is cut into chunks.
//
// A hash is 64 bits; each byte shifts it left by one and adds that byte's number from a fixed
// table. So a byte is forgotten after 64 more, and the hash at any place depends on the 64 bytes
// before it alone. That is what makes cuts follow the content, and what lets one run of bytes be
// scanned at several places at once.
//
// Threads: functions of their arguments.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "cas/gear_strips.h"

namespace embrace::cas {

inline constexpr std::size_t kGearWindow = 64;
inline constexpr std::size_t kNoGearMatch = std::string_view::npos;

// The numbers that every Xet client uses.
extern const std::array<std::uint64_t, 256> kGearTable;

// The hash after `bytes`, from `hash` before them.
std::uint64_t absorb_gear(std::uint64_t hash, std::string_view bytes);

// Absorbs bytes into `hash` until (hash & mask) is 0 after one of them. Returns how many were
// absorbed, that one included; or kNoGearMatch when all were, without a match. The first call finds
// out which of the ways below is the fastest on this processor.
std::size_t find_gear_match(std::uint64_t& hash, std::string_view bytes, std::uint64_t mask);

// The same, one byte after the other: what the fast one is tested against.
std::size_t find_gear_match_plainly(std::uint64_t& hash, std::string_view bytes,
                                    std::uint64_t mask);

// The same by one of strip_scans(), or, for null, by four walks in ordinary registers.
std::size_t find_gear_match_by(StripScan scan, std::uint64_t& hash, std::string_view bytes,
                               std::uint64_t mask);

}  // namespace embrace::cas
