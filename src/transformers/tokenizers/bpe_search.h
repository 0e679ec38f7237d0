#pragma once
// BpeSearch: the tokens that merging ends with, found without merging.
//
// Two tokens fit when merging the symbols of both ends with just these two. A row of tokens is what
// merging makes of a text when each fits behind the one before: the first merge to cross a border
// would cross it in those two alone as well. So the longest token that fits is taken, and taken
// back where none fits behind it. No place is reached twice, for a text has only one such row.
//
// Threads: constant after it is made; a Memory belongs to one thread.

#include <cstdint>
#include <vector>

#include "transformers/tokenizers/merges.h"

namespace embrace::transformers {

class BpeSearch {
 public:
  // What searching needs while it works, kept for the next time.
  class Memory {
    friend class BpeSearch;
    struct Chosen {
      std::uint32_t id;
      std::uint32_t begin;  // index of its first symbol
    };
    std::vector<Chosen> row_;
  };

  // All ids are below `id_end`. `merges` must outlive it.
  BpeSearch(const Merges& merges, std::uint32_t id_end);

  // Merges all that can be merged. False, with `symbols` as they were, when that needs a token that
  // is not known here, or too much work.
  bool merge(std::vector<Symbol>& symbols, Memory& memory) const;

 private:
  static constexpr std::uint32_t kNone = Merges::kNone;

  // Known are symbols, and tokens that become just this when they are merged, with a last merge
  // that was learned later than those of its two parts.
  struct Token {
    std::uint32_t symbols_begin = 0;  // in symbols_
    std::uint32_t symbols = 0;        // 0: not known
    std::uint32_t left = 0;           // the last merge: its parts,
    std::uint32_t right = 0;
    std::uint32_t merge = 0;        // and one more than its rank; 0 for a symbol
    std::uint32_t shorter = kNone;  // the longest token that this one begins with
  };
  // In a trie, from some symbols to one more. Nodes have numbers: a token's is its id, that of any
  // other beginning of tokens is larger.
  struct Step {
    std::uint32_t before = kNone;
    std::uint32_t symbol = 0;
    std::uint32_t node = 0;
  };

  void learn_tokens();
  void plant_tokens();
  void grow_steps();
  bool border_holds(std::uint32_t left, std::uint32_t right, std::uint32_t until) const;
  std::size_t place(std::uint32_t before, std::uint32_t symbol) const;
  std::uint32_t longest_at(const std::vector<Symbol>& symbols, std::size_t at) const;

  const Merges& merges_;
  std::vector<Token> tokens_;           // by id
  std::vector<std::uint32_t> symbols_;  // of all tokens
  std::vector<Step> steps_;             // open addressing; the size is a power of two
};

}  // namespace embrace::transformers
