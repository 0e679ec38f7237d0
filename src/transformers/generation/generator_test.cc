#include "transformers/generation/generator.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "transformers/generation/generation_fixture.h"

namespace embrace::transformers {
namespace {

const Tokens kPrompt{5, 9, 77, 120, 3};

Generation run(SmallModel& small, const GenerationOptions& options,
               const Tokenizer* tokenizer = nullptr, LogitMask* mask = nullptr,
               const std::function<bool(const Step&)>& on_step = {}) {
  auto result = generate(small.engine(), kPrompt, options, tokenizer, mask, on_step);
  EXPECT_TRUE(result) << result.error().message();
  return *std::move(result);
}

Tokenizer bytes_tokenizer() {
  auto tokenizer = Tokenizer::parse(read_testdata("gpt2.json"));
  EXPECT_TRUE(tokenizer);
  return *std::move(tokenizer);
}

TEST(Generator, GivesTheOfficialGreedyText) {
  for (const char* name : {"qwen2", "phi3_longrope", "llama_rope_dynamic"}) {
    SCOPED_TRACE(name);
    const ModelFixture fixture(name);
    SmallModel small(name);
    const auto result = generate(
        small.engine(), ModelFixture::integers(fixture.cases()["input_ids"]), {.tokens_max = 64});
    ASSERT_TRUE(result);
    EXPECT_EQ(result->tokens, ModelFixture::integers(fixture.cases()["greedy"]));
    EXPECT_EQ(result->finish, FinishReason::Length);
  }
}

TEST(Generator, GivesTheSameTextFromPagesOfAnEarlierOne) {
  SmallModel small("mistral");
  Tokens prompt(100);
  for (std::size_t i = 0; i < prompt.size(); ++i) prompt[i] = static_cast<std::int32_t>(i % 190);
  const GenerationOptions options{.tokens_max = 30};
  const auto first = generate(small.engine(), prompt, options);
  const auto second = generate(small.engine(), prompt, options);
  ASSERT_TRUE(first && second);
  EXPECT_EQ(first->prompt_tokens_shared, 0u);
  EXPECT_EQ(second->prompt_tokens_shared, 96u);
  EXPECT_EQ(first->tokens, second->tokens);
  EXPECT_EQ(small.pool->pages_used(), 0u);
}

TEST(Generator, SharesNoPagesWhereAnglesDependOnTheLength) {
  // Pages of 32 tokens are as long as this model's original length: a longer text has other ones.
  SmallModel small("llama_rope_dynamic");
  const Tokens prompt(33, 4);
  ASSERT_TRUE(generate(small.engine(), prompt, {.tokens_max = 40}));
  const auto second = generate(small.engine(), prompt, {.tokens_max = 1});
  ASSERT_TRUE(second);
  EXPECT_EQ(second->prompt_tokens_shared, 0u);
  EXPECT_EQ(small.pool->pages_idle(), 0u);
}

TEST(Generator, ReadsLongPromptsInPieces) {
  SmallModel small("llama_rope_linear");
  Tokens prompt(kPromptPieceTokens + 37);
  for (std::size_t i = 0; i < prompt.size(); ++i)
    prompt[i] = static_cast<std::int32_t>(i * i % 197);
  KvSequence pieces(*small.pool);
  ASSERT_TRUE(read_text(small.engine(), prompt, pieces));
  const auto row = small.work.logits.row(0);
  const std::vector<float> got(row.begin(), row.end());
  KvSequence whole(*small.pool);
  const CausalLm::Stretch stretch{.tokens = prompt, .sequence = &whole};
  ASSERT_TRUE(small.model->forward(small.team, {&stretch, 1}, small.work));
  for (std::size_t i = 0; i < got.size(); ++i)
    ASSERT_NEAR(got[i], small.work.logits.row(0)[i], 1e-4);
}

TEST(Generator, EndsAtAnEndToken) {
  SmallModel small("llama");
  const Tokens text = run(small, {.tokens_max = 20}).tokens;
  const auto third =
      static_cast<std::ptrdiff_t>(std::find(text.begin(), text.end(), text[2]) - text.begin());
  const Generation ended = run(small, {.tokens_max = 20, .end_tokens = {1000, text[2]}});
  EXPECT_EQ(ended.tokens, Tokens(text.begin(), text.begin() + third + 1));
  EXPECT_EQ(ended.finish, FinishReason::EndToken);
  const Generation later =
      run(small, {.tokens_max = 20, .tokens_min = 10, .end_tokens = {text[2]}});
  EXPECT_GE(later.tokens.size(), 11u);
  EXPECT_EQ(std::count(later.tokens.begin(), later.tokens.begin() + 10, text[2]), 0);
}

TEST(Generator, GivesTextAsItComesAndEndsItBeforeAStop) {
  SmallModel small("llama");
  const Tokenizer tokenizer = bytes_tokenizer();
  GenerationOptions options{.tokens_max = 24};
  std::string shown;
  const auto show = [&](const Step& step) {
    shown += step.text;
    return true;
  };
  const Generation all = run(small, options, &tokenizer, nullptr, show);
  EXPECT_EQ(shown, all.text);
  std::vector<std::uint32_t> ids(all.tokens.begin(), all.tokens.end());
  EXPECT_EQ(all.text, *tokenizer.decode(ids));
  ASSERT_GT(all.text.size(), 8u);

  const std::string stop = all.text.substr(all.text.size() / 2, 3);
  options.stop_strings = {"never in it, surely", stop};
  shown.clear();
  const Generation cut = run(small, options, &tokenizer, nullptr, show);
  EXPECT_EQ(cut.finish, FinishReason::StopString);
  EXPECT_EQ(cut.text, all.text.substr(0, all.text.find(stop)));
  EXPECT_EQ(shown, cut.text);
  EXPECT_LT(cut.tokens.size(), all.tokens.size());
}

TEST(Generator, StopsWhenItsReaderHasEnough) {
  SmallModel small("llama");
  int seen = 0;
  const Generation result =
      run(small, {.tokens_max = 20}, nullptr, nullptr, [&](const Step&) { return ++seen < 3; });
  EXPECT_EQ(result.tokens.size(), 3u);
  EXPECT_EQ(result.finish, FinishReason::Cancelled);
}

TEST(Generator, GivesTheModelsOwnProbabilities) {
  SmallModel small("llama");
  int seen = 0;
  run(small, {.sampling = {.repetition_penalty = 1.5}, .tokens_max = 4, .logprobs = 5}, nullptr,
      nullptr, [&](const Step& step) {
        EXPECT_EQ(step.logprobs.size(), 6u);
        EXPECT_EQ(step.logprobs[0].token, step.token);
        EXPECT_GE(step.logprobs[1].logprob, step.logprobs[2].logprob);
        EXPECT_LE(step.logprobs[0].logprob, step.logprobs[1].logprob);
        ++seen;
        return true;
      });
  EXPECT_EQ(seen, 4);
}

// Even tokens alone, and never one twice.
class EvenOnce final : public LogitMask {
 public:
  Status apply(std::span<float> logits) override {
    if (seen.size() >= fails_at) return fail(Code::TooLarge, "no more");
    for (std::size_t i = 0; i < logits.size(); ++i) {
      if (i % 2 == 1 || std::ranges::find(seen, static_cast<std::int32_t>(i)) != seen.end())
        logits[i] = -std::numeric_limits<float>::infinity();
    }
    return Done{};
  }
  Status accept(std::int32_t token) override {
    seen.push_back(token);
    return Done{};
  }
  bool finished() const override { return seen.size() >= ends_at; }
  Tokens seen;
  std::size_t ends_at = 1000;
  std::size_t fails_at = 1000;
};

TEST(Generator, ChoosesWhatTheMaskLeaves) {
  SmallModel small("llama");
  for (const double temperature : {0.0, 1.0}) {
    EvenOnce mask;
    const Generation result =
        run(small, {.sampling = {.temperature = temperature}, .tokens_max = 20}, nullptr, &mask);
    EXPECT_EQ(result.tokens, mask.seen);
    Tokens sorted = result.tokens;
    std::ranges::sort(sorted);
    EXPECT_EQ(std::ranges::adjacent_find(sorted), sorted.end());
    for (const std::int32_t token : sorted) EXPECT_EQ(token % 2, 0);
  }
}

TEST(Generator, EndsWithItsMaskAndSaysWhyItsMaskFails) {
  SmallModel small("llama");
  EvenOnce mask;
  mask.ends_at = 3;
  const Generation result = run(small, {.tokens_max = 20, .tokens_min = 10}, nullptr, &mask);
  EXPECT_EQ(result.tokens.size(), 3u);
  EXPECT_EQ(result.finish, FinishReason::Complete);
  mask = {};
  mask.fails_at = 2;
  const Tokens prompt{1, 2};
  const auto failed = generate(small.engine(), prompt, {.tokens_max = 20}, nullptr, &mask);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().message(), "no more");
  // Every token once, and no token that ever came before: in the end none is left.
  mask = {};
  const auto none =
      generate(small.engine(), prompt, {.sampling = {.no_repeat_ngram = 1}, .tokens_max = 100},
               nullptr, &mask);
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code(), Code::InvalidArgument);
}

