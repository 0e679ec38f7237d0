#include "transformers/generation/beams.h"

#include <gtest/gtest.h>

#include "transformers/generation/generation_fixture.h"

namespace embrace::transformers {
namespace {

BeamOptions read_options(json::View view) {
  const auto size = [&](std::string_view key, std::int64_t otherwise) {
    return static_cast<std::size_t>(view[key].integer().value_or(otherwise));
  };
  BeamOptions options;
  options.beams = size("beams", 1);
  options.returned = size("returned", 1);
  options.tokens_max = size("tokens_max", 1);
  options.no_repeat_ngram = size("no_repeat_ngram", 0);
  options.length_penalty = view["length_penalty"].number().value_or(1);
  options.repetition_penalty = view["repetition_penalty"].number().value_or(1);
  options.end_tokens = ModelFixture::integers(view["end_tokens"]);
  const json::View early = view["early_stopping"];
  if (early.boolean().value_or(false)) options.early_stopping = EarlyStopping::Yes;
  if (early.text()) options.early_stopping = EarlyStopping::Never;
  return options;
}

TEST(Beams, FindTheOfficialTextsAndScores) {
  const auto document = json::Document::parse(read_testdata("generation/official.json"));
  ASSERT_TRUE(document);
  for (const json::View item : document->root()["beams"].items()) {
    const std::string name(*item["model"].text());
    SCOPED_TRACE(name + " " + item["options"].render());
    SmallModel small(name);
    const auto beams = search_beams(small.engine(), ModelFixture::integers(item["prompt"]),
                                    read_options(item["options"]));
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
  const auto beams = search_beams(small.engine(), prompt, {.beams = 1, .tokens_max = 20});
  const auto greedy = generate(small.engine(), prompt, {.tokens_max = 20});
  ASSERT_TRUE(beams && greedy);
  EXPECT_EQ(beams->front().tokens, greedy->tokens);
}

TEST(Beams, RefuseWhatMakesNoSense) {
  SmallModel small("llama");
  const auto refuses = [&](const Tokens& prompt, const BeamOptions& options) {
    const auto result = search_beams(small.engine(), prompt, options);
    return !result && result.error().code() == Code::InvalidArgument;
  };
  EXPECT_TRUE(refuses({}, {}));
  EXPECT_TRUE(refuses({1}, {.beams = 0}));
  EXPECT_TRUE(refuses({1}, {.beams = 65}));
  EXPECT_TRUE(refuses({1}, {.beams = 2, .returned = 3}));
  EXPECT_TRUE(refuses({1}, {.tokens_max = 0}));
  EXPECT_TRUE(refuses({1}, {.length_penalty = 1e9}));
  EXPECT_TRUE(refuses({1}, {.repetition_penalty = 0}));
}

}  // namespace
}  // namespace embrace::transformers
