#pragma once
// TokenMask: which tokens may come next so that the text stays inside a Grammar. One belongs to
// one text that is being generated.
//
//   TokenMask mask(grammar, vocabulary);
//   EMB_DO(mask.apply(logits));       // what may not come becomes -inf
//   EMB_DO(mask.accept(sampled));     // until finished(), or the end token was taken
//
// The grammar runs as a pushdown automaton over bytes: a state is a set of stacks, transitions are
// remembered, and so is the mask of each state. A vocabulary is a sorted trie that is walked once
// for each new state. Threads: a TokenVocabulary is constant and shared; a TokenMask is for one.

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "transformers/grammar/grammar.h"

namespace embrace::transformers {

// The bytes that every token stands for.
class TokenVocabulary {
 public:
  // `bytes[id]` is the token's text; empty for tokens that a grammar never allows (special and
  // unused ones). `end_tokens` may come when the text is complete.
  TokenVocabulary(std::vector<std::string> bytes, std::vector<std::uint32_t> end_tokens);

  std::size_t size() const { return bytes_.size(); }
  std::string_view bytes_of(std::uint32_t id) const { return bytes_[id]; }
  const std::vector<std::uint32_t>& end_tokens() const { return end_tokens_; }

 private:
  friend class TokenMask;
  std::vector<std::string> bytes_;
  std::vector<std::uint32_t> end_tokens_;
  std::vector<std::uint32_t> sorted_;  // ids, by their bytes
  std::vector<std::uint16_t> shared_;  // bytes that sorted_[i] has in common with sorted_[i - 1]
};

// The states of a Grammar, made as they are met.
class Automaton {
 public:
  static constexpr std::size_t kStacksMax = 4'096;     // of one state
  static constexpr std::size_t kStatesMax = 20'000;    // remembered
  static constexpr std::size_t kNodesMax = 2'000'000;  // of all stacks
  static constexpr std::uint32_t kDepthMax = 1'000;    // of one stack; deeper ones are dropped
  static constexpr std::uint32_t kDead = 0xFFFFFFFF;   // the state that nothing leads out of

  explicit Automaton(std::shared_ptr<const Grammar> grammar);

  Result<std::uint32_t> start();
  // kDead when no text goes on with this byte.
  Result<std::uint32_t> next(std::uint32_t state, unsigned char byte);
  bool is_complete(std::uint32_t state) const { return states_[state].complete; }
  bool goes_on(std::uint32_t state) const { return !states_[state].stacks.empty(); }
  bool is_full() const { return states_.size() > kStatesMax || nodes_.size() > kNodesMax / 2; }
  // Forgets all states but one, whose new number it gives.
  Result<std::uint32_t> forget_all_but(std::uint32_t state);

 private:
  static constexpr std::uint32_t kEmpty = 0xFFFFFFFF;
  static constexpr std::uint32_t kUnknown = 0xFFFFFFFE;
  struct Place {  // before symbol `at` of a choice
    std::uint32_t rule = 0;
    std::uint32_t choice = 0;
    std::uint32_t at = 0;
    friend bool operator==(const Place&, const Place&) = default;
  };
  struct Node {
    Place place;
    std::uint32_t below = kEmpty;
    std::uint32_t depth = 0;
    friend bool operator==(const Node&, const Node&) = default;
  };
  struct NodeHash {
    std::size_t operator()(const Node& node) const;
  };
  struct StacksHash {
    std::size_t operator()(const std::vector<std::uint32_t>& stacks) const;
  };
  struct State {
    std::vector<std::uint32_t> stacks;  // each ends before a byte
    bool complete = false;
    std::unique_ptr<std::uint32_t[]> next;  // 256, when asked for
  };

  const GrammarSequence& sequence(const Place& place) const;
  Result<std::uint32_t> intern(const Node& node);
  Result<std::uint32_t> close(std::vector<Node> todo);

  std::shared_ptr<const Grammar> grammar_;
  std::vector<Node> nodes_;
  std::unordered_map<Node, std::uint32_t, NodeHash> node_of_;
  std::vector<State> states_;
  std::unordered_map<std::vector<std::uint32_t>, std::uint32_t, StacksHash> state_of_;
};

class TokenMask {
 public:
  TokenMask(std::shared_ptr<const Grammar> grammar,
            std::shared_ptr<const TokenVocabulary> vocabulary);

  // Logits beyond the vocabulary are disallowed, too. TooLarge when the grammar is more than it
  // can follow.
  Status apply(std::span<float> logits);
  Result<bool> allows(std::uint32_t token);
  // InvalidArgument when the token may not come here; nothing changes then.
  Status accept(std::uint32_t token);
  // The text is complete, and nothing can follow; or an end token was taken.
  bool finished() const { return ended_; }
  // The text could end here.
  Result<bool> complete();

 private:
  Status begin();
  Result<const std::vector<std::uint64_t>*> mask();

  std::shared_ptr<const TokenVocabulary> vocabulary_;
  Automaton automaton_;
  bool begun_ = false;
  bool ended_ = false;
  std::uint32_t state_ = 0;
  std::unordered_map<std::uint32_t, std::vector<std::uint64_t>> masks_;  // bits, by state
};

}  // namespace embrace::transformers
