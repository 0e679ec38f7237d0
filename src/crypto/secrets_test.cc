#include "crypto/secrets.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <set>

namespace embrace::crypto {
namespace {

constexpr PasswordCost kCheap{.memory_kib = 64, .passes = 1};

bool is_alphanumeric(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

TEST(Random, GivesWhatWasAskedFor) {
  EXPECT_EQ(random_bytes(0), "");
  EXPECT_EQ(random_bytes(1000).size(), 1000u);
  EXPECT_NE(random_bytes(32), random_bytes(32));
  EXPECT_EQ(random_alphanumeric(0), "");
}

TEST(Random, EveryAlphanumericComesAboutEquallyOften) {
  constexpr int kCount = 62 * 1000;
  const std::string text = random_alphanumeric(kCount);
  ASSERT_EQ(text.size(), std::size_t(kCount));
  std::array<int, 256> seen{};
  for (const unsigned char c : text) ++seen[c];
  for (int c = 0; c < 256; ++c) {
    if (!is_alphanumeric(static_cast<char>(c))) {
      EXPECT_EQ(seen[c], 0);
    } else {
      EXPECT_NEAR(seen[c], 1000, 250) << static_cast<char>(c);  // eight standard deviations
    }
  }
}

TEST(Token, HasTheShapeThatScannersKnow) {
  std::set<std::string> tokens;
  for (int i = 0; i < 100; ++i) {
    const std::string token = mint_access_token();
    EXPECT_EQ(token.size(), 37u);
    EXPECT_TRUE(token.starts_with("hf_"));
    EXPECT_TRUE(std::all_of(token.begin() + 3, token.end(), is_alphanumeric));
    tokens.insert(token);
  }
  EXPECT_EQ(tokens.size(), 100u);
}

TEST(Password, GoesRound) {
  const std::string phc = hash_password("correct horse", kCheap);
  EXPECT_TRUE(phc.starts_with("$argon2id$v=19$m=64,t=1,p=1$")) << phc;
  EXPECT_EQ(phc.find('\0'), std::string::npos);
  EXPECT_TRUE(verify_password("correct horse", phc));
  EXPECT_FALSE(verify_password("correct horsf", phc));
  EXPECT_FALSE(verify_password("", phc));
}

TEST(Password, IsSalted) {
  EXPECT_NE(hash_password("same", kCheap), hash_password("same", kCheap));
}

TEST(Password, TheDefaultCostIsWritten) {
  const std::string phc = hash_password("x");
  EXPECT_TRUE(phc.starts_with("$argon2id$v=19$m=19456,t=2,p=1$")) << phc;
  EXPECT_TRUE(verify_password("x", phc));
}

TEST(Password, NothingMatchesABrokenHash) {
  const std::string phc = hash_password("x", kCheap);
  for (const std::string& bad :
       {std::string(), std::string("$argon2id$"), std::string("x"), phc.substr(0, phc.size() / 2),
        std::string("$2b$12$abcdefghijklmnopqrstuv"), "$argon2i$" + phc.substr(10)}) {
    EXPECT_FALSE(verify_password("x", bad)) << bad;
  }
}

TEST(Password, EveryByteCounts) {
  const std::string_view with_null("a\0b", 3);
  const std::string phc = hash_password(with_null, kCheap);
  EXPECT_TRUE(verify_password(with_null, phc));
  EXPECT_FALSE(verify_password("a", phc));
}

}  // namespace
}  // namespace embrace::crypto