TEST(Generator, RefusesWhatMakesNoSense) {
  SmallModel small("gpt2");
  const auto code = [&](const Tokens& prompt, const GenerationOptions& options) {
    const auto result = generate(small.engine(), prompt, options);
    return result ? Code::Internal : result.error().code();
  };
  EXPECT_EQ(code({}, {}), Code::InvalidArgument);
  EXPECT_EQ(code({1}, {.tokens_max = 0}), Code::InvalidArgument);
  EXPECT_EQ(code({1}, {.stop_strings = {"a"}}), Code::InvalidArgument);
  EXPECT_EQ(code({1}, {.sampling = {.top_p = 7}}), Code::InvalidArgument);
  EXPECT_EQ(code({500}, {}), Code::InvalidArgument);
  EXPECT_EQ(code(Tokens(small.engine().model.shape().positions, 1), {}), Code::InvalidArgument);
}

TEST(Generator, EndsWhereTheModelHasNoRoom) {
  SmallModel small("gpt2");
  const std::size_t room = small.engine().model.shape().positions;
  const auto result = generate(small.engine(), Tokens{1, 2}, {.tokens_max = room + 72});
  ASSERT_TRUE(result) << result.error().message();
  EXPECT_EQ(result->tokens.size(), room - 2);
  EXPECT_EQ(result->finish, FinishReason::Length);
}

