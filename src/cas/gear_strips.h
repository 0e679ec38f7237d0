#pragma once
// Blocks of a run that are scanned by the widest instructions there are; see gear_hash.h.

#include <cstddef>
#include <cstdint>

namespace embrace::cas {

inline constexpr std::size_t kWideBlockBytes = 8 * 512;

// Whether this processor can (x86-64 with AVX-512 VBMI: Ice Lake, Zen 4 and later).
bool can_scan_wide();

// Whether a hash in the block, which is preceded by 64 bytes of the same run, is below `limit`. If
// none is, `hash` is moved from the block's start to its end.
bool finds_below_in_wide_block(std::uint64_t& hash, const char* block, std::uint64_t limit);

}  // namespace embrace::cas
