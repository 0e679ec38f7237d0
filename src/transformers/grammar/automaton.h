#pragma once
// Automaton: a Grammar at work, byte by byte. A state is a set of stacks of places in rules;
// transitions are remembered.
//
// What a grammar can ask for is bounded: stacks of a state, their depth, memory, and the steps of
// work since allow_steps(). Beyond any of them errors are TooLarge. Threads: one.

#include <cstdint>
#include <memory>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/result.h"
#include "transformers/grammar/grammar.h"

namespace embrace::transformers {

class Automaton {
 public:
  static constexpr std::size_t kStacksMax = 4'096;                 // of one state
  static constexpr std::size_t kVisitsMax = 65'536;                // of places, for one state
  static constexpr std::size_t kBytesMax = std::size_t{48} << 20;  // of all that is remembered
  static constexpr std::uint32_t kDepthMax =
      1'000;  // of a stack; what would go deeper may not come
  static constexpr std::size_t kStepsUsual = 8'000'000;
  static constexpr std::uint32_t kDead = 0xFFFFFFFF;  // the state that nothing leads out of

  // Whole: knows its stacks. Top: knows what top_of() gave it, and kTopDepthMax places above.
  enum class Kind : std::uint8_t { Whole, Top };
  static constexpr std::uint32_t kTopDepthMax = 100;

  Automaton(std::shared_ptr<const Grammar> grammar, Kind kind);

  Result<std::uint32_t> start();
  // kDead when no text goes on with this byte.
  Result<std::uint32_t> next(std::uint32_t state, unsigned char byte);
  bool is_complete(std::uint32_t state) const { return states_[state].complete; }
  bool goes_on(std::uint32_t state) const { return !states_[state].stacks.empty(); }
  // Places of its deepest stack.
  std::uint32_t depth(std::uint32_t state) const { return states_[state].depth; }

  // The state whose stacks are the `places` uppermost ones of each stack of `other`'s: what they
  // allow, every state with those on top allows. leaves() is true of states in which a stack went
  // below what is known, or too far above. For Kind::Top.
  Result<std::uint32_t> top_of(const Automaton& other, std::uint32_t state, unsigned places);
  bool leaves(std::uint32_t state) const { return states_[state].leaves; }

  // Half of the memory is in use: the time to forget, between tokens.
  bool is_full() const { return bytes_ > kBytesMax / 2; }
  // Forgets all states but one, whose new number it gives.
  Result<std::uint32_t> forget_all_but(std::uint32_t state);
  void forget_all();
  // From now on so many steps may be taken.
  void allow_steps(std::size_t steps) { steps_left_ = steps; }
  std::size_t steps_left() const { return steps_left_; }

 private:
  static constexpr std::uint32_t kEmpty = 0xFFFFFFFF;    // below the lowest place
  static constexpr std::uint32_t kCut = 0xFFFFFFFE;      // below it, where more is not known
  static constexpr std::uint32_t kUnknown = 0xFFFFFFFE;  // a transition not asked for yet
  struct Place {                                         // before symbol `at` of a choice
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
  struct State {
    std::vector<std::uint32_t> stacks;  // each ends before a byte; sorted
    bool complete = false;
    bool leaves = false;
    std::uint32_t depth = 0;
    std::unique_ptr<std::uint32_t[]> next;  // 256, when asked for
  };

  const GrammarSequence& sequence(const Place& place) const;
  Status spend(std::size_t steps);
  Status remember(std::size_t bytes);
  Result<std::uint32_t> intern(const Node& node);
  Result<std::uint32_t> intern(State state);
  Result<std::uint32_t> close(std::vector<Node> todo);
  bool visit(const Node& node);  // for the first time

  std::shared_ptr<const Grammar> grammar_;
  Kind kind_;
  std::vector<Node> nodes_;
  std::unordered_map<Node, std::uint32_t, NodeHash> node_of_;
  std::vector<State> states_;
  std::unordered_multimap<std::size_t, std::uint32_t> state_of_;  // by the hash of its stacks
  std::size_t bytes_ = 0;
  std::size_t steps_left_ = kStepsUsual;
  // Of close(): few are searched one by one, many by their hash.
  std::vector<Node> visited_;
  std::unordered_set<Node, NodeHash> visited_set_;
};

}  // namespace embrace::transformers
