// What the official package made of the same texts lies in testdata/, beside the tokenizers
// (tests/transformers/make_tokenizers.py).
#include "transformers/tokenizers/tokenizer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <string>

#include "base/file.h"
#include "base/strings.h"
#include "json/view.h"

namespace embrace::transformers {
namespace {

Tokenizer open_kind(const std::string& kind) {
  const auto bytes = read_file(cat(EMB_TESTDATA, "/", kind, ".json"), Tokenizer::kFileBytesMax);
  EXPECT_TRUE(bytes);
  auto made = Tokenizer::parse(*bytes);
  EXPECT_TRUE(made) << made.error().message();
  return *std::move(made);
}

std::vector<std::uint32_t> numbers(json::View view) {
  std::vector<std::uint32_t> made;
  for (const json::View item : view.items())
    made.push_back(static_cast<std::uint32_t>(*item.integer()));
  return made;
}

std::vector<std::uint32_t> flat(const Encoding& encoding) {
  std::vector<std::uint32_t> made;
  for (const Offsets& at : encoding.offsets) {
    made.push_back(at.begin);
    made.push_back(at.end);
  }
  return made;
}

class TokenizerKind : public ::testing::TestWithParam<std::string> {};

TEST_P(TokenizerKind, GivesTheIdsOffsetsAndTextOfTheOfficialPackage) {
  const Tokenizer tokenizer = open_kind(GetParam());
  const auto cases = read_file(cat(EMB_TESTDATA, "/", GetParam(), ".cases.jsonl"), 1 << 24);
  ASSERT_TRUE(cases);
  int compared = 0;
  for (const std::string_view line : split(*cases, '\n')) {
    if (line.empty()) continue;
    const auto document = json::Document::parse(line);
    ASSERT_TRUE(document);
    const auto items = document->root().items();
    const std::string first = from_hex(*items[0].text()).value();
    TextPair text{first, std::nullopt};
    const std::string second =
        items[1].is_string() ? from_hex(*items[1].text()).value() : std::string();
    if (items[1].is_string()) text.second = second;
    EncodeOptions options;
    options.add_special_tokens = *items[2].boolean();
    const auto encoding = tokenizer.encode(text, options);
    const json::View expected = items[3];
    if (expected["error"].exists()) {
      EXPECT_FALSE(encoding) << first;
      continue;
    }
    ASSERT_TRUE(encoding) << encoding.error().message();
    ASSERT_EQ(encoding->ids, numbers(expected["ids"])) << first;
    ASSERT_EQ(flat(*encoding), numbers(expected["offsets"])) << first;
    ASSERT_EQ(tokenizer.decode(encoding->ids).value(), expected["decoded"].text()) << first;
    ++compared;
  }
  EXPECT_GT(compared, 50);
}

TEST_P(TokenizerKind, WithoutOffsetsGivesTheSameIds) {
  const Tokenizer tokenizer = open_kind(GetParam());
  const std::string text =
      "  The naïve fox, ＡＢＣ 日本語! <mask> and\t१२३\n\n👩‍👩‍👧 e\u0301";
  EncodeOptions bare;
  bare.offsets = false;
  EXPECT_EQ(tokenizer.encode(text, bare)->ids, tokenizer.encode(text)->ids);
}

TEST_P(TokenizerKind, EncodesABatchAsItDoesEachTextWhateverTheThreads) {
  Tokenizer tokenizer = open_kind(GetParam());
  tokenizer.set_padding(std::nullopt);
  std::vector<std::string> texts;
  for (int i = 0; i < 200; ++i)
    texts.push_back(
        cat("text ", i, " of the fox é", std::string(static_cast<std::size_t>(i % 7), 'x')));
  std::vector<TextPair> pairs;
  for (const std::string& text : texts) pairs.push_back({text, std::nullopt});
  const auto batch = tokenizer.encode_batch(pairs, {}, 4);
  ASSERT_TRUE(batch);
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const auto alone = tokenizer.encode(texts[i]);
    EXPECT_EQ((*batch)[i].ids, alone->ids);
    EXPECT_EQ((*batch)[i].offsets, alone->offsets);
  }
}

std::vector<std::string> kinds() {
  std::vector<std::string> found;
  for (const auto& entry : std::filesystem::directory_iterator(EMB_TESTDATA)) {
    const std::string name = entry.path().filename().string();
    if (name.ends_with(".json")) found.push_back(name.substr(0, name.size() - 5));
  }
  std::sort(found.begin(), found.end());
  return found;
}
INSTANTIATE_TEST_SUITE_P(All, TokenizerKind, ::testing::ValuesIn(kinds()),
                         [](const auto& info) { return info.param; });

TEST(Tokenizer, PadsABatchToItsLongestText) {
  Tokenizer tokenizer = open_kind("bert");
  Padding padding;
  padding.side = Side::Left;
  padding.id = 7;
  tokenizer.set_padding(padding);
  const std::vector<TextPair> texts{{"a", std::nullopt}, {"the quick brown fox", std::nullopt}};
  const auto batch = tokenizer.encode_batch(texts, {}, 2);
  ASSERT_TRUE(batch);
  EXPECT_EQ((*batch)[0].size(), (*batch)[1].size());
  EXPECT_EQ((*batch)[0].ids[0], 7u);
  EXPECT_EQ((*batch)[0].attention_mask[0], 0);
  EXPECT_EQ((*batch)[0].sequence_ids[0], kNoSequence);
}

TEST(Tokenizer, ReportsTheTextOfABatchThatFails) {
  const auto tokenizer =
      Tokenizer::parse(R"({"model": {"type": "WordLevel", "vocab": {"a": 0}, "unk_token": "?"}})");
  ASSERT_TRUE(tokenizer);
  const std::vector<TextPair> texts{{"a", std::nullopt}, {"b", std::nullopt}};
  const auto batch = tokenizer->encode_batch(texts);
  ASSERT_FALSE(batch);
  EXPECT_TRUE(batch.error().message().starts_with("text 1: ")) << batch.error().message();
}

TEST(Tokenizer, AppendsAndFindsTokensByTextAndId) {
  const auto tokenizer = Tokenizer::parse(R"({"normalizer": {"type": "Append", "append": "!é"},
      "pre_tokenizer": {"type": "FixedLength", "length": 1},
      "model": {"type": "WordLevel", "vocab": {"a": 0, "!": 1, "é": 2}, "unk_token": "a"}})");
  ASSERT_TRUE(tokenizer);
  const auto encoding = tokenizer->encode("aa");
  EXPECT_EQ(encoding->ids, (std::vector<std::uint32_t>{0, 0, 1, 2}));
  EXPECT_EQ(encoding->offsets[3], (Offsets{1, 2}));
  EXPECT_EQ(tokenizer->id_of("é"), 2u);
  EXPECT_EQ(tokenizer->token_of(1), "!");
  EXPECT_EQ(tokenizer->token_of(3), std::nullopt);
  EXPECT_EQ(tokenizer->id_end(), 3u);
  EXPECT_EQ(tokenizer->decode(std::vector<std::uint32_t>{0, 99, 2}), "a é");
}

