#include "transformers/grammar/token_mask.h"

#include <algorithm>
#include <bit>
#include <limits>
#include <string_view>
#include <utility>

#include "base/strings.h"

namespace embrace::transformers {

namespace {

constexpr std::size_t kMasksMax = 64;
constexpr std::size_t kNearBytesMax = std::size_t{24} << 20;
constexpr unsigned kTopPlaces = 4;

}  // namespace

TokenMask::TokenMask(std::shared_ptr<const Grammar> grammar,
                     std::shared_ptr<const TokenVocabulary> vocabulary)
    : vocabulary_(std::move(vocabulary)),
      whole_(grammar, Automaton::Kind::Whole),
      top_(std::move(grammar), Automaton::Kind::Top) {}

Status TokenMask::begin() {
  whole_.allow_steps(Automaton::kStepsUsual);
  top_.allow_steps(Automaton::kStepsUsual);
  if (!begun_) {
    EMB_TRY(state_, whole_.start());
    if (state_ == Automaton::kDead)
      return fail(Code::InvalidArgument, "the grammar allows no text at all");
    begun_ = true;
    finished_ = !whole_.goes_on(state_);
  }
  if (whole_.is_full()) {
    masks_.clear();
    EMB_TRY(state_, whole_.forget_all_but(state_));
  }
  if (top_.is_full() || near_bytes_ > kNearBytesMax) {
    nears_.clear();
    near_bytes_ = 0;
    top_.forget_all();
  }
  return Done{};
}

Status TokenMask::restart() {
  begun_ = finished_ = ended_ = false;
  at_first_ = true;
  return begin();
}

void TokenMask::allow(const TokenTree& tree, std::uint32_t node, Bits& bits) const {
  for (std::uint32_t id = tree.nodes()[node].token; id != TokenTree::kNone; id = tree.same(id))
    bits[id / 64] |= std::uint64_t{1} << (id % 64);
}

Result<const TokenMask::Near*> TokenMask::near() {
  EMB_TRY(const std::uint32_t start, top_.top_of(whole_, state_, kTopPlaces));
  if (const auto found = nears_.find(start); found != nears_.end()) return &found->second;
  const TokenTree& tree = vocabulary_->tree();
  const auto nodes = tree.nodes();
  Near made{.bits = Bits((vocabulary_->size() + 63) / 64, 0), .open = {}};
  std::vector<std::uint32_t> states{start};  // by depth
  std::vector<bool> left{false};             // a stack went below what is known, on the way there
  for (std::uint32_t i = 0; i < nodes.size();) {
    const std::size_t depth = nodes[i].depth;
    states.resize(depth);
    left.resize(depth);
    EMB_TRY(const std::uint32_t state, top_.next(states.back(), nodes[i].byte));
    const bool alive =
        state != Automaton::kDead && (top_.goes_on(state) || top_.is_complete(state));
    const bool leaves = state != Automaton::kDead && top_.leaves(state);
    if (!alive) {
      if (leaves || left.back()) made.open.push_back(i);
      i = nodes[i].end;
      continue;
    }
    allow(tree, i, made.bits);
    states.push_back(state);
    left.push_back(left.back() || leaves);
    ++i;
  }
  near_bytes_ += made.bits.size() * sizeof(std::uint64_t) +
                 made.open.size() * sizeof(std::uint32_t) + sizeof(Near);
  return &nears_.emplace(start, std::move(made)).first->second;
}

Status TokenMask::allow_from(const TokenTree& tree, std::uint32_t node,
                             std::vector<std::uint32_t>& states, Bits& bits) {
  const auto nodes = tree.nodes();
  const std::uint32_t end = nodes[node].end;
  for (std::uint32_t i = node; i < end;) {
    states.resize(nodes[i].depth);
    EMB_TRY(const std::uint32_t state, whole_.next(states.back(), nodes[i].byte));
    if (state == Automaton::kDead) {
      i = nodes[i].end;
      continue;
    }
    allow(tree, i, bits);
    states.push_back(state);
    ++i;
  }
  return Done{};
}

Result<const TokenMask::Bits*> TokenMask::mask() {
  EMB_DO(begin());
  const bool at_first = at_first_ && vocabulary_->first_differs();
  if (!at_first) {
    if (const auto found = masks_.find(state_); found != masks_.end()) return &found->second;
  }
  if (masks_.size() >= kMasksMax) masks_.clear();
  const TokenTree& tree = vocabulary_->tree(at_first);
  const auto nodes = tree.nodes();
  Bits bits((vocabulary_->size() + 63) / 64, 0);
  std::vector<std::uint32_t> states{state_};
  const bool deep =
      whole_.depth(state_) + Automaton::kTopDepthMax + kTopPlaces > Automaton::kDepthMax;
  if (at_first || deep) {
    // Seldom: a token is asked about with all that is known.
    for (std::uint32_t i = 0; i < nodes.size(); i = nodes[i].end)
      EMB_DO(allow_from(tree, i, states, bits));
  } else if (whole_.goes_on(state_)) {
    EMB_TRY(const Near* known, near());
    bits = known->bits;
    std::string_view path;  // whose states are in `states`
    for (const std::uint32_t node : known->open) {
      // Some token begins as the node does, and says which bytes lead there.
      std::uint32_t some = node;
      while (nodes[some].token == TokenTree::kNone) ++some;
      const std::string_view way =
          vocabulary_->bytes_of(nodes[some].token).substr(0, nodes[node].depth - 1U);
      const auto shared = static_cast<std::size_t>(
          std::mismatch(path.begin(), path.end(), way.begin(), way.end()).second - way.begin());
      states.resize(std::min(states.size(), shared + 1));
      while (states.size() <= way.size()) {
        EMB_TRY(const std::uint32_t state,
                whole_.next(states.back(), static_cast<unsigned char>(way[states.size() - 1])));
        if (state == Automaton::kDead) break;
        states.push_back(state);
      }
      path = way.substr(0, states.size() - 1);
      if (path.size() == way.size()) EMB_DO(allow_from(tree, node, states, bits));
    }
  }
  if (whole_.is_complete(state_)) {
    for (const std::uint32_t id : vocabulary_->end_tokens())
      bits[id / 64] |= std::uint64_t{1} << (id % 64);
  }
  return &masks_.insert_or_assign(at_first ? Automaton::kDead : state_, std::move(bits))
              .first->second;
}

Status TokenMask::apply(std::span<float> logits) {
  if (ended_) return fail(Code::InvalidArgument, "the text has ended");
  EMB_TRY(const auto* bits, mask());
  constexpr float kNever = -std::numeric_limits<float>::infinity();
  // Only what is not allowed is touched, found by its bits.
  bool any = false;
  for (std::size_t begin = 0; begin < logits.size(); begin += 64) {
    const std::size_t count = std::min<std::size_t>(64, logits.size() - begin);
    const std::uint64_t all = count == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << count) - 1;
    const std::uint64_t word = begin / 64 < bits->size() ? (*bits)[begin / 64] & all : 0;
    any = any || word != 0;
    for (std::uint64_t left = ~word & all; left != 0; left &= left - 1)
      logits[begin + static_cast<std::size_t>(std::countr_zero(left))] = kNever;
  }
  if (!any)
    return fail(Code::InvalidArgument,
                "no token can come next: the grammar is a dead end for this model's vocabulary");
  return Done{};
}

