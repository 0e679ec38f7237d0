#include "crypto/blake3.h"

#include <gtest/gtest.h>
#include <hwy/highway.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "base/digest.h"
#include "crypto/blake3_lanes.h"
#include "crypto/blake3_vectors.h"

namespace embrace::crypto {
namespace {

constexpr std::string_view kKeyText = "whats the Elvish word for friend";

Blake3Key test_key() {
  Blake3Key key;
  std::ranges::copy(kKeyText, key.begin());
  return key;
}

std::string test_input(std::size_t length) {
  std::string bytes(length, '\0');
  for (std::size_t i = 0; i < length; ++i) bytes[i] = static_cast<char>(i % 251);
  return bytes;
}

std::string hex(const Blake3Hash& hash) { return Digest(hash).hex(); }

// Each generation of processors that this one can stand in for runs code of its own.
class Blake3OnTarget : public testing::TestWithParam<std::int64_t> {
 protected:
  void SetUp() override { hwy::SetSupportedTargetsForTest(GetParam()); }
  void TearDown() override { hwy::SetSupportedTargetsForTest(0); }
};

INSTANTIATE_TEST_SUITE_P(Every, Blake3OnTarget,
                         testing::ValuesIn(hwy::SupportedAndGeneratedTargets()),
                         [](const auto& target) { return hwy::TargetName(target.param); });

TEST_P(Blake3OnTarget, AgreesWithTheReference) {
  for (const Blake3Vector& vector : kBlake3Vectors) {
    const std::string input = test_input(vector.length);
    EXPECT_EQ(hex(blake3(input)), vector.plain) << vector.length;
    EXPECT_EQ(hex(blake3_keyed(test_key(), input)), vector.keyed) << vector.length;
  }
}

TEST_P(Blake3OnTarget, ManyMessagesHashLikeEachAlone) {
  std::vector<std::string> inputs;
  std::vector<std::string_view> messages;
  for (const Blake3Vector& vector : kBlake3Vectors) inputs.push_back(test_input(vector.length));
  for (const std::string& input : inputs) messages.push_back(input);
  std::vector<Blake3Hash> out(messages.size());
  blake3_keyed_many(test_key(), messages, out);
  for (std::size_t i = 0; i < out.size(); ++i) {
    EXPECT_EQ(hex(out[i]), kBlake3Vectors[i].keyed) << kBlake3Vectors[i].length;
  }
}

// Leaves of every length, parents, roots, and indices of more than 32 bits, side by side.
TEST_P(Blake3OnTarget, LanesAgreeWithPlainCode) {
  using namespace blake3_lanes;
  std::mt19937 random(99);
  const Words key = std::bit_cast<Words>(test_key());
  const std::string bytes = test_input(5000);
  for (int round = 0; round < 300; ++round) {
    const bool whole = random() % 3 == 0;
    std::vector<Node> nodes(random() % 40);
    std::vector<Blake3Hash> expected(nodes.size());
    std::vector<Blake3Hash> got(nodes.size());
    for (Node& node : nodes) {
      const bool is_parent = random() % 4 == 0;
      node.bytes = reinterpret_cast<const std::uint8_t*>(bytes.data()) + random() % 3000;
      node.index = is_parent ? 0 : std::uint64_t{random()} << (random() % 32);
      node.length = is_parent ? kBlockBytes : whole ? kLeafBytes : random() % (kLeafBytes + 1);
      node.flags = (is_parent ? kParent : 0) | (random() % 2 ? kRoot : 0) | kKeyed;
    }
    for (std::size_t i = 0; i < nodes.size(); ++i) nodes[i].value = expected[i].data();
    hash_nodes_portably(key, nodes);
    for (std::size_t i = 0; i < nodes.size(); ++i) nodes[i].value = got[i].data();
    hash_nodes(key, nodes);
    ASSERT_EQ(got, expected) << round;
  }
}

TEST(Blake3, ManyTakesAnyMixOfLengths) {
  std::mt19937 random(20250101);
  const std::string bytes = test_input(200'000);
  for (int round = 0; round < 60; ++round) {
    std::vector<std::string_view> messages(random() % 40);
    const std::size_t longest = std::size_t{1} << (random() % 18);
    for (auto& message : messages) {
      message = std::string_view(bytes).substr(random() % 9, random() % longest);
    }
    std::vector<Blake3Hash> out(messages.size());
    blake3_keyed_many(test_key(), messages, out);
    for (std::size_t i = 0; i < out.size(); ++i) {
      ASSERT_EQ(hex(out[i]), hex(blake3_keyed(test_key(), messages[i]))) << messages[i].size();
    }
  }
}

TEST(Blake3, PiecesHashAsTheWhole) {
  std::mt19937 random(7);
  for (const Blake3Vector& vector : kBlake3Vectors) {
    const std::string input = test_input(vector.length);
    for (const std::size_t piece_max : {100u, 1024u, 5000u, 200'000u}) {
      Blake3 hash(test_key());
      for (std::string_view rest = input; !rest.empty();) {
        const std::string_view piece = rest.substr(0, 1 + random() % piece_max);
        hash.update(piece);
        rest.remove_prefix(piece.size());
      }
      ASSERT_EQ(hex(hash.finish()), vector.keyed) << vector.length << " by " << piece_max;
    }
  }
}

TEST(Blake3, FinishLeavesTheHashOpen) {
  const std::string input = test_input(65'537);
  Blake3 hash;
  for (const std::size_t upto : {0u, 1u, 1024u, 2048u, 4096u, 65'536u, 65'537u}) {
    hash = Blake3();
    hash.update(std::string_view(input).substr(0, upto));
    EXPECT_EQ(hash.finish(), blake3(std::string_view(input).substr(0, upto)));
    hash.update(std::string_view(input).substr(upto));
    EXPECT_EQ(hash.finish(), blake3(input));
  }
}

}  // namespace
}  // namespace embrace::crypto
