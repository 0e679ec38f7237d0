#include "transformers/generation/sampler.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <map>

#include "transformers/generation/generation_fixture.h"

namespace embrace::transformers {
namespace {

GenerationOptions read_options(json::View view) {
  const auto number = [&](std::string_view key, double otherwise) {
    return view[key].number().value_or(otherwise);
  };
  GenerationOptions all;
  SamplingOptions& options = all.sampling;
  options.temperature = number("temperature", 1);
  options.top_k = static_cast<std::size_t>(number("top_k", 0));
  options.top_p = number("top_p", 1);
  options.min_p = number("min_p", 0);
  options.typical_p = number("typical_p", 1);
  options.top_h = number("top_h", 0);
  options.epsilon_cutoff = number("epsilon_cutoff", 0);
  options.eta_cutoff = number("eta_cutoff", 0);
  options.repetition_penalty = number("repetition_penalty", 1);
  options.no_repeat_ngram = static_cast<std::size_t>(number("no_repeat_ngram", 0));
  return all;
}

TEST(Sampler, LeavesWhatTheOfficialPackageLeaves) {
  const auto document = json::Document::parse(read_testdata("generation/official.json"));
  ASSERT_TRUE(document);
  const json::View all = document->root()["sampling"];
  const Tokens text = ModelFixture::integers(all["text"]);
  for (const json::View item : all["cases"].items()) {
    SCOPED_TRACE(item["options"].render());
    std::vector<float> logits = ModelFixture::floats(all["logits"]);
    const GenerationOptions options = read_options(item["options"]);
    LogitRules(options, text, 10, 1000).apply(text, logits);
    Sampler sampler(options.sampling);
    std::map<std::int32_t, float> got;
    for (const Candidate& c : sampler.distribution(logits)) got[c.token] = c.probability;
    const auto wanted = item["left"].items();
    ASSERT_EQ(got.size(), wanted.size());
    for (const json::View pair : wanted) {
      const auto token = static_cast<std::int32_t>(*pair.items()[0].integer());
      ASSERT_TRUE(got.contains(token)) << token;
      EXPECT_NEAR(got[token], *pair.items()[1].number(), 1e-6) << token;
    }
  }
}

TEST(Sampler, DrawsAsOftenAsProbabilitiesSay) {
  Sampler sampler({.temperature = 1, .seed = 7});
  const std::vector<float> logits{0, std::log(2.0f), -std::numeric_limits<float>::infinity(),
                                  std::log(5.0f)};
  int counts[4] = {};
  constexpr int kDraws = 40000;
  for (int i = 0; i < kDraws; ++i) ++counts[sampler.draw(sampler.distribution(logits))];
  // Five standard deviations, at most 0.0125.
  EXPECT_NEAR(counts[0] / double{kDraws}, 1.0 / 8, 0.0125);
  EXPECT_NEAR(counts[1] / double{kDraws}, 2.0 / 8, 0.0125);
  EXPECT_EQ(counts[2], 0);
  EXPECT_NEAR(counts[3] / double{kDraws}, 5.0 / 8, 0.0125);
}

TEST(Sampler, TakesTheFirstOfTheLikeliestAtNoTemperature) {
  Sampler sampler({});
  EXPECT_EQ(sampler.draw(sampler.distribution(std::vector<float>{1, 3, 3, 2})), 1);
}

TEST(Sampler, CountsWhatTheTextHasButNotThePrompt) {
  const GenerationOptions options{.sampling = {.presence_penalty = 0.5, .frequency_penalty = 0.25}};
  std::vector<float> logits{1, 1, 1, 1};
  const Tokens text{0, 0, 1, 2, 1};
  LogitRules(options, text, 2, 100).apply(text, logits);
  EXPECT_EQ(logits, (std::vector<float>{1, 0, 0.25, 1}));
}

TEST(Sampler, DrawsTheSameFromTheSameSeed) {
  const std::vector<float> logits(100, 0.0f);
  const auto draw = [&](std::uint64_t seed) {
    Sampler sampler({.temperature = 1, .seed = seed});
    Tokens drawn;
    for (int i = 0; i < 20; ++i) drawn.push_back(sampler.draw(sampler.distribution(logits)));
    return drawn;
  };
  EXPECT_EQ(draw(1), draw(1));
  EXPECT_NE(draw(1), draw(2));
  // The first numbers of xoshiro256++ seeded by splitmix64 from 0, as their authors' code has them.
  Random random(0);
  EXPECT_EQ(random.next(), 5987356902031041503u);
}

TEST(Sampler, NamesTheLikeliest) {
  std::vector<TokenLogprob> got;
  const std::vector<float> logits{0, std::log(2.0f), std::log(1.0f), std::log(4.0f)};
  read_logprobs(logits, 0, 3, got);
  ASSERT_EQ(got.size(), 4u);
  EXPECT_EQ(got[0].token, 0);
  EXPECT_NEAR(got[0].logprob, std::log(1.0 / 8), 1e-6);
  EXPECT_EQ(got[1].token, 3);
  EXPECT_EQ(got[2].token, 1);
  EXPECT_EQ(got[3].token, 0);
  EXPECT_NEAR(got[2].logprob, std::log(2.0 / 8), 1e-6);
  read_logprobs(logits, 2, 0, got);
  EXPECT_EQ(got.size(), 1u);
}

TEST(Sampler, RefusesNumbersOutOfBounds) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_FALSE((SamplingOptions{.temperature = -1}.check()));
  EXPECT_FALSE((SamplingOptions{.temperature = nan}.check()));
  EXPECT_FALSE((SamplingOptions{.top_p = 1.5}.check()));
  EXPECT_FALSE((SamplingOptions{.min_p = -0.1}.check()));
  EXPECT_FALSE((SamplingOptions{.repetition_penalty = 0}.check()));
  EXPECT_TRUE(SamplingOptions{}.check());
}

}  // namespace
}  // namespace embrace::transformers
