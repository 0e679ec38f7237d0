#include "transformers/grammar/automaton.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace embrace::transformers {

namespace {

constexpr std::size_t kNodeBytes = 80;    // with its entry in the table
constexpr std::size_t kStateBytes = 128;  // without its stacks
constexpr std::size_t kFewVisits = 24;

std::size_t mix(std::size_t seed, std::size_t more) {
  return (seed ^ (more + 0x9E3779B97F4A7C15 + (seed << 6) + (seed >> 2))) * 0xBF58476D1CE4E5B9;
}

}  // namespace

std::size_t Automaton::NodeHash::operator()(const Node& node) const {
  return mix(mix(mix(node.place.rule, node.place.choice), node.place.at), node.below);
}

Automaton::Automaton(std::shared_ptr<const Grammar> grammar, Kind kind)
    : grammar_(std::move(grammar)), kind_(kind) {}

const GrammarSequence& Automaton::sequence(const Place& place) const {
  return grammar_->rules()[place.rule].choices[place.choice];
}

Status Automaton::spend(std::size_t steps) {
  if (steps > steps_left_)
    return fail(Code::TooLarge, "the grammar asks for too much work for one token");
  steps_left_ -= steps;
  return Done{};
}

Status Automaton::remember(std::size_t bytes) {
  if (bytes > kBytesMax - std::min(bytes_, kBytesMax))
    return fail(Code::TooLarge, "the grammar asks for too much memory for one token");
  bytes_ += bytes;
  return Done{};
}

Result<std::uint32_t> Automaton::intern(const Node& node) {
  const auto found = node_of_.find(node);
  if (found != node_of_.end()) return found->second;
  EMB_DO(remember(kNodeBytes));
  const auto id = static_cast<std::uint32_t>(nodes_.size());
  node_of_.emplace(node, id);
  nodes_.push_back(node);
  return id;
}

Result<std::uint32_t> Automaton::intern(State state) {
  if (state.stacks.empty() && !state.complete && !state.leaves) return kDead;
  if (state.stacks.size() > kStacksMax) return fail(Code::TooLarge, "the grammar is too ambiguous");
  std::sort(state.stacks.begin(), state.stacks.end());
  state.stacks.erase(std::unique(state.stacks.begin(), state.stacks.end()), state.stacks.end());
  const std::size_t hash = std::accumulate(
      state.stacks.begin(), state.stacks.end(),
      std::size_t{state.complete ? 2U : 0U} + std::size_t{state.leaves ? 1U : 0U}, mix);
  const auto [first, last] = state_of_.equal_range(hash);
  for (auto at = first; at != last; ++at) {
    const State& other = states_[at->second];
    if (other.stacks == state.stacks && other.complete == state.complete &&
        other.leaves == state.leaves)
      return at->second;
  }
  EMB_DO(remember(kStateBytes + state.stacks.size() * sizeof(std::uint32_t)));
  const auto id = static_cast<std::uint32_t>(states_.size());
  state_of_.emplace(hash, id);
  states_.push_back(std::move(state));
  return id;
}

bool Automaton::visit(const Node& node) {
  if (visited_.size() < kFewVisits) {
    if (std::find(visited_.begin(), visited_.end(), node) != visited_.end()) return false;
    visited_.push_back(node);
    if (visited_.size() == kFewVisits) visited_set_.insert(visited_.begin(), visited_.end());
    return true;
  }
  return visited_set_.insert(node).second;
}

// Goes on from each place until it stands before a byte: calls are entered, ended rules left. A
// node at the beginning of a choice stands for the choices after it, too, so that `todo` grows by
// two at most for each node taken from it.
Result<std::uint32_t> Automaton::close(std::vector<Node> todo) {
  State state;
  visited_.clear();
  visited_set_.clear();
  for (std::size_t visits = 0; !todo.empty();) {
    const Node node = todo.back();
    todo.pop_back();
    EMB_DO(spend(1));
    if (!visit(node)) continue;
    if (++visits > kVisitsMax) return fail(Code::TooLarge, "the grammar is too ambiguous");
    const auto& choices = grammar_->rules()[node.place.rule].choices;
    if (node.place.at == 0) {
      if (node.place.choice >= choices.size()) continue;
      if (node.place.choice + 1 < choices.size()) {
        todo.push_back(node);
        ++todo.back().place.choice;
      }
    }
    const GrammarSequence& symbols = choices[node.place.choice];
    if (node.place.at == symbols.size()) {
      if (node.below == kEmpty) {
        state.complete = true;
      } else if (node.below == kCut) {
        state.leaves = true;
      } else {
        todo.push_back(nodes_[node.below]);
      }
      continue;
    }
    const GrammarSymbol symbol = symbols[node.place.at];
    if (!symbol.is_call) {
      EMB_TRY(const std::uint32_t id, intern(node));
      state.stacks.push_back(id);
      state.depth = std::max(state.depth, node.depth);
      continue;
    }
    // A call at the end leaves nothing to come back to, so lists do not pile up.
    Node inside{{symbol.index, 0, 0}, node.below, node.depth};
    if (node.place.at + 1 < symbols.size()) {
      Node after = node;
      ++after.place.at;
      EMB_TRY(inside.below, intern(after));
      ++inside.depth;
    }
    if (inside.depth <= (kind_ == Kind::Top ? kTopDepthMax : kDepthMax)) {
      todo.push_back(inside);
    } else if (kind_ == Kind::Top) {
      state.leaves = true;
    }
  }
  return intern(std::move(state));
}

