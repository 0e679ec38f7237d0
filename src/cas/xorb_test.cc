#include "cas/xorb.h"

#include <gtest/gtest.h>
#include <lz4frame.h>

#include <bit>
#include <random>

#include "base/strings.h"

namespace embrace::cas {
namespace {

// "hello world" as one plain chunk: what current clients send, and with the footer of older ones.
const std::string kHelloRecord = "000b0000000b000068656c6c6f20776f726c64";
const std::string kHelloFooter =
    "584554424c4f4201119f359d8b37394e0213441f7a559081d97ba0cf5f4ea519b151e66f460bf56c"
    "58424c424853480001000000119f359d8b37394e0213441f7a559081d97ba0cf5f4ea519b151e66f460bf56c"
    "58424c42424e440101000000130000000b000000010000005c00000030000000000000000000000000000000000000"
    "00"
    "84000000";

std::string bytes_of(std::string_view hex) { return from_hex(hex).value(); }

std::string noise(std::size_t size, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::string bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random());
  return bytes;
}

std::string header_text(const RecordHeader& header) {
  const auto bytes = render_record_header(header);
  return {bytes.data(), bytes.size()};
}

std::string record(Compression compression, std::string_view payload, std::size_t chunk_bytes) {
  return header_text({compression, static_cast<std::uint32_t>(payload.size()),
                      static_cast<std::uint32_t>(chunk_bytes)})
      .append(payload);
}
std::string plain_record(std::string_view chunk) {
  return record(Compression::None, chunk, chunk.size());
}

XetHash root_of(const std::vector<std::string>& chunks) {
  MerkleRoot root;
  for (const std::string& chunk : chunks) root.add(hash_chunk(chunk), chunk.size());
  return root.finish();
}

Result<XorbIndex> parsed(std::string_view bytes, const XetHash& expected,
                         std::size_t piece = 1 << 20) {
  XorbParser parser;
  for (std::size_t at = 0; at < bytes.size(); at += piece)
    EMB_DO(parser.feed(bytes.substr(at, piece)));
  return parser.finish(expected);
}

std::string refusal_of(std::string_view bytes, const XetHash& expected = {}) {
  const auto index = parsed(bytes, expected);
  if (index) return "";
  EXPECT_EQ(index.error().code(), Code::Unusable);
  return index.error().message();
}

struct Xorb {
  std::vector<std::string> chunks;
  std::string records;
  XorbIndex index;
};
Xorb written(std::vector<std::string> chunks) {
  Xorb xorb;
  xorb.chunks = std::move(chunks);
  XorbWriter writer;
  for (const std::string& chunk : xorb.chunks)
    writer.add(chunk, hash_chunk(chunk)).append_to(xorb.records);
  xorb.index = writer.finish();
  return xorb;
}

// Noise, text, zeros and weights, of 1 byte to 128 KiB.
Xorb mixed_xorb() {
  std::vector<std::string> chunks;
  std::mt19937 random(3);
  std::normal_distribution<float> normal(0, 0.02F);
  for (const std::size_t size : {1u, 11u, 8192u, 65536u, 70001u, 131072u, 2u, 30000u}) {
    chunks.push_back(noise(size, size));
    chunks.emplace_back(size, '\0');
    std::string text;
    while (text.size() < size) text += cat("line ", text.size(), " of a text\n");
    chunks.push_back(text.substr(0, size));
    std::string weights;
    while (weights.size() < size) {
      const auto bits = std::bit_cast<std::uint32_t>(normal(random)) & 0xFFFF'FF00u;
      for (unsigned shift = 0; shift < 32; shift += 8)
        weights.push_back(static_cast<char>(bits >> shift));
    }
    for (int times = 0; times < 4; ++times) chunks.push_back(weights);
  }
  return written(std::move(chunks));
}

void expect_same(const XorbIndex& a, const XorbIndex& b) {
  EXPECT_EQ(a.hash, b.hash);
  EXPECT_EQ(a.lengths_mislead, b.lengths_mislead);
  ASSERT_EQ(a.count(), b.count());
  for (std::uint32_t i = 0; i < a.count(); ++i) {
    EXPECT_EQ(a.chunks[i].hash, b.chunks[i].hash) << i;
    EXPECT_EQ(a.chunks[i].stored_end, b.chunks[i].stored_end) << i;
    EXPECT_EQ(a.chunks[i].unpacked_end, b.chunks[i].unpacked_end) << i;
  }
}

TEST(RecordHeader, SurvivesTheTrip) {
  EXPECT_EQ(to_hex(header_text({Compression::ByteGroupedLz4, 0x030201, 0x010203})),
            "0001020302030201");
  const std::string bytes = header_text({Compression::Lz4, 26, 64});
  EXPECT_EQ(to_hex(bytes), "001a000001400000");
  const auto header = parse_record_header(bytes);
  ASSERT_TRUE(header);
  EXPECT_EQ(header->compression, Compression::Lz4);
  EXPECT_EQ(header->payload_bytes, 26u);
  EXPECT_EQ(header->chunk_bytes, 64u);
}

TEST(RecordHeader, HasLimits) {
  const auto is_good = [](std::string_view hex) {
    return parse_record_header(bytes_of(hex)).has_value();
  };
  EXPECT_TRUE(is_good("0001000000010000"));
  EXPECT_FALSE(is_good("0101000000010000"));  // version
  EXPECT_FALSE(is_good("0001000003010000"));  // compression
  EXPECT_FALSE(is_good("0001000063010000"));
  EXPECT_FALSE(is_good("0001000000020000"));  // plain, of two lengths
  EXPECT_FALSE(is_good("0000000000000000"));  // no byte
  EXPECT_FALSE(is_good("0000000001010000"));
  EXPECT_FALSE(is_good("0001000001000000"));
  EXPECT_TRUE(is_good("0000000401000002"));   // 256 KiB for 128 KiB
  EXPECT_FALSE(is_good("0001000401000002"));  // and a byte more
  EXPECT_FALSE(is_good("0001000001010002"));
}

TEST(XorbWriter, WritesWhatClientsWrite) {
  const Xorb hello = written({"hello world"});
  EXPECT_EQ(to_hex(hello.records), kHelloRecord);
  EXPECT_EQ(to_hex(serialize_footer(hello.index)), kHelloFooter);

  const Xorb three = written({noise(100, 1), noise(100, 2), noise(100, 3)});
  std::vector<std::uint32_t> ends;
  for (const auto& chunk : three.index.chunks) ends.push_back(chunk.stored_end);
  EXPECT_EQ(ends, (std::vector<std::uint32_t>{108, 216, 324}));
  EXPECT_EQ(three.index.unpacked_bytes(), 300u);
  EXPECT_EQ(three.index.unpacked_span(1, 3).offset, 100u);
  EXPECT_EQ(three.index.unpacked_span(1, 3).length, 200u);
  EXPECT_EQ(three.index.stored_span(1, 2).offset, 108u);
  EXPECT_EQ(three.index.stored_span(1, 2).length, 108u);
  EXPECT_EQ(three.index.stored_span(2, 2).length, 0u);
}

TEST(XorbWriter, SaysWhatLiesWhere) {
  const Xorb xorb = mixed_xorb();
  Decoder decoder;
  std::uint64_t stored_at = 0, unpacked_at = 0;
  std::size_t plain = 0;
  for (std::uint32_t i = 0; i < xorb.index.count(); ++i) {
    const std::string& chunk = xorb.chunks[i];
    const ByteSpan stored = xorb.index.stored_span(i, i + 1);
    EXPECT_EQ(stored.offset, stored_at);
    EXPECT_EQ(xorb.index.unpacked_span(i, i + 1).offset, unpacked_at);
    EXPECT_EQ(xorb.index.unpacked_span(i, i + 1).length, chunk.size());
    const auto bytes = std::string_view(xorb.records).substr(stored.offset, stored.length);
    const auto header = parse_record_header(bytes);
    ASSERT_TRUE(header);
    EXPECT_EQ(xorb.index.is_plain(i), header->compression == Compression::None);
    plain += xorb.index.is_plain(i);
    std::string into(chunk.size(), '?');
    ASSERT_TRUE(decoder.decode(header->compression, bytes.substr(kRecordHeaderBytes), into));
    EXPECT_EQ(into, chunk);
    stored_at += stored.length;
    unpacked_at += chunk.size();
  }
  EXPECT_EQ(stored_at, xorb.records.size());
  EXPECT_EQ(xorb.index.hash, root_of(xorb.chunks));
  EXPECT_FALSE(xorb.index.lengths_mislead);
  EXPECT_GT(plain, 0u);
  EXPECT_LT(plain, xorb.chunks.size());
}

TEST(XorbWriter, FindsTheRightCompressionBehindAHeadOfAnotherNature) {
  std::mt19937 random(4);
  std::normal_distribution<float> normal(0, 0.02F);
  std::string head;
  while (head.size() < 65536) head += cat("\"layer.", head.size(), "\": {\"dtype\": \"BF16\"},");
  std::string weights;
  while (weights.size() < 65536) {
    // Rounded, as weights in f32 often are.
    const auto bits = std::bit_cast<std::uint32_t>(normal(random)) & 0xFFFF'FF00u;
    for (unsigned shift = 0; shift < 32; shift += 8)
      weights.push_back(static_cast<char>(bits >> shift));
  }
  const Xorb xorb = written({head, weights, weights, weights});
  EXPECT_FALSE(xorb.index.is_plain(0));
  EXPECT_TRUE(xorb.index.is_plain(1));  // tried as the head was
  EXPECT_FALSE(xorb.index.is_plain(2));
  EXPECT_FALSE(xorb.index.is_plain(3));
}

TEST(XorbWriter, IsFullAt8192ChunksOr64MiB) {
  XorbWriter writer;
  for (std::size_t i = 0; i < kXorbChunksMax; ++i) {
    ASSERT_TRUE(writer.has_room_for(1));
    writer.add("x", XetHash{});
  }
  EXPECT_FALSE(writer.has_room_for(1));
  (void)writer.finish();
  const std::string chunk(kChunkBytesMax, 'y');
  for (std::size_t i = 0; i < 512; ++i) {
    ASSERT_TRUE(writer.has_room_for(chunk.size()));
    writer.add(chunk, XetHash{});
  }
  EXPECT_FALSE(writer.has_room_for(1));
  EXPECT_EQ(writer.unpacked_bytes(), kXorbUnpackedBytesTarget);
}

TEST(XorbFooter, SurvivesTheTripAndSaysItsLength) {
  Xorb xorb = mixed_xorb();
  for (const bool misleads : {false, true}) {
    xorb.index.lengths_mislead = misleads;
    const std::string footer = serialize_footer(xorb.index);
    EXPECT_EQ(footer.size(), footer_bytes(xorb.index.count()));
    EXPECT_EQ(footer.size(), 92 + 40 * xorb.chunks.size() + 4);
    for (const std::string& tail :
         {footer, xorb.records.substr(xorb.records.size() - 999) + footer}) {
      const auto index = parse_footer(tail);
      ASSERT_TRUE(index) << index.error().message();
      expect_same(*index, xorb.index);
    }
  }
  EXPECT_EQ(xorb.index.range_hash(1, 3),
            range_hash(std::array{hash_chunk(xorb.chunks[1]), hash_chunk(xorb.chunks[2])}));
}

TEST(XorbFooter, WithAnyByteChangedOrMissingIsCorrupt) {
  const std::string footer = serialize_footer(written({noise(50, 1), noise(60, 2)}).index);
  ASSERT_TRUE(parse_footer(footer));
  const auto expect_corrupt = [](std::string_view tail, std::size_t at) {
    const auto index = parse_footer(tail);
    ASSERT_FALSE(index) << at;
    EXPECT_EQ(index.error().code(), Code::Corrupt);
  };
  for (std::size_t at = 0; at < footer.size(); ++at) {
    expect_corrupt(footer.substr(at + 1), at);
    expect_corrupt(footer.substr(0, at), at);
    for (const int flip : {1, 2, 0x80, 0xff}) {
      std::string damaged = footer;
      damaged[at] = static_cast<char>(damaged[at] ^ flip);
      // The flag is the one thing that no hash covers; nor are the stored ends, within reason.
      if (const auto index = parse_footer(damaged)) {
        EXPECT_EQ(serialize_footer(*index), damaged);
        continue;
      }
      expect_corrupt(damaged, at);
    }
  }
}

TEST(XorbParser, ReadsWhatTheWriterWroteInPiecesOfAnySize) {
  const Xorb xorb = mixed_xorb();
  for (const std::size_t piece : {97u, 4096u, 65536u, 131072u, 131080u, 1u << 30}) {
    const auto index = parsed(xorb.records, xorb.index.hash, piece);
    ASSERT_TRUE(index) << index.error().message();
    expect_same(*index, xorb.index);
  }
  const Xorb small = written({"hello world", std::string(200, 'a'), noise(64, 1)});
  const std::string with_footer = small.records + serialize_footer(small.index);
  for (std::size_t piece = 1; piece < 50; ++piece) {
    for (const std::string& bytes : {small.records, with_footer}) {
      const auto index = parsed(bytes, small.index.hash, piece);
      ASSERT_TRUE(index) << index.error().message();
      expect_same(*index, small.index);
    }
  }
}

TEST(XorbParser, DropsTheFooterOfOlderClients) {
  const XetHash hash = hash_chunk("hello world");
  EXPECT_TRUE(parsed(bytes_of(kHelloRecord), hash));
  XorbParser parser;
  ASSERT_TRUE(parser.feed(bytes_of(kHelloRecord + kHelloFooter)));
  EXPECT_TRUE(parser.finish(hash));
  EXPECT_EQ(parser.record_bytes(), 19u);
  // Whatever it says; but there is an end to it.
  const std::string ident = bytes_of("584554424c4f42") + std::string(1, '\7');
  EXPECT_TRUE(parsed(bytes_of(kHelloRecord) + ident + noise(1000, 1), hash));
  EXPECT_FALSE(parsed(bytes_of(kHelloRecord) + ident + noise(400'000, 1), hash));
}

TEST(XorbParser, RefusesAXorbThatEndsWithinARecord) {
  const std::string records = plain_record("hello") + plain_record("world");
  const XetHash hash = root_of({"hello", "world"});
  ASSERT_TRUE(parsed(records, hash));
  for (std::size_t size = 0; size < records.size(); ++size) {
    EXPECT_NE(refusal_of(records.substr(0, size), hash), "") << size;
  }
  EXPECT_EQ(refusal_of(""), "xorb: no chunk in it");
  EXPECT_EQ(refusal_of(records.substr(0, 20)), "xorb, record 2: cut off");
  EXPECT_EQ(refusal_of(bytes_of(kHelloFooter)), "xorb: no chunk in it");
}

TEST(XorbParser, RefusesRecordsThatAreNone) {
  const std::string good = plain_record("hello");
  const std::string wrong_version = "\1" + good.substr(1);
  EXPECT_EQ(refusal_of(good + wrong_version), "xorb, record 2: unknown version 1");
  EXPECT_NE(refusal_of(good + "garbage behind it").find("xorb, record 2: "), std::string::npos);
  EXPECT_NE(refusal_of(bytes_of("0000000000000000")), "");
  EXPECT_NE(refusal_of(record(Compression::Lz4, "no frame at all", 64)), "");
  // A record that promises less than its frame holds, and one that promises more.
  const std::string frame = bytes_of(
      "04224d186040820b0000001f61010027506161616161"
      "00000000");
  EXPECT_EQ(refusal_of(record(Compression::Lz4, frame, 64), hash_chunk(std::string(64, 'a'))), "");
  EXPECT_NE(refusal_of(record(Compression::Lz4, frame, 63)), "");
  EXPECT_NE(refusal_of(record(Compression::Lz4, frame, 131072)), "");
}

TEST(XorbParser, StaysBrokenOnceARecordWas) {
  XorbParser parser;
  EXPECT_FALSE(parser.feed(bytes_of("0100000000000000")));
  EXPECT_FALSE(parser.feed(plain_record("hello")));
  EXPECT_FALSE(parser.finish(hash_chunk("hello")));
}

TEST(XorbParser, RefusesAnotherHashThanTheOneItIsNamedBy) {
  const std::string message = refusal_of(plain_record("hello"), hash_chunk("world"));
  EXPECT_NE(message.find(hash_chunk("hello").text()), std::string::npos);
  EXPECT_NE(message.find(hash_chunk("world").text()), std::string::npos);
}

TEST(XorbParser, TakesAsManyChunksAsThereMayBe) {
  std::string records;
  MerkleRoot root;
  for (std::size_t i = 0; i < kXorbChunksMax; ++i) {
    records += plain_record("x");
    root.add(hash_chunk("x"), 1);
  }
  EXPECT_TRUE(parsed(records, root.finish()));
  EXPECT_NE(refusal_of(records + plain_record("x")).find("record 8193"), std::string::npos);
}

TEST(XorbParser, RefusesMoreStoredBytesThanThereMayBe) {
  XorbParser parser;
  const std::string chunk(kChunkBytesMax, 'x');
  std::string piece;
  for (int i = 0; i < 8; ++i) piece += plain_record(chunk);
  Status status;
  std::size_t fed = 0;
  while (status && fed < 70 << 20) {
    status = parser.feed(piece);
    fed += piece.size();
  }
  EXPECT_FALSE(status);
  EXPECT_GT(fed, kXorbStoredBytesMax);
  EXPECT_LT(fed, kXorbStoredBytesMax + 2 * piece.size());
}

TEST(XorbParser, NoticesCompressedChunksAsLongAsTheyWere) {
  // Noise that can't shrink and a run that can: for one length of it, the frame's own bytes are
  // exactly what it saves.
  std::string chunk = noise(300, 5);
  std::string frame;
  while (frame.size() != chunk.size()) {
    chunk += 'a';
    ASSERT_LT(chunk.size(), 400u);
    frame.resize(LZ4F_compressFrameBound(chunk.size(), nullptr));
    frame.resize(
        LZ4F_compressFrame(frame.data(), frame.size(), chunk.data(), chunk.size(), nullptr));
  }
  const auto index = parsed(record(Compression::Lz4, frame, chunk.size()), hash_chunk(chunk));
  ASSERT_TRUE(index) << index.error().message();
  EXPECT_TRUE(index->lengths_mislead);

  const auto plain = parsed(plain_record(chunk), hash_chunk(chunk));
  ASSERT_TRUE(plain);
  EXPECT_FALSE(plain->lengths_mislead);
  EXPECT_TRUE(plain->is_plain(0));
}

}  // namespace
}  // namespace embrace::cas
