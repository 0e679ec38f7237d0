#include "transformers/pipelines/answers.h"

#include <gtest/gtest.h>

#include <string>

namespace embrace::transformers {
namespace {

// A context of words, read in windows of `width` words that share none; all starts and ends are
// equally likely.
struct Words {
  Words(std::size_t count, std::size_t width, std::size_t apart) : logits(count, 2) {
    for (std::size_t i = 0; i < count; ++i) {
      if (i % width == 0) windows.emplace_back();
      const std::string word = (i < apart ? "Word" : "word") + std::to_string(i % apart);
      const auto begin = static_cast<std::uint32_t>(context.size());
      context += word + " ";
      Encoding& window = windows.back();
      window.ids.push_back(5);
      window.type_ids.push_back(1);
      window.word_ids.push_back(static_cast<std::uint32_t>(i % width));
      window.sequence_ids.push_back(1);
      window.special_mask.push_back(0);
      window.offsets.push_back({begin, static_cast<std::uint32_t>(context.size() - 1)});
    }
  }
  std::string context;
  std::vector<Encoding> windows;
  Matrix logits;
};

TEST(Answers, ThatReadTheSameInOtherWindowsAreOne) {
  const Words words(8, 4, 4);
  const auto answers = AnswerFinder{}.find(words.context, words.windows, words.logits,
                                           {.count = 20, .answer_tokens_max = 1});
  // Places 1 to 3 of either window; the first of a window is where "no answer" stands.
  ASSERT_EQ(answers.size(), 3u);
  for (const Answer& answer : answers) {
    EXPECT_NEAR(answer.score, 2.0 / 16, 1e-9);
    EXPECT_EQ(answer.answer, words.context.substr(answer.start, answer.end - answer.start));
    EXPECT_TRUE(answer.answer.starts_with("Word")) << answer.answer;  // as it is read first
  }
}

// Hundreds of windows with a thousand answers each: what is known is not searched one by one.
TEST(Answers, OfManyWindowsAreAllKept) {
  const Words words(300 * 96, 96, 300 * 96);
  const auto answers = AnswerFinder{}.find(words.context, words.windows, words.logits,
                                           {.count = 1000, .answer_tokens_max = 12});
  ASSERT_EQ(answers.size(), 1000u);
  for (const Answer& answer : answers) ASSERT_FALSE(answer.answer.empty());
}

}  // namespace
}  // namespace embrace::transformers
