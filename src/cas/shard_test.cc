#include "cas/shard.h"

#include <gtest/gtest.h>

#include "base/strings.h"
#include "cas/little_endian.h"
#include "cas/xorb.h"
#include "crypto/sha256.h"

namespace embrace::cas {
namespace {

constexpr std::size_t kRecordBytes = 48;

// The file "hello world" in a xorb of its own: one record in each line.
const std::string kHelloShard =
    "48465265706f4d6574614461746100556967456a7b815783a5bdd95ccdd14aa9020000000000000000000000000000"
    "00"
    "fd5ce8b743dd5ef19fb913fe8f75e225f6d9e817a8df09dd7fdb26a1a7228754000000c00100000000000000000000"
    "00"
    "119f359d8b37394e0213441f7a559081d97ba0cf5f4ea519b151e66f460bf56c000000000b00000000000000010000"
    "00"
    "30ea5cffdc2fef220c8aed157ead426e5846c32e7d9e785eda47689458270dc1000000000000000000000000000000"
    "00"
    "083e4d93b9274db9faab7ddad7522ea5ee80537ae3ef84c4e9cdefe2acf78890000000000000000000000000000000"
    "00"
    "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff000000000000000000000000000000"
    "00"
    "119f359d8b37394e0213441f7a559081d97ba0cf5f4ea519b151e66f460bf56c00000000010000000b000000000000"
    "00"
    "119f359d8b37394e0213441f7a559081d97ba0cf5f4ea519b151e66f460bf56c000000000b00000000000000000000"
    "00"
    "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff000000000000000000000000000000"
    "00";

std::string bytes_of(std::string_view hex) { return from_hex(hex).value(); }
std::string hello() { return bytes_of(kHelloShard); }

// Where records of the shard above start.
constexpr std::size_t kFileAt = 1 * kRecordBytes;
constexpr std::size_t kSegmentAt = 2 * kRecordBytes;
constexpr std::size_t kFilesEndAt = 5 * kRecordBytes;
constexpr std::size_t kXorbAt = 6 * kRecordBytes;
constexpr std::size_t kChunkAt = 7 * kRecordBytes;

// The shard above with one number of it replaced.
std::string hello_with(std::size_t at, std::uint64_t value, unsigned bytes = 4) {
  std::string number;
  append_little_endian(number, value, bytes);
  return hello().replace(at, bytes, number);
}

std::string refusal_of(std::string_view bytes) {
  const auto shard = parse_shard(bytes);
  if (shard) return "";
  EXPECT_EQ(shard.error().code(), Code::Unusable);
  return shard.error().message();
}

ShardXorb xorb_of(std::size_t chunks, std::uint32_t chunk_bytes) {
  ShardXorb xorb;
  for (std::size_t i = 0; i < chunks; ++i) {
    xorb.chunks.push_back(
        {hash_chunk(cat("chunk ", chunks, " ", i)), xorb.unpacked_bytes, chunk_bytes, false});
    xorb.unpacked_bytes += chunk_bytes;
  }
  xorb.hash = hash_chunk(cat("xorb ", chunks));
  return xorb;
}

TEST(Shard, OfAClientIsRead) {
  const auto shard = parse_shard(hello());
  ASSERT_TRUE(shard) << shard.error().message();
  const XetHash chunk = hash_chunk("hello world");
  ASSERT_EQ(shard->files.size(), 1u);
  const ShardFile& file = shard->files[0];
  EXPECT_EQ(file.hash, file_hash_of(chunk));
  EXPECT_EQ(file.sha256, crypto::sha256("hello world"));
  ASSERT_EQ(file.segments.size(), 1u);
  EXPECT_EQ(file.segments[0].xorb, chunk);
  EXPECT_EQ(file.segments[0].unpacked_bytes, 11u);
  EXPECT_EQ(file.segments[0].chunk_first, 0u);
  EXPECT_EQ(file.segments[0].chunk_last, 1u);
  EXPECT_EQ(file.range_hashes, std::vector{range_hash(std::array{chunk})});

  ASSERT_EQ(shard->xorbs.size(), 1u);
  const ShardXorb& xorb = shard->xorbs[0];
  EXPECT_EQ(xorb.hash, chunk);
  EXPECT_EQ(xorb.unpacked_bytes, 11u);
  EXPECT_EQ(xorb.stored_bytes, 0u);
  ASSERT_EQ(xorb.chunks.size(), 1u);
  EXPECT_EQ(xorb.chunks[0].hash, chunk);
  EXPECT_EQ(xorb.chunks[0].unpacked_offset, 0u);
  EXPECT_EQ(xorb.chunks[0].unpacked_bytes, 11u);
  EXPECT_FALSE(xorb.chunks[0].is_for_dedupe);

  EXPECT_EQ(to_hex(write_shard(*shard)), kHelloShard);
  EXPECT_EQ(hash_chunk(hello()).text(),
            "cd8ef2c334d413649995a5c50c3f69e6cf9a5f55a97e17abe10308589bdd45f8");
}

TEST(Shard, MayAnnounceAFooterAndLeaveItOut) {
  std::string announced(hello());
  announced[40] = '\xc8';  // 200 bytes, as hf_xet 1.2 says
  EXPECT_TRUE(parse_shard(announced));
  EXPECT_FALSE(parse_shard(announced + std::string(199, '\0')));
  EXPECT_TRUE(parse_shard(announced + std::string(200, '\0')));
}

TEST(Shard, SurvivesTheTrip) {
  Shard shard;
  shard.xorbs = {xorb_of(3, 100), xorb_of(kXorbChunksMax, kChunkBytesMax)};
  shard.xorbs[0].chunks[2].is_for_dedupe = true;
  shard.xorbs[1].stored_bytes = 12345;
  ShardFile file;
  file.hash = hash_chunk("file");
  file.segments = {{shard.xorbs[0].hash, 200, 1, 3},
                   {shard.xorbs[1].hash, kChunkBytesMax * 8192, 0, 8192}};
  shard.files.push_back(file);
  file.range_hashes = {hash_chunk("a"), hash_chunk("b")};
  shard.files.push_back(file);
  file.sha256 = crypto::sha256("file");
  shard.files.push_back(file);
  ShardFile empty;
  empty.sha256 = crypto::sha256("");
  shard.files.push_back(empty);

  const std::string bytes = write_shard(shard);
  EXPECT_EQ(bytes.size() % kRecordBytes, 0u);
  const auto read = parse_shard(bytes);
  ASSERT_TRUE(read) << read.error().message();
  ASSERT_EQ(read->files.size(), 4u);
  EXPECT_TRUE(read->files[0].range_hashes.empty());
  EXPECT_FALSE(read->files[1].sha256);
  EXPECT_EQ(read->files[2].sha256, crypto::sha256("file"));
  EXPECT_EQ(read->files[2].segments[1].chunk_last, 8192u);
  EXPECT_TRUE(read->files[3].segments.empty());
  EXPECT_TRUE(read->files[3].hash.is_zero());
  ASSERT_EQ(read->xorbs.size(), 2u);
  EXPECT_TRUE(read->xorbs[0].chunks[2].is_for_dedupe);
  EXPECT_EQ(read->xorbs[1].unpacked_bytes, 1u << 30);
  EXPECT_EQ(read->xorbs[1].stored_bytes, 12345u);
  EXPECT_EQ(write_shard(*read), bytes);

  const auto nothing = parse_shard(write_shard({}));
  ASSERT_TRUE(nothing);
  EXPECT_TRUE(nothing->files.empty() && nothing->xorbs.empty());
}

TEST(Shard, OfTheJavaScriptClientHasAFooterThatIsNotNeeded) {
  std::string bytes = hello_with(40, 200, 8);
  EXPECT_NE(refusal_of(bytes + std::string(199, '\0')), "");
  EXPECT_TRUE(parse_shard(bytes + std::string(200, '\0')));
  // Tables for searching before it.
  EXPECT_TRUE(parse_shard(bytes + std::string(200 + 5 * 12, '\0')));
}

TEST(Shard, CutOffAnywhereIsRefused) {
  for (std::size_t size = 0; size < hello().size(); ++size) {
    EXPECT_NE(refusal_of(hello().substr(0, size)), "") << size;
  }
  EXPECT_EQ(refusal_of(hello() + "x"), "shard, record at byte 432: bytes behind the last record");
  EXPECT_NE(refusal_of(hello() + std::string(200, '\0')), "");
}

TEST(Shard, WithAnotherHeadIsRefused) {
  EXPECT_EQ(refusal_of(hello_with(0, 'h', 1)), "shard, record at byte 0: not the tag of a shard");
  EXPECT_NE(refusal_of(hello_with(31, 0, 1)), "");
  EXPECT_NE(refusal_of(hello_with(32, 1, 8)), "");
  EXPECT_NE(refusal_of(hello_with(32, 3, 8)), "");
  EXPECT_NE(refusal_of(hello_with(40, 1, 8)), "");
  EXPECT_NE(refusal_of(hello_with(40, ~0ull, 8)), "");
}

TEST(Shard, WithCountsThatItCantHoldIsRefused) {
  for (const std::uint64_t count :
       {4ull, 1000ull, 0x7fff'ffffull, 0x8000'0000ull, 0xffff'ffffull}) {
    EXPECT_EQ(refusal_of(hello_with(kFileAt + 36, count)),
              "shard, record at byte 48: more segments than there are bytes");
    EXPECT_NE(refusal_of(hello_with(kXorbAt + 36, count)), "");
  }
  EXPECT_EQ(refusal_of(hello_with(kXorbAt + 36, 8192)),
            "shard, record at byte 288: more chunks than there are bytes");
  EXPECT_NE(refusal_of(hello_with(kXorbAt + 36, 0)), "");
  // Fewer than there are: then a segment is taken for something else, and the end is missed.
  EXPECT_NE(refusal_of(hello_with(kFileAt + 36, 0)), "");
}

TEST(Shard, WithImpossibleNumbersIsRefused) {
  EXPECT_NE(refusal_of(hello_with(kFileAt + 32, 0xe000'0000)), "");     // unknown flag
  EXPECT_NE(refusal_of(hello_with(kSegmentAt + 40, 1)), "");            // [1, 1)
  EXPECT_NE(refusal_of(hello_with(kSegmentAt + 40, 0xffff'ffff)), "");  // [-1, 1)
  EXPECT_NE(refusal_of(hello_with(kSegmentAt + 44, 8193)), "");         // beyond any xorb
  EXPECT_NE(refusal_of(hello_with(kSegmentAt + 36, 0)), "");            // no byte
  EXPECT_NE(refusal_of(hello_with(kSegmentAt + 36, 131073)), "");       // too many for a chunk
  EXPECT_NE(refusal_of(hello_with(kXorbAt + 40, 12)), "");              // another sum
  EXPECT_NE(refusal_of(hello_with(kChunkAt + 32, 1)), "");              // another offset
  EXPECT_NE(refusal_of(hello_with(kChunkAt + 36, 0)), "");              // no byte
  EXPECT_NE(refusal_of(hello_with(kChunkAt + 36, 131073)), "");         // too many
  EXPECT_NE(refusal_of(hello_with(kChunkAt + 36, 0xffff'ffff)), "");
  EXPECT_NE(refusal_of(hello_with(kFilesEndAt + 40, 1)), "");  // not quite a bookend
  EXPECT_NE(refusal_of(hello_with(kFilesEndAt + 8, 1, 1)), "");
}

TEST(Shard, HasAGreatestLength) {
  EXPECT_NE(refusal_of(std::string(kShardBytesMax + 1, '\0')), "");
}

// Three xorbs of as many chunks as in an answer that the public hub once gave: the same lengths and
// offsets have to come out.
TEST(DedupeAnswer, IsLaidOutAsThePublicHubsAre) {
  const std::array xorbs = {xorb_of(933, 60000), xorb_of(1062, 60000), xorb_of(122, 70000)};
  const XetHash key =
      XetHash::parse("d6834b04843aaf16f29903e2428a99be635099f9ea5056cc4e95e7ec8a41509f").value();
  constexpr Millis kCreated = 1754059905'123;
  const std::string answer = write_dedupe_answer(
      xorbs, {.key = key.bytes(), .created_ms = kCreated, .key_expires_ms = kCreated + 604800'000});
  ASSERT_EQ(answer.size(), 102104u);
  EXPECT_EQ(load_little_endian(answer, 40, 8), 200u);

  const std::string_view footer = std::string_view(answer).substr(101904);
  const auto number = [&](std::size_t at) { return load_little_endian(footer, at, 8); };
  EXPECT_EQ(number(0), 1u);
  EXPECT_EQ(number(8), 48u);
  EXPECT_EQ(number(16), 96u);
  for (const std::size_t table : {24u, 40u, 56u}) {
    EXPECT_EQ(number(table), 101904u);
    EXPECT_EQ(number(table + 8), 0u);
  }
  EXPECT_EQ(footer.substr(72, 32), key.raw());
  EXPECT_EQ(number(104), 1754059905u);
  EXPECT_EQ(number(112), 1754059905u + 604800);
  EXPECT_EQ(number(168), 0u);
  EXPECT_EQ(number(176), 0u);
  EXPECT_EQ(number(184), 933u * 60000 + 1062 * 60000 + 122 * 70000);
  EXPECT_EQ(number(192), 101904u);

  const auto shard = parse_shard(answer);
  ASSERT_TRUE(shard) << shard.error().message();
  EXPECT_TRUE(shard->files.empty());
  ASSERT_EQ(shard->xorbs.size(), 3u);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(shard->xorbs[i].hash, xorbs[i].hash);
    ASSERT_EQ(shard->xorbs[i].chunks.size(), xorbs[i].chunks.size());
    for (std::size_t j = 0; j < xorbs[i].chunks.size(); ++j) {
      EXPECT_EQ(shard->xorbs[i].chunks[j].hash,
                keyed_chunk_hash(key.bytes(), xorbs[i].chunks[j].hash));
      EXPECT_EQ(shard->xorbs[i].chunks[j].unpacked_offset, xorbs[i].chunks[j].unpacked_offset);
    }
  }
}

TEST(DedupeAnswer, WithoutAKeyShowsPlainHashes) {
  const std::array xorbs = {xorb_of(5, 10)};
  const auto shard = parse_shard(write_dedupe_answer(xorbs, {}));
  ASSERT_TRUE(shard);
  EXPECT_EQ(shard->xorbs[0].chunks[4].hash, xorbs[0].chunks[4].hash);
}

}  // namespace
}  // namespace embrace::cas
