#include "transformers/grammar/token_mask.h"

#include <algorithm>
#include <bit>
#include <limits>
#include <numeric>
#include <unordered_set>

#include "base/strings.h"

namespace embrace::transformers {

namespace {

constexpr std::size_t kMasksMax = 512;

std::size_t mix(std::size_t seed, std::size_t more) {
  return (seed ^ (more + 0x9E3779B97F4A7C15 + (seed << 6) + (seed >> 2))) * 0xBF58476D1CE4E5B9;
}

}  // namespace

TokenVocabulary::TokenVocabulary(std::vector<std::string> bytes,
                                 std::vector<std::uint32_t> end_tokens)
    : bytes_(std::move(bytes)), end_tokens_(std::move(end_tokens)) {
  for (std::uint32_t id = 0; id < bytes_.size(); ++id) {
    if (!bytes_[id].empty() && bytes_[id].size() < 0xFFFF) sorted_.push_back(id);
  }
  std::sort(sorted_.begin(), sorted_.end(),
            [&](std::uint32_t a, std::uint32_t b) { return bytes_[a] < bytes_[b]; });
  shared_.resize(sorted_.size(), 0);
  for (std::size_t i = 1; i < sorted_.size(); ++i) {
    const std::string& a = bytes_[sorted_[i - 1]];
    const std::string& b = bytes_[sorted_[i]];
    const auto end = std::mismatch(a.begin(), a.end(), b.begin(), b.end()).second;
    shared_[i] = static_cast<std::uint16_t>(end - b.begin());
  }
}

std::size_t Automaton::NodeHash::operator()(const Node& node) const {
  return mix(mix(mix(node.place.rule, node.place.choice), node.place.at), node.below);
}

std::size_t Automaton::StacksHash::operator()(const std::vector<std::uint32_t>& stacks) const {
  return std::accumulate(stacks.begin(), stacks.end(), stacks.size(), mix);
}

Automaton::Automaton(std::shared_ptr<const Grammar> grammar) : grammar_(std::move(grammar)) {}

const GrammarSequence& Automaton::sequence(const Place& place) const {
  return grammar_->rules()[place.rule].choices[place.choice];
}

Result<std::uint32_t> Automaton::intern(const Node& node) {
  const auto [found, is_new] =
      node_of_.try_emplace(node, static_cast<std::uint32_t>(nodes_.size()));
  if (is_new) {
    if (nodes_.size() >= kNodesMax) return fail(Code::TooLarge, "the grammar has too many states");
    nodes_.push_back(node);
  }
  return found->second;
}

// Goes on from each place until it stands before a byte: calls are entered, ended rules left.
Result<std::uint32_t> Automaton::close(std::vector<Node> todo) {
  std::vector<std::uint32_t> stacks;
  bool complete = false;
  std::unordered_set<Node, NodeHash> seen;
  while (!todo.empty()) {
    const Node node = todo.back();
    todo.pop_back();
    if (!seen.insert(node).second) continue;
    if (seen.size() > 16 * kStacksMax) return fail(Code::TooLarge, "the grammar is too ambiguous");
    const GrammarSequence& symbols = sequence(node.place);
    if (node.place.at == symbols.size()) {
      if (node.below == kEmpty)
        complete = true;
      else
        todo.push_back(nodes_[node.below]);
      continue;
    }
    const GrammarSymbol symbol = symbols[node.place.at];
    if (!symbol.is_call) {
      EMB_TRY(const std::uint32_t id, intern(node));
      stacks.push_back(id);
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
    if (inside.depth > kDepthMax) continue;
    const auto choices = static_cast<std::uint32_t>(grammar_->rules()[symbol.index].choices.size());
    for (; inside.place.choice < choices; ++inside.place.choice) todo.push_back(inside);
  }
  if (stacks.empty() && !complete) return kDead;
  if (stacks.size() > kStacksMax) return fail(Code::TooLarge, "the grammar is too ambiguous");
  std::sort(stacks.begin(), stacks.end());
  std::vector<std::uint32_t> key = stacks;
  key.push_back(complete ? 1 : 0);
  const auto [found, is_new] =
      state_of_.try_emplace(std::move(key), static_cast<std::uint32_t>(states_.size()));
  if (is_new) {
    if (states_.size() > 4 * kStatesMax)
      return fail(Code::TooLarge, "the grammar has too many states");
    states_.push_back({std::move(stacks), complete, nullptr});
  }
  return found->second;
}

Result<std::uint32_t> Automaton::start() {
  return close({Node{{grammar_->start(), 0, 0}, kEmpty, 0}});
}

Result<std::uint32_t> Automaton::next(std::uint32_t state, unsigned char byte) {
  if (states_[state].next && states_[state].next[byte] != kUnknown)
    return states_[state].next[byte];
  std::vector<Node> moved;
  for (const std::uint32_t stack : states_[state].stacks) {
    Node node = nodes_[stack];
    if (!grammar_->sets()[sequence(node.place)[node.place.at].index][byte]) continue;
    ++node.place.at;
    moved.push_back(node);
  }
  std::uint32_t target = kDead;
  if (!moved.empty()) {
    EMB_TRY(target, close(std::move(moved)));
  }
  State& from = states_[state];
  if (!from.next) {
    from.next = std::make_unique<std::uint32_t[]>(256);
    std::fill_n(from.next.get(), 256, kUnknown);
  }
  from.next[byte] = target;
  return target;
}

Result<std::uint32_t> Automaton::forget_all_but(std::uint32_t state) {
  const std::vector<Node> old = std::exchange(nodes_, {});
  State kept = std::move(states_[state]);
  states_.clear();
  node_of_.clear();
  state_of_.clear();
  for (std::uint32_t& stack : kept.stacks) {
    // From the bottom up, so that each node finds the new number of the one below.
    std::vector<std::uint32_t> chain;
    for (std::uint32_t at = stack; at != kEmpty; at = old[at].below) chain.push_back(at);
    std::uint32_t below = kEmpty;
    for (auto at = chain.rbegin(); at != chain.rend(); ++at) {
      Node node = old[*at];
      node.below = below;
      EMB_TRY(below, intern(node));
    }
    stack = below;
  }
  std::sort(kept.stacks.begin(), kept.stacks.end());
  std::vector<std::uint32_t> key = kept.stacks;
  key.push_back(kept.complete ? 1 : 0);
  kept.next.reset();
  state_of_.emplace(std::move(key), 0);
  states_.push_back(std::move(kept));
  return 0;
}

TokenMask::TokenMask(std::shared_ptr<const Grammar> grammar,
                     std::shared_ptr<const TokenVocabulary> vocabulary)
    : vocabulary_(std::move(vocabulary)), automaton_(std::move(grammar)) {}

Status TokenMask::begin() {
  if (!begun_) {
    EMB_TRY(const std::uint32_t first, automaton_.start());
    if (first == Automaton::kDead)
      return fail(Code::InvalidArgument, "the grammar allows no text at all");
    state_ = first;
    begun_ = true;
    return Done{};
  }
  if (!automaton_.is_full()) return Done{};
  masks_.clear();
  EMB_TRY(state_, automaton_.forget_all_but(state_));
  return Done{};
}

Result<const std::vector<std::uint64_t>*> TokenMask::mask() {
  EMB_DO(begin());
  if (const auto found = masks_.find(state_); found != masks_.end()) return &found->second;
  if (masks_.size() >= kMasksMax) masks_.clear();
  const TokenVocabulary& all = *vocabulary_;
  std::vector<std::uint64_t> bits((all.size() + 63) / 64, 0);
  // Neighbours share their beginnings, and so the states that those led to.
  std::vector<std::uint32_t> states{state_};
  for (std::size_t i = 0; i < all.sorted_.size(); ++i) {
    const std::string& bytes = all.bytes_[all.sorted_[i]];
    if (all.shared_[i] + std::size_t{1} < states.size())
      states.resize(all.shared_[i] + std::size_t{1});
    // Shorter than what is shared: that beginning was a dead end, and so is this.
    if (states.size() <= all.shared_[i]) continue;
    bool alive = true;
    while (states.size() <= bytes.size()) {
      EMB_TRY(const std::uint32_t next,
              automaton_.next(states.back(), static_cast<unsigned char>(bytes[states.size() - 1])));
      if (next == Automaton::kDead) {
        alive = false;
        break;
      }
      states.push_back(next);
    }
    if (alive) bits[all.sorted_[i] / 64] |= std::uint64_t{1} << (all.sorted_[i] % 64);
  }
  if (automaton_.is_complete(state_)) {
    for (const std::uint32_t id : all.end_tokens()) {
      if (id < all.size()) bits[id / 64] |= std::uint64_t{1} << (id % 64);
    }
  }
  return &masks_.emplace(state_, std::move(bits)).first->second;
}

Status TokenMask::apply(std::span<float> logits) {
  EMB_TRY(const auto* bits, mask());
  constexpr float kNever = -std::numeric_limits<float>::infinity();
  // Only what is not allowed is touched, found by its bits.
  for (std::size_t begin = 0; begin < logits.size(); begin += 64) {
    const std::uint64_t word = !ended_ && begin / 64 < bits->size() ? (*bits)[begin / 64] : 0;
    for (std::uint64_t left = ~word; left != 0; left &= left - 1) {
      const std::size_t id = begin + static_cast<std::size_t>(std::countr_zero(left));
      if (id >= logits.size()) break;
      logits[id] = kNever;
    }
  }
  return Done{};
}

Result<bool> TokenMask::allows(std::uint32_t token) {
  EMB_TRY(const auto* bits, mask());
  return !ended_ && token < vocabulary_->size() && ((*bits)[token / 64] >> (token % 64) & 1) != 0;
}

Result<bool> TokenMask::complete() {
  EMB_DO(begin());
  return automaton_.is_complete(state_);
}

Status TokenMask::accept(std::uint32_t token) {
  EMB_DO(begin());
  const auto refuse = [&] {
    return fail(Code::InvalidArgument, cat("token ", token, " may not come here"));
  };
  if (ended_ || token >= vocabulary_->size()) return refuse();
  const auto& ends = vocabulary_->end_tokens();
  if (std::find(ends.begin(), ends.end(), token) != ends.end()) {
    if (!automaton_.is_complete(state_)) return refuse();
    ended_ = true;
    return Done{};
  }
  const std::string_view bytes = vocabulary_->bytes_of(token);
  if (bytes.empty()) return refuse();
  std::uint32_t state = state_;
  for (const char c : bytes) {
    EMB_TRY(state, automaton_.next(state, static_cast<unsigned char>(c)));
    if (state == Automaton::kDead) return refuse();
  }
  state_ = state;
  ended_ = !automaton_.goes_on(state_);
  return Done{};
}

}  // namespace embrace::transformers
