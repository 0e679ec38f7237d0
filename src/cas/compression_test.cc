#include "cas/compression.h"

#include <gtest/gtest.h>
#include <lz4frame.h>

#include <bit>
#include <cstdint>
#include <random>

#include "base/strings.h"

namespace embrace::cas {
namespace {

std::string bytes_of(std::string_view hex) { return from_hex(hex).value(); }

// 64 times "a", as the clients write it: blocks of at most 64 KiB, of 256 KiB, and linked ones.
const std::string kBlock =
    "0b0000001f610100275061616161"
    "61";
const std::string kEndMark = "00000000";
const std::string kRustFrame = "04224d18604082" + kBlock + kEndMark;
const std::string kRustLargeFrame = "04224d186050fb" + kBlock + kEndMark;
const std::string kJavaScriptFrame = "04224d184070df" + kBlock + kEndMark;

// Empty when it refuses.
std::string decoded(Compression compression, std::string_view payload, std::size_t size) {
  static Decoder decoder;
  std::string into(size, '?');
  return decoder.decode(compression, payload, into) ? into : "";
}

std::string refusal_of(std::string_view payload, std::size_t size) {
  Decoder decoder;
  std::string into(size, '?');
  const Status status = decoder.decode(Compression::Lz4, payload, into);
  if (status) return "";
  EXPECT_EQ(status.error().code(), Code::Unusable);
  return status.error().message();
}

std::string frame_of(std::string_view bytes, const LZ4F_preferences_t& preferences) {
  std::string frame(LZ4F_compressFrameBound(bytes.size(), &preferences), '\0');
  frame.resize(
      LZ4F_compressFrame(frame.data(), frame.size(), bytes.data(), bytes.size(), &preferences));
  return frame;
}

// Weights as models have them: the upper halves of normally distributed floats.
std::string bf16_weights(std::size_t size) {
  std::mt19937 random(7);
  std::normal_distribution<float> normal(0, 0.02F);
  std::string bytes;
  while (bytes.size() < size) {
    const auto bits = std::bit_cast<std::uint32_t>(normal(random));
    bytes.push_back(static_cast<char>(bits >> 16));
    bytes.push_back(static_cast<char>(bits >> 24));
  }
  return bytes;
}

// Weights in f32 that were rounded to fewer bits: what grouping by four is for.
std::string rounded_weights(std::size_t size) {
  std::mt19937 random(7);
  std::normal_distribution<float> normal(0, 0.02F);
  std::string bytes;
  while (bytes.size() < size) {
    const auto bits = std::bit_cast<std::uint32_t>(normal(random)) & 0xFFFF'8000u;
    for (unsigned shift = 0; shift < 32; shift += 8)
      bytes.push_back(static_cast<char>(bits >> shift));
  }
  return bytes;
}

std::string noise(std::size_t size) {
  std::mt19937_64 random(8);
  std::string bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random());
  return bytes;
}

TEST(ByteGroups, AreThoseOfTheClients) {
  const std::string numbers = bytes_of("0102030405060708090a0b");
  EXPECT_EQ(group_bytes_by_four(numbers.substr(0, 8)), bytes_of("0105020603070408"));
  EXPECT_EQ(group_bytes_by_four(numbers.substr(0, 9)), bytes_of("010509020603070408"));
  EXPECT_EQ(group_bytes_by_four(numbers.substr(0, 10)), bytes_of("01050902060a03070408"));
  EXPECT_EQ(group_bytes_by_four(numbers), bytes_of("01050902060a03070b0408"));
}

TEST(ByteGroups, OfEveryLengthComeApartAgain) {
  const std::string bytes = noise(kChunkBytesMax);
  for (std::size_t size = 0; size < 600; ++size) {
    const std::string plain = bytes.substr(size, size);
    const std::string grouped = group_bytes_by_four(plain);
    std::string by_the_rule;
    for (std::size_t lane = 0; lane < 4; ++lane) {
      for (std::size_t i = lane; i < plain.size(); i += 4) by_the_rule.push_back(plain[i]);
    }
    ASSERT_EQ(grouped, by_the_rule) << size;
    ASSERT_EQ(ungroup_bytes_by_four(grouped), plain) << size;
  }
  EXPECT_EQ(ungroup_bytes_by_four(group_bytes_by_four(bytes)), bytes);
}

TEST(Decoder, ReadsTheFramesOfAllClients) {
  const std::string plain(64, 'a');
  EXPECT_EQ(decoded(Compression::Lz4, bytes_of(kRustFrame), 64), plain);
  EXPECT_EQ(decoded(Compression::Lz4, bytes_of(kRustLargeFrame), 64), plain);
  EXPECT_EQ(decoded(Compression::Lz4, bytes_of(kJavaScriptFrame), 64), plain);
  EXPECT_EQ(decoded(Compression::ByteGroupedLz4, bytes_of(kRustFrame), 64), plain);
  EXPECT_EQ(decoded(Compression::None, "hello", 5), "hello");
}

TEST(Decoder, ReadsFramesOfSeveralLinkedBlocksWithSizeAndChecksum) {
  const std::string plain = bf16_weights(kChunkBytesMax / 2) + std::string(65536, 'x');
  LZ4F_preferences_t preferences{};
  preferences.frameInfo.blockSizeID = LZ4F_max64KB;
  preferences.frameInfo.blockMode = LZ4F_blockLinked;
  preferences.frameInfo.contentSize = plain.size();
  preferences.frameInfo.contentChecksumFlag = LZ4F_contentChecksumEnabled;
  const std::string frame = frame_of(plain, preferences);
  EXPECT_EQ(decoded(Compression::Lz4, frame, plain.size()), plain);
  // With a checksum, the end can't be missing.
  EXPECT_EQ(decoded(Compression::Lz4, frame.substr(0, frame.size() - 4), plain.size()), "");
  EXPECT_EQ(decoded(Compression::Lz4, frame.substr(0, frame.size() - 8), plain.size()), "");
}

TEST(Decoder, ForgivesAMissingEndMarkAndNothingElse) {
  const std::string frame = bytes_of(kRustFrame);
  for (std::size_t size = 0; size <= frame.size(); ++size) {
    const bool is_whole = size == frame.size() || size == frame.size() - 4;
    EXPECT_EQ(refusal_of(frame.substr(0, size), 64).empty(), is_whole) << size;
  }
}

TEST(Decoder, RefusesFramesThatHoldMoreOrLessThanPromised) {
  const std::string frame = bytes_of(kRustFrame);
  EXPECT_NE(refusal_of(frame, 63), "");
  EXPECT_NE(refusal_of(frame, 65), "");
  EXPECT_NE(refusal_of(frame, 1), "");
  EXPECT_NE(refusal_of(frame + "x", 64), "");
  EXPECT_NE(refusal_of(frame + frame, 64), "");
  EXPECT_NE(refusal_of(frame + frame, 128), "");
  EXPECT_EQ(decoded(Compression::None, "hello", 4), "");
  EXPECT_EQ(decoded(Compression::None, "hell", 5), "");

  // A bomb: 4 MiB of zeros in a frame of 16 KiB.
  LZ4F_preferences_t preferences{};
  preferences.frameInfo.blockSizeID = LZ4F_max4MB;
  const std::string bomb = frame_of(std::string(4 << 20, '\0'), preferences);
  ASSERT_LT(bomb.size(), 20000u);
  EXPECT_NE(refusal_of(bomb, kChunkBytesMax), "");
  EXPECT_NE(refusal_of(bomb, 1), "");
  EXPECT_NE(refusal_of(bomb, 4 << 20), "");
}

TEST(Decoder, RefusesFramesThatOtherClientsCantRead) {
  LZ4F_preferences_t preferences{};
  preferences.frameInfo.blockChecksumFlag = LZ4F_blockChecksumEnabled;
  const std::string plain(1000, 'a');
  EXPECT_NE(refusal_of(frame_of(plain, preferences), plain.size()), "");
  preferences = {};
  preferences.frameInfo.dictID = 7;
  EXPECT_NE(refusal_of(frame_of(plain, preferences), plain.size()), "");
  // A skippable frame, alone and before another one.
  const std::string skippable = bytes_of("502a4d180400000061616161");
  EXPECT_NE(refusal_of(skippable, 64), "");
  EXPECT_NE(refusal_of(skippable + bytes_of(kRustFrame), 64), "");
}

TEST(Decoder, RefusesDamagedFramesAndGoesOn) {
  const std::string frame = bytes_of(kRustFrame);
  Decoder decoder;
  std::string into(64, '?');
  for (std::size_t bit = 0; bit < frame.size() * 8; ++bit) {
    std::string damaged = frame;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ 1 << bit % 8);
    (void)decoder.decode(Compression::Lz4, damaged, into);
    ASSERT_TRUE(decoder.decode(Compression::Lz4, frame, into)) << bit;
    ASSERT_EQ(into, std::string(64, 'a'));
  }
}

