#include "cas/chunker.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "cas/chunker_vectors.h"
#include "cas/gear_hash.h"
#include "crypto/sha256.h"

namespace embrace::cas {
namespace {

constexpr std::uint64_t kMask = 0xFFFF'0000'0000'0000;
using Ends = std::vector<std::size_t>;

// Every way to find a match that this processor has.
std::vector<StripScan> all_scans() {
  std::vector<StripScan> scans(strip_scans().begin(), strip_scans().end());
  scans.push_back(nullptr);
  return scans;
}

std::string split_mix_bytes(std::size_t count, std::uint64_t seed) {
  std::string bytes;
  bytes.reserve(count + 8);
  while (bytes.size() < count) {
    std::uint64_t z = seed += 0x9E37'79B9'7F4A'7C15;
    z = (z ^ z >> 30) * 0xBF58'476D'1CE4'E5B9;
    z = (z ^ z >> 27) * 0x94D0'49BB'1331'11EB;
    z ^= z >> 31;
    bytes.append(reinterpret_cast<const char*>(&z), sizeof z);
  }
  bytes.resize(count);
  return bytes;
}

std::string trigger_bytes(std::size_t padding) {
  constexpr std::size_t kCount = 65536;
  std::string bytes(kTrigger.begin(), kTrigger.end());
  bytes.append(padding, '\0');
  while (bytes.size() < kCount)
    bytes.append(bytes, 0, std::min(kCount - bytes.size(), bytes.size()));
  return bytes;
}

// Where chunks end when the data comes in pieces of the sizes that `piece` gives.
template <typename Piece>
Ends ends_of(std::string_view data, Piece&& piece, Chunker chunker = {}) {
  Ends ends;
  std::size_t at = 0;
  while (at < data.size()) {
    std::string_view fed = data.substr(at, piece());
    while (!fed.empty()) {
      const Chunker::Step step = chunker.next(fed);
      at += step.taken;
      fed.remove_prefix(step.taken);
      EXPECT_TRUE(step.is_cut || fed.empty());
      EXPECT_EQ(chunker.has_open_chunk(), !step.is_cut);
      if (step.is_cut) ends.push_back(at);
    }
  }
  if (chunker.has_open_chunk()) ends.push_back(at);
  return ends;
}

Ends ends_of(std::string_view data) {
  return ends_of(data, [&] { return data.size(); });
}

// The rule as it is written down, without any shortcut.
Ends ends_by_the_rule(std::string_view data) {
  Ends ends;
  std::uint64_t hash = 0;
  std::size_t size = 0;
  for (std::size_t i = 0; i < data.size(); ++i) {
    hash = (hash << 1) + kGearTable[static_cast<unsigned char>(data[i])];
    ++size;
    if ((size >= 8192 && (hash & kMask) == 0) || size == 131072) {
      ends.push_back(i + 1);
      hash = size = 0;
    }
  }
  if (size > 0) ends.push_back(data.size());
  return ends;
}

TEST(GearHash, MatchesWhereTheClientsMatch) {
  std::string bytes;
  for (std::uint32_t s = 0xecd17f; bytes.size() < 100'000;) {
    s = (s * 1111 + 12345) & 0xffffff;
    bytes.append(reinterpret_cast<const char*>(&s), 3);
  }
  bytes.resize(100'000);
  for (const auto find : {find_gear_match, find_gear_match_plainly}) {
    for (const GearRow& row : kGearRows) {
      std::uint64_t hash = 0;
      const std::size_t match =
          find(hash, std::string_view(bytes).substr(row.offset), kGearRowMask);
      const bool is_tail = row.offset + row.size == bytes.size();
      EXPECT_EQ(match, is_tail ? kNoGearMatch : row.size) << row.offset;
      EXPECT_EQ(hash, row.hash) << row.offset;
    }
  }
}

TEST(GearHash, FindsWhatAPlainWalkFinds) {
  std::mt19937 random(11);
  const std::string bytes = split_mix_bytes(70'000, 5);
  for (int round = 0; round < 2000; ++round) {
    const int ones = 1 + random() % 20;
    // Ones on top take the widest way, others the narrow one.
    const std::uint64_t mask = (~std::uint64_t{0} << (64 - ones)) >> (round % 2);
    const std::string_view run = std::string_view(bytes).substr(
        random() % 1000, random() % (std::size_t{1} << (1 + random() % 16)));
    const std::uint64_t before = random() * std::uint64_t{0x1'0000'0001};
    std::uint64_t plain = before;
    const std::size_t expected = find_gear_match_plainly(plain, run, mask);
    for (const StripScan scan : all_scans()) {
      std::uint64_t fast = before;
      ASSERT_EQ(find_gear_match_by(scan, fast, run, mask), expected);
      ASSERT_EQ(fast, plain);
    }
  }
}

TEST(GearHash, SeesAMatchInEveryPlace) {
  // A match is planted at each offset in turn: 64 bytes whose hash is known to have the zeros.
  const std::string noise = split_mix_bytes(1 << 20, 9);
  std::uint64_t hash = 0;
  const std::size_t match =
      find_gear_match_plainly(hash, std::string_view(noise).substr(64), kMask);
  ASSERT_NE(match, kNoGearMatch);
  ASSERT_GT(match, kGearWindow);
  const std::string_view planted = std::string_view(noise).substr(match, kGearWindow);
  for (std::size_t at = 0; at < 9000; ++at) {
    std::string run(9500, '\x3b');  // on its own, this byte never matches
    run.replace(at, kGearWindow, planted);
    constexpr std::uint64_t kBefore = 0x0123'4567'89ab'cdef;
    std::uint64_t plain = kBefore;
    const std::size_t expected = find_gear_match_plainly(plain, run, kMask);
    ASSERT_LE(expected, at + kGearWindow);
    for (const StripScan scan : all_scans()) {
      std::uint64_t fast = kBefore;
      ASSERT_EQ(find_gear_match_by(scan, fast, run, kMask), expected) << at;
      ASSERT_EQ(fast, plain) << at;
    }
  }
}

TEST(Chunker, CutsRandomBytesWhereTheClientsDo) {
  const std::string bytes = split_mix_bytes(1'000'000, 0);
  ASSERT_EQ(crypto::sha256(bytes).hex(),
            "b3d0a1f7938cd4d8413a4dcffd4313e2e8ac0cb61cb1090eb140ea8e9154befb");
  EXPECT_EQ(ends_of(bytes),
            (Ends{84493, 134421, 144853, 243318, 271793, 336457, 467529, 494581, 582000, 596735,
                  616815, 653164, 678202, 724510, 815591, 827760, 958832, 991092, 1000000}));
}

TEST(Chunker, CutsConstantBytesAtTheMaximum) {
  EXPECT_EQ(ends_of(std::string(1'000'000, '\x3b')),
            (Ends{131072, 262144, 393216, 524288, 655360, 786432, 917504, 1000000}));
  EXPECT_EQ(ends_of(std::string(131073, '\0')), (Ends{131072, 131073}));
}

TEST(Chunker, ShortDataIsOneChunkAndNoDataIsNone) {
  EXPECT_EQ(ends_of(""), Ends{});
  EXPECT_EQ(ends_of("x"), Ends{1});
  EXPECT_EQ(ends_of(std::string(8191, '\0')), Ends{8191});
  EXPECT_EQ(ends_of(std::string(8192, '\0')), Ends{8192});
  EXPECT_EQ(ends_of(std::string(131072, '\0')), Ends{131072});
}

TEST(Chunker, IgnoresMatchesBeforeTheMinimum) {
  for (std::size_t padding = 0; padding < std::size(kTortureRows); ++padding) {
    const TortureRow& row = kTortureRows[padding];
    const std::string bytes = trigger_bytes(padding);
    ASSERT_EQ(static_cast<unsigned char>(bytes[11111]), row.byte);
    Ends expected(row.ends.begin(), row.ends.end());
    expected.push_back(65536);
    EXPECT_EQ(ends_of(bytes), expected) << padding;
  }
}

TEST(Chunker, OtherTargetsKeepTheProportions) {
  const std::string zeros(8192, '\0');
  const Ends ends = ends_of(zeros, [&] { return zeros.size(); }, Chunker::with_target(512));
  EXPECT_EQ(ends, (Ends{1024, 2048, 3072, 4096, 5120, 6144, 7168, 8192}));
}

TEST(Chunker, CutsLargeFilesWhereTheClientsDo) {
  const Ends ends = ends_of(split_mix_bytes(8'388'608, 42));
  ASSERT_EQ(ends.size(), 130u);
  EXPECT_EQ(Ends(ends.end() - 3, ends.end()), (Ends{8325409, 8339404, 8388608}));
}

TEST(Chunker, FollowsTheRuleWithoutShortcuts) {
  for (std::uint64_t seed = 100; seed < 120; ++seed) {
    const std::string bytes = split_mix_bytes(700'000 + seed, seed);
    ASSERT_EQ(ends_of(bytes), ends_by_the_rule(bytes)) << seed;
  }
  // Few different bytes repeat often: matches come in bursts, also before the minimum.
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    std::string bytes = split_mix_bytes(400'000, seed);
    for (char& byte : bytes) byte = byte & 1 ? '\x11' : '\x17';
    ASSERT_EQ(ends_of(bytes), ends_by_the_rule(bytes)) << seed;
  }
}

TEST(Chunker, SlicingDoesNotMatter) {
  const std::string bytes = split_mix_bytes(256'000, 1);
  const Ends expected{25125, 104497, 235569, 256000};
  for (const std::size_t piece : {1u, 37u, 255u, 4096u, 8192u, 131072u, 256000u}) {
    EXPECT_EQ(ends_of(bytes, [&] { return piece; }), expected) << piece;
  }
  std::mt19937 random(3);
  const std::string more = split_mix_bytes(500'000, 77) + trigger_bytes(41);
  const Ends whole = ends_of(more);
  for (int round = 0; round < 100; ++round) {
    const std::size_t piece_max = std::size_t{1} << (1 + random() % 18);
    ASSERT_EQ(ends_of(more, [&] { return 1 + random() % piece_max; }), whole) << round;
  }
}

}  // namespace
}  // namespace embrace::cas
