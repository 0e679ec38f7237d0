// tokenizer.json files and texts from somebody who means harm: a clear error, in bounded time.
#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "base/file.h"
#include "base/strings.h"
#include "transformers/tokenizers/tokenizer.h"

namespace embrace::transformers {
namespace {

std::string complaint(std::string_view json) {
  const auto made = Tokenizer::parse(json);
  return made ? "parsed" : made.error().message();
}

std::string with_model(std::string_view rest) {
  return cat(R"({"model": {"type": "WordLevel", "vocab": {"a": 0}, "unk_token": "a"}, )", rest,
             "}");
}

TEST(HostileTokenizer, NoPrefixOfAFileParses) {
  const auto bytes = read_file(EMB_TESTDATA "/llama3.json", 1 << 24);
  ASSERT_TRUE(bytes);
  for (std::size_t length = 0; length + 2 < bytes->size(); length += 61) {
    EXPECT_NE(complaint(std::string_view(*bytes).substr(0, length)), "parsed") << length;
  }
}

TEST(HostileTokenizer, WrongTypesAreRefusedByName) {
  EXPECT_EQ(complaint("[]"), "a tokenizer.json is an object");
  EXPECT_EQ(complaint("{}"), "model: there is no model");
  EXPECT_EQ(complaint(R"({"model": {"type": "LSTM"}})"), "model: no model is named \"LSTM\"");
  EXPECT_EQ(complaint(with_model(R"("normalizer": {"type": "Upside"})")),
            "normalizer: no normalizer is named \"Upside\"");
  EXPECT_EQ(complaint(with_model(R"("pre_tokenizer": {"type": "Split", "pattern": 3})")),
            "pre_tokenizer: a pattern is {\"String\": ...} or {\"Regex\": ...}");
  EXPECT_EQ(complaint(with_model(
                R"("decoder": {"type": "Strip", "content": " ", "start": -1, "stop": 0})")),
            "decoder: Strip has a content, and a start and a stop from 0");
  EXPECT_EQ(complaint(with_model(
                R"("post_processor": {"type": "BertProcessing", "sep": ["x"], "cls": 1})")),
            "post_processor: cls and sep are each a text and an id");
}

TEST(HostileTokenizer, AbsurdNumbersAreRefused) {
  EXPECT_NE(complaint(R"({"model": {"type": "WordLevel", "vocab": {"a": 4294967295}}})"), "parsed");
  EXPECT_NE(complaint(R"({"model": {"type": "WordLevel", "vocab": {"a": -1}}})"), "parsed");
  EXPECT_NE(complaint(R"({"model": {"type": "WordLevel", "vocab": {"a": 1e300}}})"), "parsed");
  EXPECT_NE(complaint(R"({"model": {"type": "Unigram", "unk_id": 5, "vocab": [["a", -1.0]]}})"),
            "parsed");
  EXPECT_NE(complaint(with_model(R"("truncation": {"max_length": -4})")), "parsed");
  EXPECT_NE(complaint(with_model(R"("padding": {"strategy": {"Fixed": 99999999999}})")), "parsed");
  EXPECT_NE(complaint(cat(R"({"model": {"type": "Unigram", "vocab": [[")", std::string(5000, 'a'),
                          R"(", 0]]}})")),
            "parsed");
  EXPECT_NE(complaint(with_model(cat(R"("added_tokens": [{"id": 1, "content": ")",
                                     std::string(5000, 'a'), R"("}])"))),
            "parsed");
}

TEST(HostileTokenizer, MergesMustBeOfTokens) {
  const auto bpe = [](std::string_view merges) {
    return complaint(
        cat(R"({"model": {"type": "BPE", "vocab": {"a": 0, "b": 1, "ab": 2}, "merges": [)", merges,
            "]}}"));
  };
  EXPECT_EQ(bpe(R"("a b")"), "parsed");
  EXPECT_EQ(bpe(R"(["a", "b"])"), "parsed");
  EXPECT_EQ(bpe(R"("a c")"), "model: merge 0 speaks of a token that is not in the vocabulary");
  EXPECT_EQ(bpe(R"("b a")"), "model: merge 0 speaks of a token that is not in the vocabulary");
  EXPECT_EQ(bpe(R"("a b c")"), "model: merge 0 is not two texts");
  EXPECT_EQ(bpe(R"(["a"])"), "model: merge 0 is not two texts");
  EXPECT_EQ(
      complaint(R"({"model": {"type": "BPE", "dropout": 0.1, "vocab": {"a": 0}, "merges": []}})"),
      "model: BPE with dropout gives other tokens every time; set it to null");
}