Result<std::uint32_t> Automaton::start() {
  return close({Node{{grammar_->start(), 0, 0}, kEmpty, 0}});
}

Result<std::uint32_t> Automaton::next(std::uint32_t state, unsigned char byte) {
  if (states_[state].next && states_[state].next[byte] != kUnknown)
    return states_[state].next[byte];
  // Bytes that the same stacks go on with lead to the same state.
  std::vector<Node> moved;
  ByteSet alike;
  alike.set();
  EMB_DO(spend(states_[state].stacks.size()));
  for (const std::uint32_t stack : states_[state].stacks) {
    Node node = nodes_[stack];
    const ByteSet& set = grammar_->sets()[sequence(node.place)[node.place.at].index];
    if (!set[byte]) {
      alike &= ~set;
      continue;
    }
    alike &= set;
    ++node.place.at;
    moved.push_back(node);
  }
  std::uint32_t target = kDead;
  if (!moved.empty()) {
    EMB_TRY(target, close(std::move(moved)));
  }
  State& from = states_[state];
  if (!from.next) {
    EMB_DO(remember(256 * sizeof(std::uint32_t)));
    from.next = std::make_unique<std::uint32_t[]>(256);
    std::fill_n(from.next.get(), 256, kUnknown);
  }
  for (std::size_t b = 0; b < 256; ++b) {
    if (alike[b]) from.next[b] = target;
  }
  return target;
}

Result<std::uint32_t> Automaton::top_of(const Automaton& other, std::uint32_t state,
                                        unsigned places) {
  State made;
  std::vector<std::uint32_t> chain;
  for (const std::uint32_t stack : other.states_[state].stacks) {
    std::uint32_t at = stack;
    for (chain.clear(); at < other.nodes_.size() && chain.size() < places;
         at = other.nodes_[at].below)
      chain.push_back(at);
    EMB_DO(spend(chain.size()));
    // From the bottom up, so that each place finds the new number of the one below.
    std::uint32_t below = at < other.nodes_.size() ? kCut : at;
    const std::uint32_t depth_below = other.nodes_[chain.back()].depth;
    for (auto place = chain.rbegin(); place != chain.rend(); ++place) {
      Node node = other.nodes_[*place];
      node.below = below;
      node.depth -= depth_below;
      EMB_TRY(below, intern(node));
    }
    made.stacks.push_back(below);
  }
  return intern(std::move(made));
}

Result<std::uint32_t> Automaton::forget_all_but(std::uint32_t state) {
  const std::vector<Node> old = std::move(nodes_);
  State kept = std::move(states_[state]);
  forget_all();
  kept.next.reset();
  std::vector<bool> needed(old.size(), false);
  for (const std::uint32_t stack : kept.stacks) {
    for (std::uint32_t at = stack; at < old.size() && !needed[at]; at = old[at].below)
      needed[at] = true;
  }
  // What lies below has the smaller number, and is there first.
  std::vector<std::uint32_t> fresh(old.size());
  for (std::size_t i = 0; i < old.size(); ++i) {
    if (!needed[i]) continue;
    Node node = old[i];
    if (node.below < old.size()) node.below = fresh[node.below];
    EMB_TRY(fresh[i], intern(node));
  }
  for (std::uint32_t& stack : kept.stacks) stack = fresh[stack];
  return intern(std::move(kept));
}

void Automaton::forget_all() {
  nodes_.clear();
  states_.clear();
  node_of_.clear();
  state_of_.clear();
  bytes_ = 0;
}

}  // namespace embrace::transformers