TEST(Encoder, MakesFramesInTheStyleOfTheClients) {
  Encoder encoder;
  const auto small = encoder.encode(std::string(64, 'a'), Compression::Lz4);
  EXPECT_EQ(small.used, Compression::Lz4);
  EXPECT_EQ(to_hex(small.payload), kRustFrame);
  const auto large = encoder.encode(std::string(65537, 'a'), Compression::Lz4);
  EXPECT_EQ(to_hex(large.payload.substr(0, 7)), "04224d186050fb");
}

TEST(Encoder, MakesWhatTheDecoderReads) {
  Encoder encoder;
  for (const std::string& bytes :
       {rounded_weights(kChunkBytesMax), std::string(kChunkBytesMax, 'z'), rounded_weights(65536),
        std::string(33, 'b')}) {
    for (const Compression wanted : {Compression::Lz4, Compression::ByteGroupedLz4}) {
      const auto encoded = encoder.encode(bytes, wanted);
      EXPECT_EQ(decoded(encoded.used, encoded.payload, bytes.size()), bytes);
    }
  }
}

TEST(Encoder, LeavesChunksPlainThatSaveLessThanASixth) {
  Encoder encoder;
  for (const std::size_t size : {1u, 11u, 1000u, 131072u}) {
    const std::string bytes = noise(size);
    const auto encoded = encoder.encode(bytes, Compression::Lz4);
    EXPECT_EQ(encoded.used, Compression::None);
    EXPECT_EQ(encoded.payload.data(), bytes.data());
    EXPECT_EQ(encoded.payload.size(), size);
  }
  // Noise with zeros among it: 1/8 of the chunk, then 1/4.
  std::string bytes = noise(64 << 10);
  std::fill_n(bytes.begin() + 1000, 8 << 10, '\0');
  EXPECT_EQ(encoder.encode(bytes, Compression::Lz4).used, Compression::None);
  std::fill_n(bytes.begin() + 1000, 16 << 10, '\0');
  EXPECT_EQ(encoder.encode(bytes, Compression::Lz4).used, Compression::Lz4);
  EXPECT_EQ(encoder.encode(bytes, Compression::None).used, Compression::None);
}

TEST(Encoder, GroupsWhatLooksLikeFloats) {
  EXPECT_EQ(Encoder::choose(bf16_weights(65536)), Compression::ByteGroupedLz4);
  EXPECT_EQ(Encoder::choose(noise(65536)), Compression::Lz4);
  EXPECT_EQ(Encoder::choose(std::string(65536, '\0')), Compression::Lz4);
  EXPECT_EQ(Encoder::choose(""), Compression::Lz4);
  std::string text;
  while (text.size() < 65536)
    text += "{\"name\": \"a line of text\", \"n\": " + cat(text.size()) + "}\n";
  EXPECT_EQ(Encoder::choose(text), Compression::Lz4);

  Encoder encoder;
  const std::string floats = rounded_weights(65536);
  EXPECT_EQ(Encoder::choose(floats), Compression::ByteGroupedLz4);
  EXPECT_EQ(encoder.encode(floats, Compression::ByteGroupedLz4).used, Compression::ByteGroupedLz4);
  EXPECT_EQ(encoder.encode(bf16_weights(65536), Compression::ByteGroupedLz4).used,
            Compression::None);
}

}  // namespace
}  // namespace embrace::cas
