#include "cas/gear_hash.h"

#include <bit>
#include <chrono>
#include <string>

namespace embrace::cas {

namespace {

std::uint64_t next_gear(std::uint64_t hash, char byte) {
  return (hash << 1) + kGearTable[static_cast<unsigned char>(byte)];
}

// A walk waits for its own last sum at every byte; four of them, in four strips of the same run,
// fill the processor. Each strip after the first is warmed with the window before it.
constexpr std::size_t kWalks = 4;
constexpr std::size_t kWalkBytes = 512;
constexpr std::size_t kBlockBytes = kWalks * kWalkBytes;
static_assert(kWalkBytes >= kGearWindow);

// One block, strips in lockstep. Where one matches, the strips before it are walked to their ends:
// the first match in the run is the one that counts.
std::size_t find_in_block(std::uint64_t& hash, const char* block, std::uint64_t mask) {
  const char* const s0 = block;
  const char* const s1 = s0 + kWalkBytes;
  const char* const s2 = s1 + kWalkBytes;
  const char* const s3 = s2 + kWalkBytes;
  std::uint64_t h0 = hash, h1 = 0, h2 = 0, h3 = 0;
  for (std::size_t i = 0; i < kGearWindow; ++i) {
    h1 = next_gear(h1, (s1 - kGearWindow)[i]);
    h2 = next_gear(h2, (s2 - kGearWindow)[i]);
    h3 = next_gear(h3, (s3 - kGearWindow)[i]);
  }
  std::size_t i = 0;
#pragma clang loop unroll_count(4)
  for (; i < kWalkBytes; ++i) {
    h0 = next_gear(h0, s0[i]);
    h1 = next_gear(h1, s1[i]);
    h2 = next_gear(h2, s2[i]);
    h3 = next_gear(h3, s3[i]);
    if ((h0 & mask) == 0 || (h1 & mask) == 0 || (h2 & mask) == 0 || (h3 & mask) == 0) break;
  }
  if (i == kWalkBytes) {
    hash = h3;
    return kNoGearMatch;
  }
  const std::uint64_t hashes[kWalks] = {h0, h1, h2, h3};
  for (std::size_t strip = 0;; ++strip) {
    hash = hashes[strip];
    const std::size_t at = strip * kWalkBytes + i + 1;
    if ((hash & mask) == 0) return at;
    const std::size_t more =
        find_gear_match_plainly(hash, std::string_view(block + at, kWalkBytes - i - 1), mask);
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

std::size_t find_gear_match_by(StripScan scan, std::uint64_t& hash, std::string_view bytes,
                               std::uint64_t mask) {
  std::size_t at = 0;
  // Ones on top and zeros below: then a match is a hash below the lowest one.
  const bool is_top = mask != 0 && mask == ~std::uint64_t{0} << std::countr_zero(mask);
  if (scan != nullptr && is_top && bytes.size() >= kGearWindow + kStripBlockBytes) {
    at = find_gear_match_plainly(hash, bytes.substr(0, kGearWindow), mask);
    if (at != kNoGearMatch) return at;
    at = kGearWindow;  // bytes that precede the first block
    for (; bytes.size() - at >= kStripBlockBytes; at += kStripBlockBytes) {
      const std::size_t strip = scan(hash, bytes.data() + at, ~mask + 1);
      if (strip == kStrips) continue;
      at += strip * kStripBytes;
      return at + find_gear_match_plainly(hash, bytes.substr(at, kStripBytes), mask);
    }
  }
  for (; bytes.size() - at >= kBlockBytes; at += kBlockBytes) {
    const std::size_t match = find_in_block(hash, bytes.data() + at, mask);
    if (match != kNoGearMatch) return at + match;
  }
  const std::size_t match = find_gear_match_plainly(hash, bytes.substr(at), mask);
  return match == kNoGearMatch ? kNoGearMatch : at + match;
}

namespace {

// Which way is fastest depends on more than what a processor says that it can do (a gather may be
// slow, or slowed down for safety's sake): they race, for a fifth of a millisecond.
StripScan find_fastest_scan() {
  using Clock = std::chrono::steady_clock;
  constexpr int kRounds = 6;
  if (strip_scans().empty()) return nullptr;
  std::string bytes(kGearWindow + 2 * kStripBlockBytes, '\0');
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(kGearTable[i % 256]);
  const auto time = [&](StripScan scan) {
    const auto began = Clock::now();
    std::uint64_t hash = 0;
    (void)find_gear_match_by(scan, hash, bytes, ~std::uint64_t{0});
    return Clock::now() - began;
  };
  // The best of some rounds, taken in turns: whoever else wants the processor disturbs a few.
  StripScan fastest = nullptr;
  Clock::duration best = Clock::duration::max();
  for (int round = 0; round < kRounds; ++round) {
    const auto try_one = [&](StripScan scan) {
      const auto took = time(scan);
      if (took < best) {
        best = took;
        fastest = scan;
      }
    };
    try_one(nullptr);
    for (const StripScan scan : strip_scans()) try_one(scan);
  }
  return fastest;
}

}  // namespace

std::size_t find_gear_match(std::uint64_t& hash, std::string_view bytes, std::uint64_t mask) {
  static const StripScan fastest = find_fastest_scan();
  return find_gear_match_by(fastest, hash, bytes, mask);
}

}  // namespace embrace::cas
