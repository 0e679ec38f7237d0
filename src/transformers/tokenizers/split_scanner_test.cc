// The hand-written splitters against the engine that runs the same expressions.
#include "transformers/tokenizers/split_scanner.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "transformers/tokenizers/regex.h"
#include "transformers/tokenizers/unicode.h"

namespace embrace::transformers {
namespace {

std::vector<std::string> by_engine(const Regex& regex, std::string_view text) {
  std::vector<Match> matches;
  EXPECT_TRUE(regex.find_all(text, matches));
  std::vector<std::string> pieces;
  for (const Match& match : matches)
    pieces.emplace_back(text.substr(match.begin, match.end - match.begin));
  return pieces;
}

std::vector<std::string> by_hand(KnownSplit split, std::string_view text) {
  std::vector<std::string> pieces;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = next_piece_end(split, text, at);
    EXPECT_GT(end, at);
    pieces.emplace_back(text.substr(at, end - at));
    at = end;
  }
  return pieces;
}

void compare(std::string_view expression) {
  const auto split = known_split(expression);
  ASSERT_TRUE(split);
  const auto regex = Regex::compile(expression);
  ASSERT_TRUE(regex) << regex.error().message();
  // What the expressions tell apart, and code points of every length.
  static constexpr char32_t kAlphabet[] = {
      U' ', U' ', U' ',      U'\n', U'\r', U'\t',     U'\'',     U'\'',     U's',      U'S',
      U't', U'r', U'e',      U'E',  U'v',  U'm',      U'l',      U'L',      U'd',      U'a',
      U'1', U'2', U'.',      U'!',  U'é',  U'ſ',      U'\u00A0', U'\u0085', U'\u3000', U'日',
      U'٣', U'½', U'\u0301', U'😀', U'𝓐',  U'\u200D', U'Ⅷ'};
  std::mt19937 random(20);  // the same texts every time
  std::string text;
  for (int round = 0; round < 20'000; ++round) {
    text.clear();
    const unsigned length = random() % 14;
    for (unsigned i = 0; i < length; ++i)
      append_utf8(text, kAlphabet[random() % std::size(kAlphabet)]);
    ASSERT_EQ(by_hand(*split, text), by_engine(*regex, text)) << text;
  }
}

TEST(SplitScanner, CutsAsTheEngineDoesForGpt2) { compare(kGpt2Expression); }
TEST(SplitScanner, CutsAsTheEngineDoesForLlama3) { compare(kLlama3Expression); }
TEST(SplitScanner, CutsAsTheEngineDoesForQwen2) { compare(kQwen2Expression); }
TEST(SplitScanner, KnowsNoOtherExpression) { EXPECT_FALSE(known_split("\\s+")); }

TEST(Utf8, BrokenBytesBecomeWhatPythonMakesOfThem) {
  std::string repaired;
  const auto repair = [&](std::string_view text) {
    return std::string(utf8_or_repaired(text, repaired));
  };
  const std::string bad = "\xEF\xBF\xBD";
  EXPECT_EQ(repair("plain é 日 😀"), "plain é 日 😀");
  EXPECT_EQ(repair("a\xFF"
                   "b"),
            "a" + bad + "b");
  EXPECT_EQ(repair("\xF0\x9F\x98"), bad);              // one for a character cut short
  EXPECT_EQ(repair("\xED\xA0\x80"), bad + bad + bad);  // a surrogate: one for each byte
  EXPECT_EQ(repair("\xF4\x90\x80\x80"), bad + bad + bad + bad);
  EXPECT_EQ(repair("\xE4\xBD"
                   "a"),
            bad + "a");
  EXPECT_EQ(repair("\xC0\x80"), bad + bad);
}

}  // namespace
}  // namespace embrace::transformers
