#include "base/strings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace embrace {
namespace {

using ::testing::ElementsAre;

std::string quoted(std::string_view text) {
  std::string out;
  append_json_quoted(out, text);
  return out;
}

TEST(Strings, CatJoinsTextCharactersAndNumbers) {
  EXPECT_EQ(cat("row ", 3, ':', std::string(" x"), std::uint64_t(18446744073709551615u), -1L),
            "row 3: x18446744073709551615-1");
}

TEST(Strings, SplitKeepsEmptyPieces) {
  EXPECT_THAT(split("a//b", '/'), ElementsAre("a", "", "b"));
  EXPECT_THAT(split("", '/'), ElementsAre(""));
  EXPECT_THAT(split("/", '/'), ElementsAre("", ""));
  EXPECT_THAT(split("abc", '/'), ElementsAre("abc"));
}

TEST(Strings, TrimTakesBlanksFromBothEndsOnly) {
  EXPECT_EQ(trim(" \t a b\r\n"), "a b");
  EXPECT_EQ(trim(" \r\n\t "), "");
  EXPECT_EQ(trim(""), "");
  EXPECT_EQ(trim("\v"), "\v");
}

TEST(Strings, CaseIsAsciiCase) {
  EXPECT_EQ(to_lower("Content-Type \xC3\x84"), "content-type \xC3\x84");
  EXPECT_TRUE(equal_ignoring_case("ETag", "etAG"));
  EXPECT_FALSE(equal_ignoring_case("etag", "etags"));
  EXPECT_FALSE(equal_ignoring_case("@", "`"));  // they differ by the case bit and are no letters
}

TEST(Strings, ParseUintWantsTheWholeText) {
  EXPECT_EQ(parse_uint("0"), 0u);
  EXPECT_EQ(parse_uint("18446744073709551615"), 18446744073709551615u);
  for (const char* bad : {"", "18446744073709551616", "-1", "+1", " 1", "1 ", "0x1", "1.0"}) {
    EXPECT_FALSE(parse_uint(bad)) << bad;
  }
}

TEST(Strings, Utf8IsCheckedAsUnicodeSays) {
  for (const char* good : {"", "plain", "plain ascii that is longer than a word", "\xC3\xA9",
                           "\xE2\x82\xAC", "\xF0\x9F\xA4\x97", "\xEF\xBF\xBF", "\xF4\x8F\xBF\xBF",
                           "12345678\xC3\xA9"
                           "12345678",
                           "\xEE\x80\x80", "\xED\x9F\xBF"}) {
    EXPECT_TRUE(is_valid_utf8(good)) << good;
  }
  for (const char* bad : {"\x80", "\xC3", "\xC0\xAF", "\xC1\xBF", "\xE0\x9F\xBF", "\xED\xA0\x80",
                          "\xE2\x82", "\xF0\x8F\xBF\xBF", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80",
                          "\xF0\x9F\xA4", "\xFF", "abcdefgh\x80", "\xC3\xC3\xA9"}) {
    EXPECT_FALSE(is_valid_utf8(bad)) << to_hex(bad);
  }
}

TEST(Strings, JsonQuotingEscapesWhatMustBe) {
  EXPECT_EQ(quoted(""), "\"\"");
  EXPECT_EQ(quoted("a\"b\\c/"), R"("a\"b\\c/")");
  EXPECT_EQ(quoted(std::string_view("\n\r\t\b\0\x1F\x7F", 7)),
            "\"\\n\\r\\t\\u0008\\u0000\\u001f\x7F\"");
  EXPECT_EQ(quoted("\xF0\x9F\xA4\x97"), "\"\xF0\x9F\xA4\x97\"");
}

TEST(Strings, JsonQuotingReplacesEachByteThatIsNotUtf8) {
  EXPECT_EQ(quoted("a\xFF"
                   "b"),
            "\"a\xEF\xBF\xBD"
            "b\"");
  EXPECT_EQ(quoted("\xE2\x82"), "\"\xEF\xBF\xBD\xEF\xBF\xBD\"");
  EXPECT_TRUE(is_valid_utf8(quoted("\xED\xA0\x80\xC0\x80 ok \xF0")));
}

TEST(Strings, HexGoesBothWays) {
  EXPECT_EQ(to_hex(std::string_view("\x00\xAB\xFF", 3)), "00abff");
  EXPECT_EQ(from_hex("00ABff"), std::string("\x00\xAB\xFF", 3));
  EXPECT_EQ(from_hex(""), "");
  EXPECT_FALSE(from_hex("0"));
  EXPECT_FALSE(from_hex("0g"));
}

TEST(Strings, Base64KnowsTheVectorsOfTheRfc) {
  const std::pair<const char*, const char*> vectors[] = {{"", ""},
                                                         {"f", "Zg=="},
                                                         {"fo", "Zm8="},
                                                         {"foo", "Zm9v"},
                                                         {"foob", "Zm9vYg=="},
                                                         {"fooba", "Zm9vYmE="},
                                                         {"foobar", "Zm9vYmFy"}};
  for (auto [plain, coded] : vectors) {
    EXPECT_EQ(to_base64(plain), coded);
    EXPECT_EQ(from_base64(coded), plain);
  }
  EXPECT_EQ(from_base64("Zm8"), "fo");
  EXPECT_EQ(from_base64("Zg"), "f");
}

TEST(Strings, Base64RefusesWhatHasNoOrASecondSpelling) {
  for (const char* bad : {"Z", "Zg=", "Zg===", "=", "==", "====", "Zm8=Zm8=", "Zm 8", "Zm8\n",
                          "Zh==", "Zm9=", "Zm-_", "Zg==\n"}) {
    EXPECT_FALSE(from_base64(bad)) << bad;
  }
}

TEST(Strings, Base64UrlHasItsOwnAlphabetAndNoPadding) {
  const std::string bytes = "\xFB\xEF\xFF\xFE";
  EXPECT_EQ(to_base64(bytes), "++///g==");
  EXPECT_EQ(to_base64url(bytes), "--___g");
  EXPECT_EQ(from_base64url("--___g"), bytes);
  EXPECT_EQ(from_base64url("--___g=="), bytes);
  EXPECT_FALSE(from_base64url("++///g"));
}

TEST(Strings, EveryByteSurvivesEveryEncoding) {
  std::string all;
  for (int i = 0; i < 256; ++i) {
    all += static_cast<char>(i);
    EXPECT_EQ(from_base64(to_base64(all)), all);
    EXPECT_EQ(from_base64url(to_base64url(all)), all);
  }
  EXPECT_EQ(from_hex(to_hex(all)), all);
  EXPECT_EQ(percent_decode(percent_encode(all)), all);
  EXPECT_EQ(percent_decode(percent_encode_path(all)), all);
}

TEST(Strings, PercentEncodingKeepsUnreservedCharacters) {
  EXPECT_EQ(percent_encode("aZ09-._~/ +%\xC3\xA9"), "aZ09-._~%2F%20%2B%25%C3%A9");
  EXPECT_EQ(percent_encode_path("a b/c%"), "a%20b/c%25");
}

TEST(Strings, PercentDecodingRefusesBrokenEscapes) {
  EXPECT_EQ(percent_decode("a%2fb+c%2F"), "a/b+c/");
  EXPECT_EQ(percent_decode(""), "");
  for (const char* bad : {"%", "%2", "a%", "%zz", "%2g", "%%41"})
    EXPECT_FALSE(percent_decode(bad)) << bad;
}

}  // namespace
}  // namespace embrace
