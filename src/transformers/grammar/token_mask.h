#pragma once
// TokenMask: which tokens may come next so that the text stays inside a Grammar. One belongs to
// one text that is being generated.
//
//   TokenMask mask(grammar, vocabulary);
//   EMB_DO(mask.apply(logits));       // what may not come becomes -inf
//   EMB_DO(mask.accept(sampled));     // until finished()
//
// For most tokens it is enough to know the few uppermost places of each stack: whether "abc" may
// come inside of a string does not depend on where the string stands. So one automaton walks the
// tree of tokens once for each set of uppermost places, and what it finds is remembered; only
// tokens that go below them are asked about again, with whole stacks, for each state.
//
// Work and memory of one token are bounded (automaton.h). Threads: one at a time.

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "transformers/grammar/automaton.h"
#include "transformers/grammar/grammar.h"
#include "transformers/grammar/token_vocabulary.h"

namespace embrace::transformers {

class TokenMask {
 public:
  TokenMask(std::shared_ptr<const Grammar> grammar,
            std::shared_ptr<const TokenVocabulary> vocabulary);

  // Logits beyond the vocabulary are disallowed, too; at least one stays. TooLarge when the grammar
  // is more than can be followed; InvalidArgument when no token can come next (the vocabulary lacks
  // what the grammar wants, or an end token was taken).
  Status apply(std::span<float> logits);
  // False, too, where apply() would fail for want of tokens.
  Result<bool> allows(std::uint32_t token);
  // InvalidArgument when the token may not come here; nothing changes then.
  Status accept(std::uint32_t token);
  // The text is complete, and nothing can follow; or an end token was taken.
  bool finished() const { return finished_; }
  // The text could end here.
  Result<bool> complete();
  // Back to the beginning, for another text. What was learnt about the grammar stays.
  Status restart();

 private:
  using Bits = std::vector<std::uint64_t>;
  struct Near {  // what the uppermost places alone decide
    Bits bits;
    std::vector<std::uint32_t> open;  // nodes of the tree from which on they do not
  };

  Status begin();
  Result<const Bits*> mask();
  Result<const Near*> near();
  // Allows tokens that begin as the node does, from the states on the way to it. A node is a dead
  // end when the automaton finds one.
  Status allow_from(const TokenTree& tree, std::uint32_t node, std::vector<std::uint32_t>& states,
                    Bits& bits);
  void allow(const TokenTree& tree, std::uint32_t node, Bits& bits) const;
  void forget_masks();

  std::shared_ptr<const TokenVocabulary> vocabulary_;
  Automaton whole_;
  Automaton top_;
  bool begun_ = false;
  bool finished_ = false;
  bool ended_ = false;    // by an end token
  bool at_first_ = true;  // no token was taken yet
  std::uint32_t state_ = 0;
  std::unordered_map<std::uint32_t, Bits> masks_;  // by state of whole_; not of the first token
  std::unordered_map<std::uint32_t, Near> nears_;  // by state of top_
  std::size_t near_bytes_ = 0;
};

}  // namespace embrace::transformers
