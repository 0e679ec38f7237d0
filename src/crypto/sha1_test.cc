#include "crypto/sha1.h"

#include <gtest/gtest.h>

#include <string>

#include "base/strings.h"

namespace embrace::crypto {
namespace {

std::string hex(Sha1& sha1) {
  const auto sum = sha1.finish();
  return to_hex({reinterpret_cast<const char*>(sum.data()), sum.size()});
}

std::string in_pieces(std::string_view text, std::size_t pieces) {
  Sha1 sha1;
  for (std::size_t at = 0; at < text.size(); at += pieces) sha1.update(text.substr(at, pieces));
  return hex(sha1);
}

TEST(Sha1, HashesAsTheStandardSays) {
  Sha1 abc;
  abc.update("abc");
  EXPECT_EQ(hex(abc), "a9993e364706816aba3e25717850c26c9cd0d89d");
  EXPECT_EQ(in_pieces("", 1), "da39a3ee5e6b4b0d3255bfef95601890afd80709");
  EXPECT_EQ(in_pieces("abc", 1), "a9993e364706816aba3e25717850c26c9cd0d89d");
  EXPECT_EQ(in_pieces("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 7),
            "84983e441c3bd26ebaae4aa1f95129e5e54670f1");
  EXPECT_EQ(in_pieces(std::string(1'000'000, 'a'), 999),
            "34aa973cd4c4daa4f61eeb2bdbad27316534016f");
}

TEST(Sha1, IsTheSameInPiecesAndWhole) {
  const std::string bytes(1000, 'q');
  EXPECT_EQ(in_pieces(bytes, 37), in_pieces(bytes, bytes.size()));
}

}  // namespace
}  // namespace embrace::crypto
