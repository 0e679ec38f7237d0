#include "transformers/generation/generation_options.h"

#include <gtest/gtest.h>

#include <cmath>
#include <memory>
#include <optional>
#include <string>

#include "base/strings.h"
#include "transformers/generation/beams.h"
#include "transformers/generation/generation_fixture.h"
#include "transformers/generation/seq2seq_model.h"

namespace embrace::transformers {
namespace {

Result<GenerationOptions> parse(std::string_view generation, std::string_view config = "{}") {
  const auto a = json::Document::parse(generation);
  const auto b = json::Document::parse(config);
  EXPECT_TRUE(a && b) << generation;
  return read_generation_options(a->root(), b->root());
}

// One model of either kind, and what it writes behind, or about, a prompt.
class Writer {
 public:
  explicit Writer(const std::string& name) : small_(name == "llama" ? name : "gpt2") {
    if (name == "llama") return;
    const ModelFixture fixture(name);
    seq2seq_ = *Seq2Seq::load(fixture.weights(), fixture.config(), Precision::F32);
  }

  Result<std::vector<Generation>> write(const Tokens& prompt, const GenerationOptions& options) {
    if (seq2seq_) return write_texts_about(*seq2seq_, small_.team, prompt, options);
    DecoderSource source(small_.engine());
    return generate_texts(source, prompt, options, {});
  }

 private:
  SmallModel small_;
  std::unique_ptr<Seq2Seq> seq2seq_;
};

TEST(GenerationConfig, EachSettingGivesTheOfficialTexts) {
  const auto document = json::Document::parse(read_testdata("generation/settings.json"));
  ASSERT_TRUE(document);
  std::string name;
  std::unique_ptr<Writer> writer;
  for (const json::View item : document->root()["cases"].items()) {
    SCOPED_TRACE(std::string(*item["model"].text()) + " " + item["generation_config"].render());
    if (name != *item["model"].text()) {
      name = *item["model"].text();
      writer = std::make_unique<Writer>(name);
    }
    const auto options = read_generation_options(item["generation_config"], {});
    ASSERT_TRUE(options) << options.error().message();
    const auto texts = writer->write(ModelFixture::integers(item["prompt"]), *options);
    ASSERT_TRUE(texts) << texts.error().message();
    const auto wanted = item["texts"].items();
    ASSERT_EQ(texts->size(), wanted.size());
    const auto scores = ModelFixture::floats(item["scores"]);
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      EXPECT_EQ((*texts)[i].tokens, ModelFixture::integers(wanted[i])) << i;
      if (!scores.empty()) {
        EXPECT_NEAR((*texts)[i].score, scores[i], 1e-5 * (1 + std::abs(scores[i]))) << i;
      }
    }
  }
}

TEST(GenerationConfig, IsRead) {
  const auto sampled = parse(R"({"do_sample": true, "temperature": 0.6, "top_p": 0.95,
      "eos_token_id": [128001, 128008], "repetition_penalty": 1.1, "eta_cutoff": 0.002})",
                             R"({"eos_token_id": 2})");
  ASSERT_TRUE(sampled);
  EXPECT_EQ(sampled->end_tokens, (Tokens{128001, 128008}));
  EXPECT_EQ(sampled->sampling.temperature, 0.6);
  EXPECT_EQ(sampled->sampling.top_k, 50u);
  EXPECT_EQ(sampled->sampling.top_p, 0.95);
  EXPECT_EQ(sampled->sampling.eta_cutoff, 0.002);
  EXPECT_EQ(sampled->sampling.repetition_penalty, 1.1);
  const auto plain = parse(R"({"temperature": 0.6, "stop_strings": "END"})",
                           R"({"eos_token_id": 2, "num_beams": 4})");
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->end_tokens, Tokens{2});
  EXPECT_EQ(plain->sampling.temperature, 0);
  EXPECT_EQ(plain->beams.count, 1u);
  EXPECT_EQ(plain->stop_strings, std::vector<std::string>{"END"});
  const auto none = read_generation_options({}, {});
  ASSERT_TRUE(none);
  EXPECT_TRUE(none->end_tokens.empty());
}

TEST(GenerationConfig, OfOldModelsIsInTheirConfig) {
  const auto old = parse("null", R"({"eos_token_id": 2, "num_beams": 4, "forced_bos_token_id": 0,
      "no_repeat_ngram_size": 3, "early_stopping": true, "max_length": 142, "min_length": null,
      "decoder": {"min_length": 56}})");
  ASSERT_TRUE(old) << old.error().message();
  EXPECT_EQ(old->beams.count, 4u);
  EXPECT_EQ(old->beams.early_stopping, EarlyStopping::Yes);
  EXPECT_EQ(old->forced_first, 0);
  EXPECT_EQ(old->sampling.no_repeat_ngram, 3u);
  EXPECT_EQ(old->length_max, 142u);
}

TEST(GenerationConfig, KeepsWhatChanceNeedsForWhoAsksForIt) {
  auto greedy = parse(R"({"temperature": 0.6, "top_k": 7, "top_p": 0.9, "num_beams": 3,
      "num_return_sequences": 2})");
  ASSERT_TRUE(greedy) << greedy.error().message();
  EXPECT_EQ(greedy->sampling.temperature, 0);
  greedy->sample(std::nullopt);
  EXPECT_EQ(greedy->sampling.temperature, 0.6);
  EXPECT_EQ(greedy->sampling.top_k, 7u);
  EXPECT_EQ(greedy->sampling.top_p, 0.9);
  EXPECT_EQ(greedy->beams.count, 1u);
  EXPECT_TRUE(greedy->check());
  auto silent = parse("{}");
  ASSERT_TRUE(silent);
  silent->sample(1.5);
  EXPECT_EQ(silent->sampling.temperature, 1.5);
  EXPECT_EQ(silent->sampling.top_k, 50u);  // as in the official package
}