TEST(StopFinder, FindsStopsWhereverPiecesAreCut) {
  const std::string text = "one two ###three";
  for (std::size_t size = 1; size <= text.size(); ++size) {
    StopFinder finder({"", "##", "two ##x"});
    std::string shown;
    for (std::size_t at = 0; at < text.size(); at += size)
      shown += finder.push(text.substr(at, size));
    shown += finder.finish();
    EXPECT_TRUE(finder.found());
    EXPECT_EQ(shown, "one two ");
  }
}

TEST(StopFinder, FindsWhatIsNotShown) {
  StopFinder finder({"b<|end|>"});
  EXPECT_EQ(finder.push("a"), "a");
  EXPECT_EQ(finder.push("<|begin|>", ""), "");
  EXPECT_EQ(finder.push("ab"), "a");
  EXPECT_EQ(finder.push("<|e", ""), "");
  EXPECT_EQ(finder.push("cd"), "bcd");
  EXPECT_EQ(finder.push("eb"), "e");
  EXPECT_EQ(finder.push("<|end|>", ""), "");
  EXPECT_TRUE(finder.found());
  EXPECT_EQ(finder.finish(), "");
}

TEST(Generator, StopsAtTheTextOfASpecialToken) {
  const Tokenizer tokenizer = bytes_tokenizer();
  const auto special = tokenizer.id_of("<|endoftext|>");
  ASSERT_TRUE(special);
  const auto encoded = tokenizer.encode("one two", {.add_special_tokens = false});
  ASSERT_TRUE(encoded);
  for (const char* stop : {"<|endoftext|>", "two<|end", "|endoftext|>"}) {
    Decoding decoding({.stop_strings = {stop}}, Tokens{1}, &tokenizer, nullptr);
    std::string shown;
    for (const std::uint32_t id : encoded->ids)
      shown += decoding.accept(static_cast<std::int32_t>(id))->text;
    EXPECT_EQ(decoding.finish(), FinishReason::None);
    const auto last = decoding.accept(static_cast<std::int32_t>(*special));
    ASSERT_TRUE(last);
    EXPECT_EQ(last->finish, FinishReason::StopString);
    EXPECT_EQ(shown + last->text, std::string_view(stop).starts_with("two") ? "one " : "one two");
  }
  Decoding other({.tokens_max = 8, .stop_strings = {"three"}}, Tokens{1}, &tokenizer, nullptr);
  const auto step = other.accept(static_cast<std::int32_t>(*special));
  ASSERT_TRUE(step);
  EXPECT_EQ(step->finish, FinishReason::None);
  EXPECT_EQ(step->text, "");
}

TEST(StopFinder, ShowsWhatWasHeldBackForNothing) {
  StopFinder finder({"stop!"});
  EXPECT_EQ(finder.push("a sto"), "a ");
  EXPECT_EQ(finder.push("ry st"), "story ");
  EXPECT_EQ(finder.finish(), "st");
  EXPECT_FALSE(finder.found());
}

}  // namespace
}  // namespace embrace::transformers
