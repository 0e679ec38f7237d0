// Grammars at work in generation, with the byte-level, SentencePiece and Metaspace tokenizers of
// testdata.
#include "transformers/generation/grammar_mask.h"

#include <gtest/gtest.h>

#include "transformers/generation/generation_fixture.h"
#include "transformers/generation/speculative.h"

namespace embrace::transformers {
namespace {

Tokenizer open_tokenizer(const std::string& name) {
  auto parsed = Tokenizer::parse(read_testdata(name + ".json"));
  EXPECT_TRUE(parsed) << name;
  return *std::move(parsed);
}

std::shared_ptr<const Grammar> schema(std::string_view text) {
  const auto document = json::Document::parse(text);
  auto made = Grammar::from_json_schema(document.value().root());
  EXPECT_TRUE(made) << made.error().message();
  return *std::move(made);
}

TEST(TokenVocabularies, AreWhatTheDecoderAddsToATextByteForByte) {
  for (const char* name :
       {"gpt2", "qwen2", "llama3", "gemma", "sentencepiece_bpe", "unigram_bytes", "t5"}) {
    const Tokenizer tokenizer = open_tokenizer(name);
    const auto vocabulary = read_token_vocabulary(tokenizer, {});
    ASSERT_TRUE(vocabulary) << name << vocabulary.error().message();
    EXPECT_EQ((*vocabulary)->size(), tokenizer.id_end());
    for (const char* text :
         {"{\"a b\": [1, true]}", " leading and  double\n", "é日本😀 \tend", "a"}) {
      const auto encoding = tokenizer.encode(text, {.add_special_tokens = false});
      ASSERT_TRUE(encoding);
      std::string bytes;
      for (const std::uint32_t& id : encoding->ids)
        bytes += (*vocabulary)->bytes_of(id, &id == encoding->ids.data());
      EXPECT_EQ(bytes, tokenizer.decode(encoding->ids).value()) << name;
    }
  }
}

TEST(TokenVocabularies, LeaveSpecialTokensOutAndRefuseWordPieces) {
  const Tokenizer tokenizer = open_tokenizer("qwen2");
  const auto vocabulary = read_token_vocabulary(tokenizer, std::vector<std::int32_t>{0}).value();
  EXPECT_EQ(vocabulary->bytes_of(*tokenizer.id_of("<|im_start|>")), "");
  EXPECT_EQ(vocabulary->bytes_of(*tokenizer.id_of("<|endoftext|>")), "");
  EXPECT_EQ(vocabulary->bytes_of(*tokenizer.id_of("<tool_call>")), "<tool_call>");
  EXPECT_EQ(vocabulary->end_tokens(), std::vector<std::uint32_t>{0});
  for (const char* name : {"bert", "ctc", "prefixed_bpe", "word_level"}) {
    const auto refused = read_token_vocabulary(open_tokenizer(name), {});
    ASSERT_FALSE(refused) << name;
    EXPECT_EQ(refused.error().code(), Code::NotBuilt);
  }
}

TEST(TokenVocabularies, OutliveDecodersThatEraseTheWholeText) {
  const auto tokenizer = Tokenizer::parse(R"({"version": "1.0", "added_tokens": [],
      "normalizer": null, "pre_tokenizer": null, "post_processor": null,
      "decoder": {"type": "Sequence", "decoders": [{"type": "Fuse"},
        {"type": "Replace", "pattern": {"Regex": "^ab$"}, "content": ""}]},
      "model": {"type": "BPE", "vocab": {"a": 0, "b": 1, "e": 2}, "merges": []}})");
  ASSERT_TRUE(tokenizer) << tokenizer.error().message();
  const auto vocabulary = read_token_vocabulary(*tokenizer, {});
  ASSERT_TRUE(vocabulary) << vocabulary.error().message();
  EXPECT_EQ((*vocabulary)->bytes_of(0), "a");
  EXPECT_EQ((*vocabulary)->bytes_of(1), "");  // beside "a" it is not always "b"
  EXPECT_EQ((*vocabulary)->bytes_of(2), "e");
}

TEST(GrammarMask, HoldsGreedyAndSampledTexts) {
  SmallModel small("llama");
  const Tokens prompt{5, 9, 77};
  // The model knows the first 199 tokens of each.
  for (const char* name : {"gpt2", "sentencepiece_bpe", "gemma"}) {
    const Tokenizer tokenizer = open_tokenizer(name);
    const auto vocabulary = read_token_vocabulary(tokenizer, std::vector<std::int32_t>{0}).value();
    GrammarMask mask(
        schema(R"({"type": "object", "properties": {"kind": {"enum": ["cat", "dog", "fish"]},
            "n": {"type": "integer", "minimum": 10, "maximum": 2000}}, "required": ["kind", "n"]})"),
        vocabulary);
    for (std::uint64_t seed = 0; seed < 8; ++seed) {
      ASSERT_TRUE(mask.restart());
      std::string streamed;
      const GenerationOptions options{
          .sampling = {.temperature = seed == 0 ? 0.0 : 1.0, .seed = seed},
          .tokens_max = 240,
          .end_tokens = {0}};
      const auto made =
          generate(small.engine(), prompt, options, &tokenizer, &mask, [&](const Step& step) {
            streamed += step.text;
            return true;
          });
      ASSERT_TRUE(made) << name << made.error().message() << streamed;
      EXPECT_EQ(made->finish, FinishReason::Complete) << made->text;
      EXPECT_EQ(made->text, streamed);
      const auto document = json::Document::parse(made->text);
      ASSERT_TRUE(document) << name << made->text;
      const auto n = document->root()["n"].integer().value_or(0);
      EXPECT_TRUE(n >= 10 && n <= 2000) << made->text;
    }
  }
}