TEST(GenerationConfig, NeedsNoLongSearchForItsEnds) {
  std::string ends = "[0";
  for (std::size_t i = 1; i <= GenerationOptions::kEndsMax; ++i) ends += cat(",", i);
  const auto many = parse(cat(R"({"eos_token_id": )", ends, "]}"));
  ASSERT_FALSE(many);
  EXPECT_EQ(many.error().code(), Code::InvalidArgument);
  const auto same = parse(R"({"eos_token_id": [5, 2, 5, 5, 2]})");
  ASSERT_TRUE(same);
  EXPECT_EQ(same->end_tokens, (Tokens{2, 5}));
}

TEST(GenerationConfig, LeavesTextsTheRoomThatTheModelHas) {
  GenerationOptions options;
  EXPECT_EQ(options.tokens_after(10, std::nullopt), GenerationOptions::kTokensDefault);
  EXPECT_EQ(options.tokens_after(10, 100), 90u);
  options.tokens_max = 200;
  EXPECT_EQ(options.tokens_after(10, 100), 90u);
  EXPECT_EQ(options.tokens_after(10, 1000), 200u);
  const auto none = options.tokens_after(100, 100);
  ASSERT_FALSE(none);
  EXPECT_NE(none.error().message().find("has room for 100"), std::string::npos);
}

TEST(GenerationConfig, NamesTheFileThatIsWrong) {
  const auto wrong = parse(R"({"do_sample": true, "top_p": 3})");
  ASSERT_FALSE(wrong);
  EXPECT_TRUE(wrong.error().message().starts_with("generation_config.json: top_p"))
      << wrong.error().message();
  const auto old = parse("null", R"({"top_p": 3})");
  ASSERT_FALSE(old);
  EXPECT_TRUE(old.error().message().starts_with("config.json: top_p")) << old.error().message();
}

TEST(GenerationConfig, SaysWhatIsWrongAndWhatIsNotBuilt) {
  for (const char* wrong : {R"({"eos_token_id": "</s>"})",
                            R"({"eos_token_id": [-1]})",
                            R"({"do_sample": 3})",
                            R"({"do_sample": true, "top_p": -1})",
                            R"({"max_new_tokens": 0})",
                            R"({"eos_token_id": [[1]]})",
                            R"({"max_length": -4})",
                            R"({"bad_words_ids": [3]})",
                            R"({"bad_words_ids": [[]]})",
                            R"({"sequence_bias": {"[1]": 2.0}})",
                            R"({"sequence_bias": [[[1]]]})",
                            R"({"sequence_bias": [[[], 1.0]]})",
                            R"({"stop_strings": [1]})",
                            R"({"num_beams": 100})",
                            R"({"num_return_sequences": 2})",
                            R"({"forced_bos_token_id": [1, 2]})",
                            R"({"num_beams": 2, "num_return_sequences": 3})",
                            R"({"exponential_decay_length_penalty": [1]})",
                            R"({"exponential_decay_length_penalty": [1, 1.1]})",
                            R"({"length_penalty": 1e9})",
                            R"({"early_stopping": "sometimes"})",
                            R"({"encoder_repetition_penalty": 0})"}) {
    const auto options = parse(wrong);
    ASSERT_FALSE(options) << wrong;
    EXPECT_EQ(options.error().code(), Code::InvalidArgument) << wrong;
  }
  for (const char* missing :
       {R"({"num_beams": 4, "do_sample": true})", R"({"num_beams": 4, "num_beam_groups": 2})",
        R"({"penalty_alpha": 0.6, "top_k": 4})", R"({"guidance_scale": 1.5})",
        R"({"watermarking_config": {}})", R"({"token_healing": true})", R"({"max_time": 1.0})",
        R"({"force_words_ids": [[1]]})", R"({"constraints": []})", R"({"dola_layers": "low"})",
        R"({"num_beams": 4, "diversity_penalty": 0.5})",
        R"({"num_beams": 4, "encoder_repetition_penalty": 1.5})"}) {
    const auto options = parse(missing);
    ASSERT_FALSE(options) << missing;
    EXPECT_EQ(options.error().code(), Code::NotBuilt) << missing;
  }
  EXPECT_TRUE(parse(R"({"guidance_scale": 1, "num_beam_groups": 1, "diversity_penalty": 0.0})"));
}

TEST(GenerationConfig, NamesTokensThatTheModelHas) {
  SmallModel small("llama");
  const auto code = [&](const GenerationOptions& options) {
    const auto result = generate(small.engine(), Tokens{1, 2}, options);
    return result ? std::optional<Code>() : result.error().code();
  };
  EXPECT_EQ(code({.tokens_max = 1, .suppressed = {5000}}), std::nullopt);
  EXPECT_EQ(code({.bad_words = {{5000}}}), Code::InvalidArgument);
  EXPECT_EQ(code({.biases = {{{5000}, 1}}}), Code::InvalidArgument);
  EXPECT_EQ(code({.forced_first = 5000}), Code::InvalidArgument);
  EXPECT_EQ(code({.forced_last = {5000}}), Code::InvalidArgument);
  EXPECT_EQ(code({.length_max = 2}), Code::InvalidArgument);
}

}  // namespace
}  // namespace embrace::transformers