TEST(HostileTokenizer, DeepNestingIsRefused) {
  std::string nested = R"({"type": "NFC"})";
  for (int i = 0; i < 20; ++i)
    nested = cat(R"({"type": "Sequence", "normalizers": [)", nested, "]}");
  EXPECT_EQ(complaint(with_model(cat(R"("normalizer": )", nested))),
            "normalizer: sequences are nested too deeply");
}

TEST(HostileTokenizer, ExpressionsThatDoNotCompileAreRefused) {
  const auto split = [](std::string_view expression) {
    return complaint(with_model(cat(
        R"("pre_tokenizer": {"type": "Split", "behavior": "Isolated", "invert": false, "pattern": {"Regex": ")",
        expression, R"("}})")));
  };
  EXPECT_TRUE(split("(").starts_with("pre_tokenizer: regular expression: ")) << split("(");
  EXPECT_NE(split("[a"), "parsed");
  EXPECT_NE(split("a{99999999}"), "parsed");
  EXPECT_NE(split(R"(\\p{NoSuchThing})"), "parsed");
  EXPECT_NE(split(std::string(20000, 'a')), "parsed");
  EXPECT_NE(split(std::string(3000, '(') + std::string(3000, ')')), "parsed");
}

// Each of these expressions takes exponential or quadratic time somewhere.
TEST(HostileTokenizer, CatastrophicExpressionsEndInBoundedTime) {
  const std::string a_lot(200'000, 'a');
  const std::string spaces(200'000, ' ');
  for (const std::string_view expression :
       {"(a+)+$", "(a|a)*b", "(a|aa)+c", "(?:a*)*b", "\\\\s+$", "(.*)(.*)(.*)(.*)x",
        "(?:(?=(a+)+b)|.)", "(a*)*\\\\1b"}) {
    const auto tokenizer = Tokenizer::parse(with_model(cat(
        R"("pre_tokenizer": {"type": "Split", "behavior": "Removed", "invert": false, "pattern": {"Regex": ")",
        expression, R"("}})")));
    ASSERT_TRUE(tokenizer) << tokenizer.error().message();
    for (const std::string& text : {a_lot + "!", spaces + "!"}) {
      const auto begin = std::chrono::steady_clock::now();
      const auto encoding = tokenizer->encode(text);
      const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
      EXPECT_LT(took.count(), 30) << expression;
      if (!encoding)
        EXPECT_EQ(encoding.error().code(), Code::TooLarge) << encoding.error().message();
    }
  }
}

TEST(HostileTokenizer, LongPiecesTakeNoQuadraticTime) {
  for (const char* kind : {"sentencepiece_bpe", "unigram_bytes", "bert", "gpt2"}) {
    const auto bytes = read_file(cat(EMB_TESTDATA "/", kind, ".json"), 1 << 24);
    const auto tokenizer = Tokenizer::parse(*bytes);
    ASSERT_TRUE(tokenizer);
    for (const std::string_view unit : {"a", "the", "\xCC\x81", "é", "日", " ", "\xFF"}) {
      std::string text;
      while (text.size() < 300'000) text += unit;
      const auto begin = std::chrono::steady_clock::now();
      ASSERT_TRUE(tokenizer->encode(text));
      const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
      EXPECT_LT(took.count(), 20) << kind << " " << unit;
    }
  }
}

TEST(HostileTokenizer, CharsmapsThatPointOutsideAreHarmless) {
  // A table of one unit that claims everything, and replacements that begin inside a character.
  for (const std::string_view table :
       {std::string_view("\x04\0\0\0\xFF\xFF\xFF\x7F", 8), std::string_view("\0\0\0\0\xC3\xA9", 6),
        std::string_view("\x08\0\0\0\x61\x01\0\0\x61\x05\0\0\xC3\xA9", 14)}) {
    const auto tokenizer = Tokenizer::parse(
        with_model(cat(R"("normalizer": {"type": "Precompiled", "precompiled_charsmap": ")",
                       to_base64(table), R"("})")));
    ASSERT_TRUE(tokenizer);
    EXPECT_TRUE(tokenizer->encode("aé\xFF\n"));
  }
  for (const std::string_view table :
       {std::string_view("\xFF\xFF\xFF\xFF"), std::string_view("\x01"),
        std::string_view("\x03\0\0\0abc", 7), std::string_view("\0\0\0\0\xFF", 5)}) {
    EXPECT_NE(complaint(with_model(
                  cat(R"("normalizer": {"type": "Precompiled", "precompiled_charsmap": ")",
                      to_base64(table), R"("})"))),
              "parsed");
  }
}

TEST(HostileTokenizer, TextsDoNotExplode) {
  std::string doubling;
  std::string spelling;
  for (int i = 0; i < 40; ++i) {
    doubling += R"({"type": "Replace", "pattern": {"String": "a"}, "content": "aa"},)";
    spelling += R"({"type": "ByteLevel", "add_prefix_space": false, "use_regex": false},)";
  }
  doubling.pop_back();
  spelling.pop_back();
  for (const std::string& part :
       {cat(R"("normalizer": {"type": "Sequence", "normalizers": [)", doubling, "]}"),
        cat(R"("pre_tokenizer": {"type": "Sequence", "pretokenizers": [)", spelling, "]}")}) {
    const auto tokenizer = Tokenizer::parse(with_model(part));
    ASSERT_TRUE(tokenizer) << tokenizer.error().message();
    const auto encoding = tokenizer->encode("aé");
    ASSERT_FALSE(encoding);
    EXPECT_EQ(encoding.error().code(), Code::TooLarge);
  }
  std::string many;
  for (int i = 0; i < 70; ++i) many += R"({"type": "NFC"},)";
  many.pop_back();
  EXPECT_EQ(complaint(with_model(
                cat(R"("normalizer": {"type": "Sequence", "normalizers": [)", many, "]}"))),
            "normalizer: too many steps");
  const std::string endless(1 << 20, 'x');  // one letter becomes a megabyte
  const auto tokenizer = Tokenizer::parse(with_model(
      cat(R"("normalizer": {"type": "Precompiled", "precompiled_charsmap": ")",
          to_base64(std::string("\x08\0\0\0\0\0\0\0\x61\x01\0\0", 12) + endless), R"("})")));
  ASSERT_TRUE(tokenizer) << tokenizer.error().message();
  EXPECT_TRUE(tokenizer->encode(std::string(100'000, 'a')));
}

TEST(HostileTokenizer, TruncationMakesNoEndlessWindows) {
  auto tokenizer =
      Tokenizer::parse(with_model(R"("pre_tokenizer": {"type": "FixedLength", "length": 1})"));
  ASSERT_TRUE(tokenizer);
  Truncation truncation;
  truncation.length_max = 8;
  truncation.stride = 8;
  tokenizer->set_truncation(truncation);
  EXPECT_EQ(tokenizer->encode("aaaaaaaaa").error().code(), Code::InvalidArgument);
  truncation.stride = 7;
  tokenizer->set_truncation(truncation);
  EXPECT_EQ(tokenizer->encode(std::string(200'000, 'a')).error().code(), Code::TooLarge);
  truncation.stride = 3;
  tokenizer->set_truncation(truncation);
  const std::string half(3000, 'a');
  const auto pair = tokenizer->encode(TextPair{half, half});
  ASSERT_FALSE(pair);
  EXPECT_EQ(pair.error().code(), Code::TooLarge);
  truncation.length_max = 100'000;
  truncation.stride = 99'999;
  tokenizer->set_truncation(truncation);
  EXPECT_EQ(tokenizer->encode(std::string(120'000, 'a')).error().code(), Code::TooLarge);
}

}  // namespace
}  // namespace embrace::transformers