TEST(GrammarMask, EndsWithAnEndTokenOnlyWhereTheTextIsComplete) {
  SmallModel small("llama");
  const Tokenizer tokenizer = open_tokenizer("gpt2");
  const auto vocabulary = read_token_vocabulary(tokenizer, std::vector<std::int32_t>{0}).value();
  GrammarMask mask(*Grammar::from_regex("(ab|c)+"), vocabulary);
  int ended = 0;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    ASSERT_TRUE(mask.restart());
    const auto made = generate(small.engine(), Tokens{3},
                               {.sampling = {.temperature = 1.0, .seed = seed},
                                .tokens_max = 9,
                                .tokens_min = 4,
                                .end_tokens = {0}},
                               &tokenizer, &mask);
    ASSERT_TRUE(made) << made.error().message();
    for (std::size_t i = 0; i < made->text.size(); ++i)
      EXPECT_TRUE(made->text[i] == 'c' || made->text.compare(i, 2, "ab") == 0 ||
                  made->text[i] == 'b' || i + 1 == made->text.size())
          << made->text;
    EXPECT_TRUE(made->finish == FinishReason::EndToken || made->finish == FinishReason::Length);
    if (made->finish == FinishReason::EndToken) {
      ++ended;
      EXPECT_TRUE(mask.complete().value()) << made->text;
      EXPECT_FALSE(made->text.ends_with('a')) << made->text;
    }
  }
  EXPECT_GT(ended, 0);
}

TEST(GrammarMask, HoldsSpeculativeTextsAndChangesNoGreedyOne) {
  SmallModel large("llama"), draft("qwen2");
  const Tokenizer tokenizer = open_tokenizer("gpt2");
  const auto vocabulary = read_token_vocabulary(tokenizer, std::vector<std::int32_t>{0}).value();
  GrammarMask mask(
      schema(R"({"type": "array", "items": {"type": "boolean"}, "minItems": 2, "maxItems": 5})"),
      vocabulary);
  for (std::uint64_t seed = 0; seed < 6; ++seed) {
    const GenerationOptions options{
        .sampling = {.temperature = seed == 0 ? 0.0 : 1.0, .seed = seed},
        .tokens_max = 240,
        .end_tokens = {0}};
    for (const std::size_t ahead : {1, 4}) {
      ASSERT_TRUE(mask.restart());
      std::string streamed;
      const auto made = generate_speculatively(
          large.engine(), draft.engine(), ahead, Tokens{7, 8}, options, &tokenizer,
          [&](const Step& step) {
            streamed += step.text;
            return true;
          },
          &mask);
      ASSERT_TRUE(made) << made.error().message();
      EXPECT_EQ(made->generation.finish, FinishReason::Complete);
      EXPECT_EQ(made->generation.text, streamed);
      EXPECT_TRUE(json::Document::parse(streamed)) << streamed;
      if (seed > 0) continue;
      ASSERT_TRUE(mask.restart());
      const auto plain = generate(large.engine(), Tokens{7, 8}, options, &tokenizer, &mask);
      ASSERT_TRUE(plain);
      EXPECT_EQ(made->generation.tokens, plain->tokens);
    }
  }
}

}  // namespace
}  // namespace embrace::transformers
