#include "transformers/generation/speculative.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "transformers/generation/generation_fixture.h"

namespace embrace::transformers {
namespace {

const Tokens kPrompt{5, 9, 77, 120, 3};

TEST(Speculative, GivesTheGreedyTextWhateverIsProposed) {
  for (const char* draft_name : {"llama", "qwen2", "gpt2"}) {
    SmallModel large("llama"), draft(draft_name);
    const GenerationOptions options{.sampling = {.repetition_penalty = 1.2}, .tokens_max = 50};
    const auto plain = generate(large.engine(), kPrompt, options);
    ASSERT_TRUE(plain);
    for (const std::size_t ahead : {1, 4, 9}) {
      const auto result =
          generate_speculatively(large.engine(), draft.engine(), ahead, kPrompt, options);
      ASSERT_TRUE(result) << result.error().message();
      EXPECT_EQ(result->generation.tokens, plain->tokens) << draft_name << " " << ahead;
      EXPECT_LE(result->accepted, result->proposed);
      // A model agrees with itself.
      if (std::string(draft_name) == "llama") EXPECT_EQ(result->accepted, result->proposed);
    }
    EXPECT_EQ(large.pool->pages_used(), 0u);
  }
}

TEST(Speculative, GivesTheGreedyTextAcrossLongrope) {
  SmallModel large("phi3_longrope"), draft("llama");
  const GenerationOptions options{.tokens_max = 60};
  const auto plain = generate(large.engine(), kPrompt, options);
  const auto result = generate_speculatively(large.engine(), draft.engine(), 4, kPrompt, options);
  ASSERT_TRUE(plain && result);
  EXPECT_EQ(result->generation.tokens, plain->tokens);
}

TEST(Speculative, DrawsFromTheLargeModelsDistribution) {
  SmallModel large("llama"), draft("qwen2");
  // The third token is drawn after proposals were judged. Few are left, so that few texts suffice.
  GenerationOptions options{.sampling = {.temperature = 1.0, .top_k = 2}, .tokens_max = 3};
  std::map<Tokens, double> got, wanted;
  constexpr int kTexts = 500;
  for (int i = 0; i < kTexts; ++i) {
    options.sampling.seed = static_cast<std::uint64_t>(i) + 1;
    const auto result = generate_speculatively(large.engine(), draft.engine(), 2, kPrompt, options);
    ASSERT_TRUE(result);
    got[result->generation.tokens] += 1.0 / kTexts;
  }
  // What the large model gives to each text of three tokens.
  const std::function<void(Tokens, double)> walk = [&](Tokens text, double probability) {
    if (text.size() == kPrompt.size() + 3) {
      wanted[Tokens(text.begin() + static_cast<std::ptrdiff_t>(kPrompt.size()), text.end())] =
          probability;
      return;
    }
    KvSequence sequence(*large.pool);
    ASSERT_TRUE(read_text(large.engine(), text, sequence));
    Sampler sampler(options.sampling);
    const auto left = sampler.distribution(large.work.logits.row(0));
    for (const Candidate& c : std::vector<Candidate>(left.begin(), left.end())) {
      Tokens longer = text;
      longer.push_back(c.token);
      walk(std::move(longer), probability * c.probability);
    }
  };
  walk(kPrompt, 1);
  for (const auto& [text, probability] : got) EXPECT_TRUE(wanted.contains(text));
  for (const auto& [text, probability] : wanted) {
    const double deviation = std::sqrt(probability * (1 - probability) / kTexts);
    EXPECT_NEAR(got[text], probability, 5 * deviation + 1e-9);
  }
}

TEST(Speculative, RefusesWhatItCannotDo) {
  SmallModel large("llama");
  const auto code = [&](const Tokens& prompt, std::size_t ahead, const GenerationOptions& options) {
    const auto result =
        generate_speculatively(large.engine(), large.engine(), ahead, prompt, options);
    return result ? Code::Internal : result.error().code();
  };
  EXPECT_EQ(code({}, 4, {}), Code::InvalidArgument);
  EXPECT_EQ(code({1}, 0, {}), Code::InvalidArgument);
  EXPECT_EQ(code({1}, 65, {}), Code::InvalidArgument);
  EXPECT_EQ(code({1}, 4, {.logprobs = 2}), Code::NotBuilt);
}

}  // namespace
}  // namespace embrace::transformers
