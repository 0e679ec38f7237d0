// Whatever was learned: what is found without merging is what merging makes.
#include "transformers/tokenizers/bpe_search.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <string>

namespace embrace::transformers {
namespace {

struct Vocabulary {
  std::vector<std::string> texts;  // by id
  std::map<std::string, std::uint32_t> ids;

  std::uint32_t id_of(const std::string& text) {
    const auto [at, is_new] = ids.try_emplace(text, static_cast<std::uint32_t>(texts.size()));
    if (is_new) texts.push_back(text);
    return at->second;
  }
};

// Merges of random tokens, so that many tokens can be made in several ways.
Merges random_merges(Vocabulary& vocabulary, std::size_t letters, std::size_t count, bool shuffled,
                     std::mt19937& random) {
  for (std::size_t i = 0; i < letters; ++i)
    vocabulary.id_of(std::string(1, static_cast<char>('a' + i)));
  std::vector<std::uint32_t> ranks(count);
  for (std::size_t i = 0; i < count; ++i) ranks[i] = static_cast<std::uint32_t>(i);
  if (shuffled) std::shuffle(ranks.begin(), ranks.end(), random);
  Merges merges(count);
  for (const std::uint32_t rank : ranks) {
    const auto left = static_cast<std::uint32_t>(random() % vocabulary.texts.size());
    const auto right = static_cast<std::uint32_t>(random() % vocabulary.texts.size());
    const std::string both = vocabulary.texts[left] + vocabulary.texts[right];
    if (both.size() > 12 || merges.find(left, right).rank != Merges::kNone) continue;
    merges.add(left, right, rank, vocabulary.id_of(both));
  }
  return merges;
}

std::vector<Symbol> random_symbols(std::size_t letters, std::mt19937& random) {
  std::vector<Symbol> symbols(random() % 120);
  for (Symbol& symbol : symbols) {
    symbol = {static_cast<std::uint32_t>(random() % letters),
              static_cast<std::uint32_t>(1 + random() % 3)};
  }
  return symbols;
}

// How many of the texts were found.
std::size_t compare(bool shuffled) {
  std::mt19937 random(7);
  std::size_t found = 0;
  for (int round = 0; round < 300; ++round) {
    Vocabulary vocabulary;
    const std::size_t letters = 1 + random() % 6;
    const Merges merges = random_merges(vocabulary, letters, random() % 200, shuffled, random);
    const BpeSearch search(merges, static_cast<std::uint32_t>(vocabulary.texts.size()));
    BpeSearch::Memory searching;
    Merges::Memory merging;
    for (int text = 0; text < 20; ++text) {
      const std::vector<Symbol> symbols = random_symbols(letters, random);
      std::vector<Symbol> expected = symbols;
      merges.merge(expected, merging);
      std::vector<Symbol> made = symbols;
      const bool done = search.merge(made, searching);
      found += done ? 1 : 0;
      EXPECT_EQ(made, done ? expected : symbols);
    }
  }
  return found;
}

TEST(BpeSearch, FindsWhatMergingMakes) { EXPECT_GT(compare(false), 5000U); }

TEST(BpeSearch, FindsNothingElseInMergesOfAnyOrder) { EXPECT_GT(compare(true), 1000U); }

TEST(BpeSearch, LeavesATextWithATokenThatIsTooLong) {
  Merges merges(8);
  std::uint32_t id = 0;
  for (; id < 7; ++id) merges.add(id, id, id, id + 1);  // 128 letters in the end
  const BpeSearch search(merges, id + 1);
  BpeSearch::Memory memory;
  std::vector<Symbol> symbols(127, Symbol{0, 1});
  EXPECT_TRUE(search.merge(symbols, memory));
  EXPECT_EQ(symbols.size(), 7U);
  symbols.assign(128, Symbol{0, 1});
  EXPECT_FALSE(search.merge(symbols, memory));
  EXPECT_EQ(symbols.size(), 128U);
}

}  // namespace
}  // namespace embrace::transformers
