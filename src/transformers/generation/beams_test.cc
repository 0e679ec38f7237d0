#include "transformers/generation/beams.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "transformers/generation/generation_fixture.h"

namespace embrace::transformers {
namespace {

GenerationOptions read_options(json::View view) {
  const auto size = [&](std::string_view key, std::int64_t otherwise) {
    return static_cast<std::size_t>(view[key].integer().value_or(otherwise));
  };
  GenerationOptions options;
  options.beams.count = size("beams", 1);
  options.returned = size("returned", 1);
  options.tokens_max = size("tokens_max", 1);
  options.sampling.no_repeat_ngram = size("no_repeat_ngram", 0);
  options.beams.length_penalty = view["length_penalty"].number().value_or(1);
  options.sampling.repetition_penalty = view["repetition_penalty"].number().value_or(1);
  options.end_tokens = ModelFixture::integers(view["end_tokens"]);
  const json::View early = view["early_stopping"];
  if (early.boolean().value_or(false)) options.beams.early_stopping = EarlyStopping::Yes;
  if (early.text()) options.beams.early_stopping = EarlyStopping::Never;
  return options;
}

Result<std::vector<Beam>> search(SmallModel& small, const Tokens& prompt,
                                 const GenerationOptions& options) {
  DecoderSource source(small.engine());
  return search_beams(source, prompt, options, {});
}

TEST(Beams, FindTheOfficialTextsAndScores) {
  const auto document = json::Document::parse(read_testdata("generation/official.json"));
  ASSERT_TRUE(document);
  for (const json::View item : document->root()["beams"].items()) {
    const std::string name(*item["model"].text());
    SCOPED_TRACE(name + " " + item["options"].render());
    SmallModel small(name);
    const auto beams =
        search(small, ModelFixture::integers(item["prompt"]), read_options(item["options"]));
    ASSERT_TRUE(beams) << beams.error().message();
    const auto wanted = item["beams"].items();
    ASSERT_EQ(beams->size(), wanted.size());
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      EXPECT_EQ((*beams)[i].tokens, ModelFixture::integers(wanted[i]["tokens"])) << i;
      const double score = *wanted[i]["score"].number();
      EXPECT_NEAR((*beams)[i].score, score, 1e-5 * (1 + std::abs(score))) << i;
    }
    EXPECT_EQ(small.pool->pages_used(), 0u);
  }
}

TEST(Beams, OfOneAreTheGreedyText) {
  SmallModel small("qwen3");
  const Tokens prompt{4, 8, 15};
  const auto beams = search(small, prompt, {.tokens_max = 20});
  const auto greedy = generate(small.engine(), prompt, {.tokens_max = 20});
  ASSERT_TRUE(beams && greedy);
  EXPECT_EQ(beams->front().tokens, greedy->tokens);
}

TEST(Beams, GiveTheirTextsStepsAndLogprobs) {
  SmallModel small("llama");
  const Tokens prompt{4, 8, 15};
  const GenerationOptions options{
      .tokens_max = 12, .logprobs = 2, .beams = {.count = 4}, .returned = 3};
  DecoderSource source(small.engine());
  const auto texts = generate_texts(source, prompt, options, {});
  ASSERT_TRUE(texts) << texts.error().message();
  ASSERT_EQ(texts->size(), 3u);
  EXPECT_GE((*texts)[0].score, (*texts)[1].score);
  double sum = 0;
  Tokens stepped;
  const auto best = generate(source, prompt, options, {}, [&](const Step& step) {
    EXPECT_EQ(step.logprobs.size(), 3u);
    stepped.push_back(step.token);
    sum += static_cast<double>(step.logprobs[0].logprob);
    return true;
  });
  ASSERT_TRUE(best) << best.error().message();
  EXPECT_EQ(best->tokens, (*texts)[0].tokens);
  EXPECT_EQ(stepped, best->tokens);
  EXPECT_NEAR(sum / static_cast<double>(stepped.size()), best->score, 1e-4);
  EXPECT_EQ(best->finish, FinishReason::Length);
  EXPECT_EQ(small.pool->pages_used(), 0u);
}

TEST(Beams, EndAtStopStrings) {
  SmallModel small("llama");
  const auto tokenizer = Tokenizer::parse(read_testdata("gpt2.json"));
  ASSERT_TRUE(tokenizer);
  const Tokens prompt{4, 8, 15};
  DecoderSource source(small.engine());
  GenerationOptions options{.tokens_max = 16, .beams = {.count = 3}};
  const auto all = generate(source, prompt, options, {.tokenizer = &*tokenizer});
  ASSERT_TRUE(all);
  ASSERT_GT(all->text.size(), 6u);
  // Whole letters out of the middle: the random text has others, too.
  const auto at = std::ranges::find_if(all->text.begin() + 3, all->text.end(),
                                       [](char c) { return c >= 'A' && c <= 'z'; });
  ASSERT_NE(at, all->text.end());
  options.stop_strings = {std::string(1, *at)};
  options.returned = 3;
  const auto texts = generate_texts(source, prompt, options, {.tokenizer = &*tokenizer});
  ASSERT_TRUE(texts) << texts.error().message();
  std::size_t stopped = 0;
  for (const Generation& text : *texts) {
    EXPECT_EQ(text.text.find(options.stop_strings[0]), std::string::npos);
    if (text.finish == FinishReason::StopString) ++stopped;
    EXPECT_TRUE(text.finish == FinishReason::StopString || text.tokens.size() == 16u);
  }
  EXPECT_GT(stopped, 0u);
}

TEST(Beams, RefuseWhatMakesNoSense) {
  SmallModel small("llama");
  const auto refuses = [&](const Tokens& prompt, const GenerationOptions& options) {
    const auto result = search(small, prompt, options);
    return !result && result.error().code() == Code::InvalidArgument;
  };
  EXPECT_TRUE(refuses({}, {}));
  EXPECT_TRUE(refuses({1}, {.beams = {.count = 0}}));
  EXPECT_TRUE(refuses({1}, {.beams = {.count = 65}}));
  EXPECT_TRUE(refuses({1}, {.beams = {.count = 2}, .returned = 3}));
  EXPECT_TRUE(refuses({1}, {.tokens_max = 0}));
  EXPECT_TRUE(refuses({1}, {.beams = {.count = 2, .length_penalty = 1e9}}));
  EXPECT_TRUE(refuses({1}, {.sampling = {.repetition_penalty = 0}}));
  EXPECT_TRUE(refuses({1}, {.stop_strings = {"a"}}));
  class : public LogitMask {
    Status apply(std::span<float>) override { return Done{}; }
    Status accept(std::int32_t) override { return Done{}; }
    bool finished() const override { return false; }
  } mask;
  DecoderSource source(small.engine());
  EXPECT_EQ(generate(source, Tokens{1}, {.beams = {.count = 2}}, {.mask = &mask}).error().code(),
            Code::NotBuilt);
}

}  // namespace
}  // namespace embrace::transformers
