#include "json/view.h"

#include <gtest/gtest.h>

#include <cstdlib>

namespace embrace::json {
namespace {

std::string error_of(std::string_view text) {
  auto document = Document::parse(text);
  return document ? "" : document.error().message();
}

TEST(View, ReadsWhatIsThere) {
  auto document = Document::parse(
      R"({"s":"te\u00e9xt","i":-3,"f":3.0,"h":2.5,"t":true,"n":null,"a":[1,"two"],"o":{"k":"v"}})");
  ASSERT_TRUE(document);
  const View root = document->root();
  EXPECT_TRUE(root.is_object());
  EXPECT_EQ(root["s"].text(), "te\xC3\xA9xt");
  EXPECT_EQ(root["i"].integer(), -3);
  EXPECT_EQ(root["f"].integer(), 3);
  EXPECT_EQ(root["h"].number(), 2.5);
  EXPECT_EQ(root["i"].number(), -3.0);
  EXPECT_EQ(root["t"].boolean(), true);
  EXPECT_TRUE(root["n"].is_null());
  EXPECT_TRUE(root["n"].exists());
  ASSERT_EQ(root["a"].items().size(), 2u);
  EXPECT_EQ(root["a"].items()[1].text(), "two");
  EXPECT_EQ(root["o"]["k"].text(), "v");
  EXPECT_EQ(root.members()[1].first, "i");
  EXPECT_EQ(root.text_or("s", "x"), "te\xC3\xA9xt");
}

TEST(View, AskingForWhatIsNotThereGivesNothing) {
  auto document = Document::parse(R"({"s":"text","h":2.5,"a":[1]})");
  ASSERT_TRUE(document);
  const View root = document->root();
  EXPECT_FALSE(root["absent"].exists());
  EXPECT_FALSE(root["absent"]["deeper"]["still"].exists());
  EXPECT_FALSE(root["absent"].is_null());
  EXPECT_FALSE(root["s"].integer());
  EXPECT_FALSE(root["s"]["k"].exists());
  EXPECT_FALSE(root["h"].integer());
  EXPECT_FALSE(root["h"].text());
  EXPECT_FALSE(root["a"].boolean());
  EXPECT_FALSE(root.number());
  EXPECT_TRUE(root["s"].items().empty());
  EXPECT_TRUE(root["a"].members().empty());
  EXPECT_EQ(root.text_or("h", "otherwise"), "otherwise");
  EXPECT_EQ(View().render(), "null");
}

TEST(View, IntegersAreNotRounded) {
  auto document = Document::parse(
      "[9223372036854775807,-9223372036854775808,9223372036854775808,1e18,1e19,1e300,-1e300]");
  ASSERT_TRUE(document);
  const auto items = document->root().items();
  EXPECT_EQ(items[0].integer(), INT64_MAX);
  EXPECT_EQ(items[1].integer(), INT64_MIN);
  EXPECT_FALSE(items[2].integer());
  EXPECT_EQ(items[2].number(), 0x1p63);
  EXPECT_EQ(items[3].integer(), 1'000'000'000'000'000'000);
  for (int i = 4; i < 7; ++i) EXPECT_FALSE(items[i].integer());
}

TEST(View, RendersBackInOrder) {
  constexpr std::string_view kText =
      R"({"z":[1,-2,18446744073709551615,1.0,0.1,1e+300],"a":{"q\"":"\n","e":{}},"l":[],"n":null,"t":true})";
  auto document = Document::parse(kText);
  ASSERT_TRUE(document);
  EXPECT_EQ(document->root().render(), kText);
  EXPECT_EQ(document->root()["a"].render(), R"({"q\"":"\n","e":{}})");
}

TEST(Document, DoublesAreRoundedCorrectly) {
  for (const char* text :
       {"1111111111111111100000000000000000000.0", "0.1", "1e-5", "3.141592653589793",
        "2.2250738585072014e-308", "1.7976931348623157e+308", "9007199254740993.0",
        "1.00000000000000011102230246251565", "5e-324", "-0.0"}) {
    auto document = Document::parse(text);
    ASSERT_TRUE(document) << text;
    EXPECT_EQ(document->root().number(), std::strtod(text, nullptr)) << text;
    auto again = Document::parse(document->root().render());
    ASSERT_TRUE(again) << text;
    EXPECT_EQ(again->root().number(), document->root().number()) << text;
  }
  EXPECT_EQ(Document::parse("1e-400")->root().number(), 0.0);
  EXPECT_NE(error_of("1e400"), "");
  EXPECT_NE(error_of("[1,-1e309]"), "");
  EXPECT_NE(error_of("1e99999999999"), "");
}

TEST(Document, SaysWhereTheMistakeIs) {
  EXPECT_NE(error_of("{\n  \"a\": 1,\n  oops}").find("line 3, column 3"), std::string::npos)
      << error_of("{\n  \"a\": 1,\n  oops}");
  for (const char* bad :
       {"", " ", "{", "[1,]", "{\"a\"}", "nul", "1 2", "[] x", "'a'", "\"\n\"", "01", "+1", "NaN",
        "\"\xFF\"", "\"\\ud800\"", "{\"a\":1,}", "// c\n1", "\"open"}) {
    EXPECT_TRUE(error_of(bad).starts_with("the JSON is not valid at line "))
        << bad << error_of(bad);
  }
}

TEST(Document, AllowsWhiteSpaceAround) { EXPECT_EQ(error_of(" \r\n\t[ 1 ] \n"), ""); }

TEST(Document, DepthIsLimited) {
  const auto nested = [](std::size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  EXPECT_EQ(error_of(nested(64)), "");
  EXPECT_NE(error_of(nested(65)).find("deeper than 64"), std::string::npos) << error_of(nested(65));
  EXPECT_NE(error_of(std::string(1'000'000, '[')), "");
  EXPECT_TRUE(Document::parse("[[1]]", 2));
  EXPECT_FALSE(Document::parse("[[1]]", 1));
}

TEST(Document, ViewsSurviveItsMove) {
  auto document = Document::parse("[\"a text that is long enough to live on the heap\"]");
  ASSERT_TRUE(document);
  const View item = document->root().items()[0];
  const Document moved = std::move(*document);
  EXPECT_EQ(item.text(), "a text that is long enough to live on the heap");
}

TEST(Document, ALargeOneParses) {
  std::string text = "[0";
  for (int i = 1; i < 100'000; ++i) text += ",{\"path\":\"file\"}";
  auto document = Document::parse(text + "]");
  ASSERT_TRUE(document);
  EXPECT_EQ(document->root().items().size(), 100'000u);
}

}  // namespace
}  // namespace embrace::json
