#include "cas/gear_hash.h"

#include <bit>

#include "cas/gear_strips.h"

namespace embrace::cas {

namespace {

std::uint64_t next_gear(std::uint64_t hash, char byte) {
  return (hash << 1) + kGearTable[static_cast<unsigned char>(byte)];
}

// A walk waits for its own last sum at every byte; four of them, in four strips of the same run,
// fill the processor. Each strip after the first is warmed with the window before it.
constexpr std::size_t kStrips = 4;
constexpr std::size_t kStripBytes = 512;
constexpr std::size_t kBlockBytes = kStrips * kStripBytes;
static_assert(kBlockBytes >= kGearWindow && kWideBlockBytes % kBlockBytes == 0);

// One block, strips in lockstep. Where one matches, the strips before it are walked to their ends:
// the first match in the run is the one that counts.
std::size_t find_in_block(std::uint64_t& hash, const char* block, std::uint64_t mask) {
  const char* const s0 = block;
  const char* const s1 = s0 + kStripBytes;
  const char* const s2 = s1 + kStripBytes;
  const char* const s3 = s2 + kStripBytes;
  std::uint64_t h0 = hash, h1 = 0, h2 = 0, h3 = 0;
  for (std::size_t i = 0; i < kGearWindow; ++i) {
    h1 = next_gear(h1, (s1 - kGearWindow)[i]);
    h2 = next_gear(h2, (s2 - kGearWindow)[i]);
    h3 = next_gear(h3, (s3 - kGearWindow)[i]);
  }
  std::size_t i = 0;
#pragma clang loop unroll_count(4)
  for (; i < kStripBytes; ++i) {
    h0 = next_gear(h0, s0[i]);
    h1 = next_gear(h1, s1[i]);
    h2 = next_gear(h2, s2[i]);
    h3 = next_gear(h3, s3[i]);
    if ((h0 & mask) == 0 || (h1 & mask) == 0 || (h2 & mask) == 0 || (h3 & mask) == 0) break;
  }
  if (i == kStripBytes) {
    hash = h3;
    return kNoGearMatch;
  }
  const std::uint64_t hashes[kStrips] = {h0, h1, h2, h3};
  for (std::size_t strip = 0;; ++strip) {
    hash = hashes[strip];
    const std::size_t at = strip * kStripBytes + i + 1;
    if ((hash & mask) == 0) return at;
    const std::size_t more =
        find_gear_match_plainly(hash, std::string_view(block + at, kStripBytes - i - 1), mask);
    if (more != kNoGearMatch) return at + more;
  }
}

}  // namespace

std::uint64_t absorb_gear(std::uint64_t hash, std::string_view bytes) {
  for (const char byte : bytes) hash = next_gear(hash, byte);
  return hash;
}

std::size_t find_gear_match_plainly(std::uint64_t& hash, std::string_view bytes,
                                    std::uint64_t mask) {
  std::uint64_t running = hash;
  std::size_t found = kNoGearMatch;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    running = next_gear(running, bytes[i]);
    if ((running & mask) == 0) {
      found = i + 1;
      break;
    }
  }
  hash = running;
  return found;
}

std::size_t find_gear_match(std::uint64_t& hash, std::string_view bytes, std::uint64_t mask) {
  std::size_t at = 0;
  const auto scan_block = [&] {
    const std::size_t match = find_in_block(hash, bytes.data() + at, mask);
    at += match == kNoGearMatch ? kBlockBytes : match;
    return match != kNoGearMatch;
  };
  // Ones on top and zeros below: then a match is a hash below the lowest one. A block that has any
  // is scanned again, for the first.
  const bool is_top = mask != 0 && mask == ~std::uint64_t{0} << std::countr_zero(mask);
  if (is_top && bytes.size() >= kGearWindow + kWideBlockBytes && can_scan_wide()) {
    at = find_gear_match_plainly(hash, bytes.substr(0, kGearWindow), mask);
    if (at != kNoGearMatch) return at;
    at = kGearWindow;  // bytes that precede the first wide block
    while (bytes.size() - at >= kWideBlockBytes) {
      if (!finds_below_in_wide_block(hash, bytes.data() + at, ~mask + 1)) {
        at += kWideBlockBytes;
        continue;
      }
      while (!scan_block()) continue;
      return at;
    }
  }
  while (bytes.size() - at >= kBlockBytes) {
    if (scan_block()) return at;
  }
  const std::size_t match = find_gear_match_plainly(hash, bytes.substr(at), mask);
  return match == kNoGearMatch ? kNoGearMatch : at + match;
}

}  // namespace embrace::cas
