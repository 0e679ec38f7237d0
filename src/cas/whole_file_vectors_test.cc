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

// Where the chunks end, and what the first of them are called.
void expect_chunks(std::string_view bytes, const std::vector<std::size_t>& sizes,
                   const std::vector<std::string_view>& names) {
  const std::vector<std::string_view> chunks = chunks_of(bytes);
  ASSERT_EQ(chunks.size(), sizes.size());
  ASSERT_LE(names.size(), chunks.size());
  for (std::size_t i = 0; i < chunks.size(); ++i) {
    EXPECT_EQ(chunks[i].size(), sizes[i]) << i;
    if (i < names.size()) EXPECT_EQ(hash_chunk(chunks[i]).text(), names[i]) << i;
  }
}

std::string digits(std::size_t size) {
  std::string bytes;
  while (bytes.size() < size) bytes += "0123456789";
  return bytes;
}

TEST(WholeFile, OfOneChunkIsNamedAsByClients) {
  expect_names(std::string(1, '\0'),
               {1, "df93298cdbf67cd507aed28d6290c0cf7f9aa0aa88dfa629cffcf98680659410",
                "41f5539a8d8bdd7509fd9a319268aca47ea6d40b33394170182e09fa86345c7e",
                "7be708517ff612a74bdd0d7197e09b38f7d644fff72a547d7f0620cbccac5ea2",
                "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"});
  expect_names(std::string(8192, '\0'),
               {1, "d88a3b08a2ac3c73417e59b165220ff5a1975c3d4e2a84b003c40cb7f392c443",
                "711574865581cce65f5d06a1818a37a1dd4cfe3f65e3f4aaae2b1bacbfc253db",
                "55a92b84ded94b339dad9ba23732749074c2f0f48382762b2c1a14a19b899d01",
                "9f1dcbc35c350d6027f98be0f5c8b43b42ca52b7604459c0c42be3aa88913d47"});
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
  expect_names(digits(200000),
               {2, "7cf90608bf685c0705868c5f7703dd84aa616ecbc9032bba089e252ef9423b11",
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
  expect_names(noise(1'048'576, 42),
               {17, "c8d570e0dce9cb4d33056789263963f829c76db96e919e5b31a0bf136b4efae4",
                "af57c88d050000a7b8ca59da584ea7c3541101751a9b5ddd20c2df94378a2020", "",
                "5b2605c7135a3f8c54d75039514f0bcb798cfe1a8d74f57380d45aaadea36dca"});
  expect_names(noise(8'388'608, 42),
               {130, "696856dba14ff12c327f547b3e655546d8ead03490fc54b3e5fa91be38060222",
                "063967076b9d44af7dc8cbd55a48edbea38851b09fda4282d080f9e957154c5d", "",
                "4227d0e6bb1ba43a3d5305e79a645da22ea42865cb4a74a48c357b99e4dd5c53"});
  expect_names(noise(33'554'432, 42),
               {522, "1ab7ba1a7dffdbfa1935c2750543fc891a752a05bdab3609de9062bba2d072c4",
                "3dad37e47276d1ab4ea45458522d6a19d87c06d7d8fd3ee9f23530b479c4b538", "", ""});
}

TEST(WholeFile, EachChunkIsNamedAsByClients) {
  expect_chunks(noise(1'000'000, 0),
                {84493, 49928, 10432, 98465, 28475, 64664, 131072, 27052, 87419, 14735, 20080,
                 36349, 25038, 46308, 91081, 12169, 131072, 32260, 8908},
                {"6eca1e7dadaf08cca5d82d318c800f07c2ddcec115a7e8627e5edd9605b94b8d",
                 "624ea34d72a06e5d43a1b8dd10763f0d22f165992c397ed97563899b27fdd88a",
                 "4411d2ec847c6e3f451a7451ff3933adb4f1c31587421b9f730b698a78313b47",
                 "6342bde97433e29e0779ad33eb8040d986679040361b3cc3a06230fe60dd6c9b",
                 "405253fcf15bba751adc4f507d3453273daff81ed4d8acd71c521aa1cbddc0b5",
                 "4482374af7f8bebfdb5c5df0299f80128d6c58886ad7b218c562b1d74064e4cb",
                 "80acc8d39c853b4b8a8c6ad7b63bf2ea68f62c2226b92f06349f92cc84d213cc",
                 "a7076d7d343f711fb20fe6cd023248d8d051e8fe7d44172596cd5c7ea7edaf65",
                 "44755217bbb4dadc81ea7695765230a34a2e6cb3b55f373f1de35aeba79ae92c",
                 "001adc1d302d5f039278325dcbd5ec3b194f4794f1629d6f962f9f4bb78a7bff",
                 "f8460a337c186f07c2e225bb287a1d3d3d686dc69d0828e99640f7d8852c5b90",
                 "c9bc3da29025dc1ba562d303d815151d9a937367abb766ae842a165e8493d9fe",
                 "5044339dfd65e8163bdfe642614a6be604b04d6aeacf222cf219ad287bfc5cf1",
                 "163622db0fe0da93f2ef964eed4c485f3c7a9c312f8e8e8a312ab4bb8141f13e",
                 "e1730534a858aa0258ad8904ef12b829b8a123a1c611250275c9ca9471e4c650",
                 "1fbc6854f9185caba1e1f55393f41f83b895b18f9c99245c029025ca48f1e14b",
                 "8a27b66ccf05b864b6bef6fb5c970fe894f73d2330e8e98fe7841dcdbd9e9576",
                 "bc70a33e7a9ec820cac24b87023469a57bdae1bf91cc3961b95806c64a525221",
                 "03e5b5f5a088269ec4b329f1e04debfac4cb54b9c0facf038f7e8e0f054be7e2"});
  expect_chunks(std::string(1'000'000, 59),
                {131072, 131072, 131072, 131072, 131072, 131072, 131072, 82496},
                {"d3b528b30528f3ad802a015cdf93c531d4da754a1f8c0d341a8f111fd8b6f04e",
                 "d3b528b30528f3ad802a015cdf93c531d4da754a1f8c0d341a8f111fd8b6f04e",
                 "d3b528b30528f3ad802a015cdf93c531d4da754a1f8c0d341a8f111fd8b6f04e",
                 "d3b528b30528f3ad802a015cdf93c531d4da754a1f8c0d341a8f111fd8b6f04e",
                 "d3b528b30528f3ad802a015cdf93c531d4da754a1f8c0d341a8f111fd8b6f04e",
                 "d3b528b30528f3ad802a015cdf93c531d4da754a1f8c0d341a8f111fd8b6f04e",
                 "d3b528b30528f3ad802a015cdf93c531d4da754a1f8c0d341a8f111fd8b6f04e",
                 "99d04e49b71237231d47669f3eec84c90eb6b6be12b364ce326c05c6d71c3a9f"});
  expect_chunks(noise(256'000, 1), {25125, 79372, 131072, 20431},
                {"2520f307e75abcb6555d51e9019c4fb6eaa48883cb20c6fb5841450e5192f8b1",
                 "a541447b277c431354bad0237cb08349615a92601f57815c7125dd1e5185e55b",
                 "60c902ab8da4775301965d815987a8b521a9b7ce40626c9466b150e781acf55f",
                 "b85030719f9ba26a7443374c4ee8a6dbb1fc24952ffbc62e58d255dd505c2f4b"});
  expect_chunks(digits(200000), {131072, 68928},
                {"4fdb13aac0d998143165af7348063940a67ebe7a525d8845fc449607d6519ced"});
}

}  // namespace
}  // namespace embrace::cas