Result<bool> TokenMask::allows(std::uint32_t token) {
  if (ended_ || token >= vocabulary_->size()) return false;
  EMB_TRY(const auto* bits, mask());
  return ((*bits)[token / 64] >> (token % 64) & 1) != 0;
}

Result<bool> TokenMask::complete() {
  EMB_DO(begin());
  return whole_.is_complete(state_);
}

Status TokenMask::accept(std::uint32_t token) {
  EMB_DO(begin());
  const auto refuse = [&] {
    return fail(Code::InvalidArgument, cat("token ", token, " may not come here"));
  };
  if (ended_ || token >= vocabulary_->size()) return refuse();
  const auto& ends = vocabulary_->end_tokens();
  if (std::find(ends.begin(), ends.end(), token) != ends.end()) {
    if (!whole_.is_complete(state_)) return refuse();
    ended_ = finished_ = true;
    return Done{};
  }
  const std::string_view bytes = vocabulary_->bytes_of(token, at_first_);
  if (bytes.empty()) return refuse();
  std::uint32_t state = state_;
  for (const char c : bytes) {
    EMB_TRY(state, whole_.next(state, static_cast<unsigned char>(c)));
    if (state == Automaton::kDead) return refuse();
  }
  state_ = state;
  at_first_ = false;
  finished_ = !whole_.goes_on(state_);
  return Done{};
}

}  // namespace embrace::transformers
