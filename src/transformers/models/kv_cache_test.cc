#include "transformers/models/kv_cache.h"

#include <gtest/gtest.h>

#include <numeric>

namespace embrace::transformers {
namespace {

using Tokens = std::vector<std::int32_t>;
constexpr std::size_t kPage = KvPool::kPageTokens;
constexpr KvShape kShape{1, 1, 4, KvStorage::F32};
constexpr std::size_t kBytes = 2 * kPage * 4 * sizeof(float);  // of one page

Tokens count_from(std::int32_t first, std::size_t count) {
  Tokens tokens(count);
  std::iota(tokens.begin(), tokens.end(), first);
  return tokens;
}

// What a model would write, so that pages can be told apart.
void add(KvSequence& sequence, const Tokens& tokens) {
  const std::size_t first = sequence.length();
  ASSERT_TRUE(sequence.extend(tokens));
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    const std::size_t at = first + i;
    sequence.keys<float>(at / kPage, 0, 0)[at % kPage * 4] = static_cast<float>(tokens[i]);
  }
  sequence.settle();
}

float key_of(const KvSequence& sequence, std::size_t at) {
  return sequence.keys<float>(at / kPage, 0, 0)[at % kPage * 4];
}

TEST(KvCache, GivesPagesBackAndKeepsThemFindable) {
  KvPool pool(kShape, 8 * kBytes);
  EXPECT_EQ(pool.pages_max(), 8u);
  {
    KvSequence sequence(pool);
    add(sequence, count_from(0, 2 * kPage + 1));
    EXPECT_EQ(pool.pages_used(), 3u);
  }
  EXPECT_EQ(pool.pages_used(), 0u);
  EXPECT_EQ(pool.pages_idle(), 2u);
  KvSequence again(pool);
  EXPECT_EQ(again.adopt_prefix(count_from(0, 2 * kPage + 5)), 2 * kPage);
  EXPECT_EQ(pool.pages_used(), 2u);
  EXPECT_EQ(key_of(again, kPage + 3), static_cast<float>(kPage + 3));
}

TEST(KvCache, LeavesOneTokenToCompute) {
  KvPool pool(kShape, 8 * kBytes);
  KvSequence sequence(pool);
  add(sequence, count_from(0, 2 * kPage));
  KvSequence again(pool);
  EXPECT_EQ(again.adopt_prefix(count_from(0, 2 * kPage)), kPage);
}

TEST(KvCache, SharesNothingAfterTheFirstDifference) {
  KvPool pool(kShape, 8 * kBytes);
  KvSequence sequence(pool);
  add(sequence, count_from(0, 3 * kPage));
  Tokens other = count_from(0, 3 * kPage + 1);
  other[kPage + 1] = 7;
  KvSequence again(pool);
  EXPECT_EQ(again.adopt_prefix(other), kPage);
  // The same tokens after other ones are another page.
  KvSequence third(pool);
  EXPECT_EQ(third.adopt_prefix(count_from(kPage, 2 * kPage)), 0u);
}

TEST(KvCache, CopiesAPageThatTwoWriteTo) {
  KvPool pool(kShape, 8 * kBytes);
  KvSequence one(pool);
  add(one, count_from(0, kPage + 2));
  KvSequence two = one.fork();
  EXPECT_EQ(pool.pages_used(), 2u);
  add(two, {500});
  EXPECT_EQ(pool.pages_used(), 3u);
  add(one, {600});
  EXPECT_EQ(pool.pages_used(), 3u);
  EXPECT_EQ(key_of(one, kPage + 2), 600);
  EXPECT_EQ(key_of(two, kPage + 2), 500);
  EXPECT_EQ(key_of(two, kPage + 1), static_cast<float>(kPage + 1));
}

TEST(KvCache, WritesNoPageThatOthersMayFind) {
  KvPool pool(kShape, 8 * kBytes);
  KvSequence one(pool);
  add(one, count_from(0, kPage));
  one.truncate(kPage - 1);
  add(one, {900});
  KvSequence two(pool);
  EXPECT_EQ(two.adopt_prefix(count_from(0, kPage + 1)), 0u);
  Tokens changed = count_from(0, kPage + 1);
  changed[kPage - 1] = 900;
  EXPECT_EQ(two.adopt_prefix(changed), kPage);
}

TEST(KvCache, RefusesWhatDoesNotFitAndChangesNothing) {
  KvPool pool(kShape, 2 * kBytes);
  KvSequence one(pool);
  add(one, count_from(0, kPage));
  KvSequence two(pool);
  EXPECT_EQ(two.extend(count_from(0, kPage + 1)).error().code(), Code::Unavailable);
  EXPECT_EQ(two.length(), 0u);
  EXPECT_EQ(pool.pages_used(), 1u);
  EXPECT_EQ(pool.tokens_free(), kPage);
  EXPECT_TRUE(two.extend(count_from(0, kPage)));
}

TEST(KvCache, TakesTheLongestIdlePageWhenMemoryIsWanted) {
  KvPool pool(kShape, 2 * kBytes);
  {
    KvSequence one(pool);
    add(one, count_from(0, kPage));
  }
  {
    KvSequence two(pool);
    add(two, count_from(100, kPage));
  }
  EXPECT_EQ(pool.pages_idle(), 2u);
  KvSequence three(pool);
  add(three, {1});
  KvSequence again(pool);
  EXPECT_EQ(again.adopt_prefix(count_from(0, kPage + 1)), 0u);
  EXPECT_EQ(again.adopt_prefix(count_from(100, kPage + 1)), kPage);
}

TEST(KvCache, FindsOneOfTwoThatWereComputedTwice) {
  KvPool pool(kShape, 8 * kBytes);
  KvSequence one(pool), two(pool);
  ASSERT_TRUE(one.extend(count_from(0, 2 * kPage)));
  ASSERT_TRUE(two.extend(count_from(0, 2 * kPage)));
  one.settle();
  two.settle();
  KvSequence three(pool);
  EXPECT_EQ(three.adopt_prefix(count_from(0, 2 * kPage + 1)), 2 * kPage);
  EXPECT_EQ(pool.pages_used(), 4u);
}

TEST(KvCache, HasNoPageWhereTheLimitIsBelowOne) {
  KvPool pool({.layers = 1, .kv_heads = 1, .head_dim = 4}, 100);
  KvSequence sequence(pool);
  const std::vector<std::int32_t> tokens{1};
  EXPECT_EQ(sequence.extend(tokens).error().code(), Code::Unavailable);
  EXPECT_EQ(sequence.length(), 0u);
}

}  // namespace
}  // namespace embrace::transformers
