#include "cas/xet_hash.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "base/strings.h"
#include "cas/merkle_vectors.h"
#include "crypto/blake3.h"
#include "crypto/sha256.h"

namespace embrace::cas {
namespace {

struct Pair {
  XetHash hash;
  std::uint64_t size_bytes = 0;
};

XetHash spelled(std::string_view text) { return XetHash::parse(text).value(); }

XetHash streamed_root(const std::vector<Pair>& pairs) {
  MerkleRoot root;
  for (const Pair& pair : pairs) root.add(pair.hash, pair.size_bytes);
  return root.finish();
}

// The rule as it is written down: whole lists, one level after the other.
XetHash root_by_the_rule(std::vector<Pair> list) {
  const XetHash node_key =
      spelled("962947a5c7c57e01e6028ab4666694fdd26dc7376f53dd5d3f71534ae65263f8");
  if (list.empty()) return {};
  while (list.size() > 1) {
    std::vector<Pair> above;
    for (std::size_t at = 0; at < list.size();) {
      const std::size_t remaining = list.size() - at;
      std::size_t length = std::min<std::size_t>(9, remaining);
      for (std::size_t i = 2; remaining > 2 && i < length; ++i) {
        if (list[at + i].hash.last_word() % 4 == 0) length = i + 1;
      }
      std::string message;
      std::uint64_t size_bytes = 0;
      for (std::size_t i = at; i < at + length; ++i) {
        message += cat(list[i].hash.text(), " : ", list[i].size_bytes, "\n");
        size_bytes += list[i].size_bytes;
      }
      above.push_back({XetHash(crypto::blake3_keyed(node_key.bytes(), message)), size_bytes});
      at += length;
    }
    list = above;
  }
  return list.front().hash;
}

TEST(XetHash, IsSpelledAsFourLittleEndianWords) {
  std::string raw;
  for (int i = 0; i < 32; ++i) raw.push_back(static_cast<char>(i));
  const std::string text = "07060504030201000f0e0d0c0b0a090817161514131211101f1e1d1c1b1a1918";
  EXPECT_EQ(XetHash::from_raw(raw).text(), text);
  EXPECT_EQ(spelled(text).raw(), raw);
  EXPECT_EQ(spelled(text).first_word(), 0x0706050403020100u);
  EXPECT_EQ(spelled(text).last_word(), 0x1f1e1d1c1b1a1918u);
  EXPECT_EQ(spelled("ABCDEF" + std::string(58, '0')), spelled("abcdef" + std::string(58, '0')));
}

TEST(XetHash, OnlySixtyFourHexDigitsAreOne) {
  const std::string good(64, 'a');
  for (const std::string& bad :
       {std::string(), std::string("abcdef"), good + "a", good.substr(1), good.substr(1) + "g",
        "0x" + good.substr(2), good.substr(1) + std::string(1, '\0')}) {
    const auto parsed = XetHash::parse(bad);
    ASSERT_FALSE(parsed) << bad;
    EXPECT_EQ(parsed.error().code(), Code::InvalidArgument);
  }
  EXPECT_TRUE(XetHash::parse(good));
}

TEST(XetHash, CarriesASha256WithTheBytesOfEachWordReversed) {
  const Digest digest = crypto::sha256("hello world");
  EXPECT_EQ(to_hex(to_xet_spelling(digest).raw()),
            "083e4d93b9274db9faab7ddad7522ea5ee80537ae3ef84c4e9cdefe2acf78890");
  EXPECT_EQ(to_xet_spelling(digest).text(), digest.hex());
  EXPECT_EQ(from_xet_spelling(to_xet_spelling(digest)), digest);
}

TEST(XetHash, OfChunksIsThatOfTheClients) {
  EXPECT_EQ(hash_chunk("hello world").text(),
            "4e39378b9d359f118190557a1f44130219a54e5fcfa07bd96cf50b466fe651b1");
  EXPECT_EQ(hash_chunk(std::string(1, '\0')).text(),
            "df93298cdbf67cd507aed28d6290c0cf7f9aa0aa88dfa629cffcf98680659410");
  EXPECT_EQ(hash_chunk(std::string(131072, '\0')).text(),
            "2e39f13c248013b27e22913ba2893a654120ed0ad8eb7ecbf3f05b9d708634fc");
}

TEST(XetHash, OfManyChunksIsThatOfEach) {
  std::vector<std::string> chunks;
  for (std::size_t i = 0; i < 150; ++i)
    chunks.emplace_back(1 + i * 37 % 5000, static_cast<char>(i));
  const std::vector<std::string_view> views(chunks.begin(), chunks.end());
  std::vector<XetHash> hashes(views.size());
  hash_chunks(views, hashes);
  for (std::size_t i = 0; i < chunks.size(); ++i) EXPECT_EQ(hashes[i], hash_chunk(chunks[i])) << i;
}

TEST(XetHash, OfFilesRangesAndAnswersIsThatOfTheClients) {
  const XetHash chunk = hash_chunk("hello world");
  EXPECT_EQ(file_hash_of(chunk).text(),
            "f15edd43b7e85cfd25e2758ffe13b99fdd09dfa817e8d9f6548722a7a126db7f");
  EXPECT_TRUE(file_hash_of(XetHash{}).is_zero());

  const std::array<XetHash, 2> range = {
      spelled("118bbac5c38b2bca9c2b7ae8307786de066696b91b2b5ccb7dbbd4608c966882"),
      spelled("7884d4de4bcc904767362a91e97eb6c2b6bc5f3a61b640d0cad8bb1129ff0827")};
  EXPECT_EQ(range_hash(range).text(),
            "82d580dd3896919ef870af78b2c7bd21e67e79777922bbc8cef1fc21630c308c");

  const std::string quarter = "abcdef0123456789";
  const XetHash key = spelled(quarter + quarter + quarter + quarter);
  EXPECT_EQ(keyed_chunk_hash(key.bytes(), range[0]).text(),
            "1e1f5ae2bae99fe030647a14a8c5fe6cdce57826387a7552236dfbebed533e04");
  // Of a dedupe answer of the public hub.
  EXPECT_EQ(keyed_chunk_hash(
                spelled("d6834b04843aaf16f29903e2428a99be635099f9ea5056cc4e95e7ec8a41509f").bytes(),
                spelled("9502eec19d4b0c9f7b389228fa801f68ecdf15d69ccd1da2f9ddbd0219898335"))
                .text(),
            "81b34a5179857460a1a5ba079fcf7231c307a19940ccb769e49240df5ec6c466");
}

TEST(MerkleRoot, IsThatOfTheClients) {
  std::size_t at = 0;
  for (const MerkleCase& expected : kMerkleCases) {
    MerkleRoot root;
    for (std::size_t i = 0; i < expected.pairs; ++i, ++at) {
      root.add(spelled(kMerklePairs[at].hash), kMerklePairs[at].size_bytes);
    }
    const XetHash found = root.finish();
    EXPECT_EQ(found.text(), expected.root);
    if (!found.is_zero()) EXPECT_EQ(file_hash_of(found).text(), expected.file);
    if (expected.pairs == 0) continue;  // zero under every key
    for (const SaltedFile& salted : expected.salted) {
      const XetHash file(crypto::blake3_keyed(spelled(salted.salt).bytes(), found.raw()));
      EXPECT_EQ(file.text(), salted.file);
    }
  }
  EXPECT_EQ(at, std::size(kMerklePairs));
}

TEST(MerkleRoot, IsTheRulesRootForListsOfEveryLength) {
  std::mt19937_64 random(20);
  std::vector<Pair> pairs;
  for (std::size_t length = 0; length <= 3000; ++length) {
    // Every length up to a few levels, then some: the rule's own lists are quadratic here.
    if (length < 200 || length % 97 == 0 || length > 2995) {
      ASSERT_EQ(streamed_root(pairs), root_by_the_rule(pairs)) << length;
    }
    std::array<std::uint8_t, 32> bytes;
    for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(random());
    pairs.push_back({XetHash(bytes), random() % 131073});
  }
}

TEST(MerkleRoot, EndsGroupsAtHashesThatAreZeroModuloFour) {
  // Hand-made runs of enders and others, so that groups of every length and every tail occur.
  std::mt19937_64 random(21);
  for (int round = 0; round < 600; ++round) {
    std::vector<Pair> pairs;
    const std::uint64_t enders_per_eight = random() % 9;
    for (std::uint64_t i = 0, length = random() % 60; i < length; ++i) {
      std::array<std::uint8_t, 32> bytes{};
      bytes[0] = static_cast<std::uint8_t>(random());
      bytes[24] = static_cast<std::uint8_t>(random() << 2 | (random() % 8 >= enders_per_eight));
      pairs.push_back({XetHash(bytes), i});
    }
    ASSERT_EQ(streamed_root(pairs), root_by_the_rule(pairs)) << round;
  }
}

}  // namespace
}  // namespace embrace::cas
