#include "base/digest.h"

#include <gtest/gtest.h>

namespace embrace {
namespace {

constexpr std::string_view kEmpty =
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

TEST(Digest, TextGoesBothWays) {
  const auto digest = Digest::parse(kEmpty);
  ASSERT_TRUE(digest);
  EXPECT_EQ(digest->hex(), kEmpty);
  EXPECT_EQ(digest->bytes()[0], 0xE3);
  EXPECT_EQ(digest->bytes()[31], 0x55);
}

TEST(Digest, HasOneSpelling) {
  std::string upper(kEmpty);
  upper[0] = 'E';
  std::string letter(kEmpty);
  letter[63] = 'g';
  for (const std::string& bad : {upper, letter, std::string(), std::string(kEmpty.substr(1)),
                                 std::string(kEmpty) + "0", "sha256:" + std::string(kEmpty)}) {
    const auto digest = Digest::parse(bad);
    ASSERT_FALSE(digest) << bad;
    EXPECT_EQ(digest.error().code(), Code::InvalidArgument);
  }
}

TEST(Digest, OrderIsTheOrderOfItsText) {
  auto low = Digest::parse(std::string(63, '0') + "1"),
       high = Digest::parse("f" + std::string(63, '0'));
  ASSERT_TRUE(low && high);
  EXPECT_LT(*low, *high);
  EXPECT_LT(Digest(), *low);
  EXPECT_EQ(Digest().hex(), std::string(64, '0'));
}

}  // namespace
}  // namespace embrace