TEST(DecodeStream, GivesACharacterWithItsLastToken) {
  const Tokenizer tokenizer = open_kind("gpt2");
  const std::string text = "a 👩🏽‍🚀 né 𝓐𝓑";
  const auto ids = tokenizer.encode(text)->ids;
  DecodeStream stream(tokenizer);
  std::string all;
  for (const std::uint32_t id : ids) {
    const auto piece = stream.step(id);
    ASSERT_TRUE(piece);
    EXPECT_EQ(piece->find("\xEF\xBF\xBD"), std::string::npos);
    all += *piece;
  }
  EXPECT_EQ(all, text);
  EXPECT_EQ(stream.finish(), "");
}

TEST(DecodeStream, KeepsSpacesBetweenWordsAndEndsWithWhatIsBroken) {
  const Tokenizer words = open_kind("bert");
  DecodeStream stream(words);
  std::string all;
  for (const std::uint32_t id : words.encode("the quick brown fox")->ids) all += *stream.step(id);
  EXPECT_EQ(all, "the quick brown fox");

  const Tokenizer bytes = open_kind("gpt2");
  const std::uint32_t half = bytes.encode("👩")->ids[0];
  DecodeStream broken(bytes);
  EXPECT_EQ(broken.step(half), "");
  EXPECT_EQ(broken.finish(), "\xEF\xBF\xBD");
  DecodeStream endless(bytes);
  std::string said;
  for (int i = 0; i < 100; ++i) said += *endless.step(half);
  EXPECT_FALSE(said.empty());
}

}  // namespace
}  // namespace embrace::transformers
