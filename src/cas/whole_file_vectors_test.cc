// From bytes to every name they get: cut, hash, put in a xorb, read back. The names are those that
// the clients of the protocol give.

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "cas/chunker.h"
#include "cas/xet_hash.h"
#include "cas/xorb.h"
#include "crypto/sha256.h"

namespace embrace::cas {
namespace {

struct Names {
  std::size_t chunks;
  std::string_view xorb;
  std::string_view file;
  std::string_view range;   // over all chunks; empty where none is known
  std::string_view sha256;  // likewise
};

std::vector<std::string_view> chunks_of(std::string_view bytes) {
  std::vector<std::string_view> chunks;
  Chunker chunker;
  const char* start = bytes.data();
  while (!bytes.empty()) {
    const Chunker::Step step = chunker.next(bytes);
    bytes.remove_prefix(step.taken);
    if (!step.is_cut && !bytes.empty()) continue;
    chunks.emplace_back(start, static_cast<std::size_t>(bytes.data() - start));
    start = bytes.data();
  }
  return chunks;
}

void expect_names(std::string_view bytes, const Names& expected) {
  const std::vector<std::string_view> chunks = chunks_of(bytes);
  EXPECT_EQ(chunks.size(), expected.chunks);
  std::vector<XetHash> hashes(chunks.size());
  hash_chunks(chunks, hashes);
  XorbWriter writer;
  std::string records;
  for (std::size_t i = 0; i < chunks.size(); ++i)
    writer.add(chunks[i], hashes[i]).append_to(records);
  const XorbIndex written = writer.finish();
  EXPECT_EQ(written.hash.text(), expected.xorb);
  EXPECT_EQ(file_hash_of(written.hash).text(), expected.file);
  if (!expected.range.empty()) EXPECT_EQ(range_hash(hashes).text(), expected.range);
  if (!expected.sha256.empty()) EXPECT_EQ(crypto::sha256(bytes).hex(), expected.sha256);

  XorbParser parser;
  ASSERT_TRUE(parser.feed(records));
  const auto read = parser.finish(written.hash);
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(serialize_footer(*read), serialize_footer(written));
  EXPECT_EQ(read->unpacked_bytes(), bytes.size());
}

// SplitMix64
std::string noise(std::size_t size, std::uint64_t seed) {
  std::string bytes;
  for (std::uint64_t state = seed; bytes.size() < size;) {
    state += 0x9E3779B97F4A7C15;
    std::uint64_t word = state;
    word = (word ^ word >> 30) * 0xBF58476D1CE4E5B9;
    word = (word ^ word >> 27) * 0x94D049BB133111EB;
    word ^= word >> 31;
    for (int i = 0; i < 8; ++i) bytes.push_back(static_cast<char>(word >> 8 * i));
  }
  bytes.resize(size);
  return bytes;
}

std::string slope(std::size_t size, std::size_t factor, std::size_t offset) {
  std::string bytes(size, '\0');
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(i * factor + offset);
  return bytes;
}

TEST(WholeFile, OfOneChunkIsNamedAsByClients) {
  expect_names("hello world",
               {1, "4e39378b9d359f118190557a1f44130219a54e5fcfa07bd96cf50b466fe651b1",
                "f15edd43b7e85cfd25e2758ffe13b99fdd09dfa817e8d9f6548722a7a126db7f",
                "22ef2fdcff5cea306e42ad7e15ed8a0c5e789e7d2ec34658c10d2758946847da",
                "b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9"});
  expect_names(std::string(8191, '\0'),
               {1, "461b3d677f5a6e106501096980089da139bbf22ab66ca36345727adcb5e8ad84",
                "80c25c0cf8afd7a10eabd09184c813addb4328bd727089be2b62a77028848772",
                "a61470146f960847855d72a2eab77d57798a7f5e1be40fefcadbedc41c401c37",
                "ded7e73bae26db73b29a51bca3cd2d1d6906107d889775f610f0ce63c2089365"});
  expect_names(std::string(131072, '\0'),
               {1, "2e39f13c248013b27e22913ba2893a654120ed0ad8eb7ecbf3f05b9d708634fc",
                "7a7c18448d7ae35cc61c072281981c565fedb8a079b42c6ef4a0c846bb78c50d",
                "14c0d0abd6d31b93186f33741159e5c82fc804f6384a98b090b099796897e601",
                "fa43239bcee7b97ca62f007cc68487560a39e19f74f3dde7486db3f98df8e471"});
}

TEST(WholeFile, OfTwoChunksIsNamedAsByClients) {
  expect_names(std::string(131073, '\0'),
               {2, "33774e8810e1614d58259f9399274b3759c85eca0c1f5cc125d285b2b860b924",
                "83f8f48adc7310b5748295b256ca24cdce2aac457679c98526e3a19e0388f58a",
                "540643e10a20075a702ebabc85555edccffba6acace0d27e32d8c933fbbe6750",
                "d281209cc72d47b090175b22621840d9eb8267d09cc05dc122bfaa759a82830f"});
  std::string digits;
  while (digits.size() < 200000) digits += "0123456789";
  expect_names(digits, {2, "7cf90608bf685c0705868c5f7703dd84aa616ecbc9032bba089e252ef9423b11",
                        "8db54fc1b19099c3e80b8811f6197d60295f37589bb8275a296383a957132b51",
                        "ce5d8084db63539eb92dc8f3f1024a4b48568c2d0bdecd3c32e88750735ae7b7",
                        "8ddf9b2317645923bc681372ebcfc99afec63b3a6870db4b6ee7bc1bd56eb262"});
  expect_names(slope(200000, 7, 13),
               {2, "f0755d96ee199d4f01e83da9fe2c38353de7fd38fb79a320a7d50be510026f74",
                "d88d9e0b760f32c90b7c6592b4cb85251c01bb797371e3c637087b96ac578723", "", ""});
}

TEST(WholeFile, OfManyChunksIsNamedAsByClients) {
  expect_names(std::string(1'000'000, 59),
               {8, "a6b5a7f0bb38b6fd5fb39031eb7564e18ea0e7a0b7bea87de54ed1db8bc85884",
                "53f845640fcd1c7440befff65bd93434c83a30c6559a705597d61f2ef64e2f88", "", ""});
  expect_names(slope(1'000'000, 13, 37),
               {8, "7be289d851485c40dcde52dbcf37a7823a5ef0bfcdf1ca1c5a32ad9594c71571",
                "041a50f3639f4a080a89237025d643e2a3e22935ca5d7dbc1a38f5c1e859f859", "", ""});
  expect_names(noise(256'000, 1),
               {4, "335db8e272cac859dec35783bbc12c7f433bbcea50528d154cb07bf36888a51f",
                "116cd39641ee392863a30c2a5bd6ab04676177a75604729bb98cfc4052fc3131", "", ""});
  expect_names(noise(1'000'000, 0),
               {19, "6f2ce16ca5e317f0100ff0e7e5bf40a0de9032e9ee1ad04b6b8ff4e36cdfbf6c",
                "3d17b2d7d64a0e011b6717a52d9a16bd2c3f05b743fa8adf52a7d75dafab6d89",
                "6daf15a7ed258b91f607e8f5e6723a8564292d12c8104c156f7bad9c255a0180",
                "b3d0a1f7938cd4d8413a4dcffd4313e2e8ac0cb61cb1090eb140ea8e9154befb"});
  expect_names(noise(8'388'608, 42),
               {130, "696856dba14ff12c327f547b3e655546d8ead03490fc54b3e5fa91be38060222",
                "063967076b9d44af7dc8cbd55a48edbea38851b09fda4282d080f9e957154c5d", "",
                "4227d0e6bb1ba43a3d5305e79a645da22ea42865cb4a74a48c357b99e4dd5c53"});
  expect_names(noise(33'554'432, 42),
               {522, "1ab7ba1a7dffdbfa1935c2750543fc891a752a05bdab3609de9062bba2d072c4",
                "3dad37e47276d1ab4ea45458522d6a19d87c06d7d8fd3ee9f23530b479c4b538", "", ""});
}

}  // namespace
}  // namespace embrace::cas
