#include "transformers/tokenizers/bpe_search.h"

#include <algorithm>

namespace embrace::transformers {
namespace {

constexpr std::size_t kSymbolsMax = 64;          // of a token
constexpr std::size_t kAllSymbolsMax = 1 << 22;  // of all together
constexpr std::size_t kAttemptsMax = 4;  // that fail, for each symbol of a text; few texts have one

}  // namespace

BpeSearch::BpeSearch(const Merges& merges, std::uint32_t id_end)
    : merges_(merges), tokens_(id_end) {
  learn_tokens();
  plant_tokens();
}

void BpeSearch::learn_tokens() {
  const std::vector<Merges::Entry> learned = merges_.in_order();
  for (Token& token : tokens_) token.symbols = 1;
  for (const Merges::Entry& one : learned) tokens_[one.id].symbols = 0;
  for (std::uint32_t id = 0; id < tokens_.size(); ++id) {
    tokens_[id].symbols_begin = static_cast<std::uint32_t>(symbols_.size());
    if (tokens_[id].symbols == 1) symbols_.push_back(id);
  }
  for (const Merges::Entry& one : learned) {
    Token& token = tokens_[one.id];
    const Token& left = tokens_[one.left()];
    const Token& right = tokens_[one.right()];
    if (token.symbols != 0 || left.symbols == 0 || right.symbols == 0) continue;
    const std::uint32_t count = left.symbols + right.symbols;
    if (count > kSymbolsMax || symbols_.size() + count > kAllSymbolsMax) continue;
    if (!border_holds(one.left(), one.right(), one.rank)) continue;
    token.symbols_begin = static_cast<std::uint32_t>(symbols_.size());
    token.symbols = count;
    token.left = one.left();
    token.right = one.right();
    token.merge = one.rank + 1;
    for (const Token& part : {left, right}) {
      for (std::uint32_t i = 0; i < part.symbols; ++i) {
        symbols_.push_back(symbols_[part.symbols_begin + i]);
      }
    }
  }
}

void BpeSearch::plant_tokens() {
  std::vector<std::uint32_t> ids;  // short ones first, so that they are known to longer ones
  for (std::uint32_t id = 0; id < tokens_.size(); ++id) {
    if (tokens_[id].symbols > 1) ids.push_back(id);
  }
  std::stable_sort(ids.begin(), ids.end(), [&](std::uint32_t a, std::uint32_t b) {
    return tokens_[a].symbols < tokens_[b].symbols;
  });
  steps_.resize(64);
  std::size_t used = 0;
  auto nodes = static_cast<std::uint32_t>(tokens_.size());
  for (const std::uint32_t id : ids) {
    Token& token = tokens_[id];
    std::uint32_t node = symbols_[token.symbols_begin];
    token.shorter = node;
    for (std::uint32_t i = 1; i < token.symbols; ++i) {
      const std::uint32_t symbol = symbols_[token.symbols_begin + i];
      const bool last = i + 1 == token.symbols;
      Step& step = steps_[place(node, symbol)];
      if (step.before == kNone) {
        step = {node, symbol, last ? id : nodes++};
        ++used;
      }
      node = step.node;
      if (!last && node < tokens_.size()) token.shorter = node;
    }
    if ((used + kSymbolsMax) * 2 > steps_.size()) grow_steps();
  }
}

void BpeSearch::grow_steps() {
  std::vector<Step> old(steps_.size() * 2);
  old.swap(steps_);
  for (const Step& step : old) {
    if (step.before != kNone) steps_[place(step.before, step.symbol)] = step;
  }
}

// Whether nothing merges across the border of two tokens before the merge of rank `until`. Looks
// back from the end: of what stands left and right of the border the younger is taken apart, and
// what stood there until then must not have been a pair that is merged earlier than that. (Of two
// merges of one rank the left one is earlier.)
bool BpeSearch::border_holds(std::uint32_t left, std::uint32_t right, std::uint32_t until) const {
  while (merges_.find(left, right).rank >= until) {
    const Token& before = tokens_[left];
    const Token& behind = tokens_[right];
    if (before.merge > behind.merge) {
      until = before.merge - 1;
      left = before.right;
    } else if (behind.merge > 0) {
      until = behind.merge;
      right = behind.left;
    } else {
      return true;
    }
  }
  return false;
}

std::size_t BpeSearch::place(std::uint32_t before, std::uint32_t symbol) const {
  std::uint64_t hash = (std::uint64_t{before} << 32 | symbol) * 0x9E3779B97F4A7C15ULL;
  hash ^= hash >> 32;
  const std::size_t mask = steps_.size() - 1;
  std::size_t at = hash & mask;
  while (steps_[at].before != kNone &&
         (steps_[at].before != before || steps_[at].symbol != symbol)) {
    at = (at + 1) & mask;
  }
  return at;
}

std::uint32_t BpeSearch::longest_at(const std::vector<Symbol>& symbols, std::size_t at) const {
  std::uint32_t node = symbols[at].id;
  std::uint32_t longest = tokens_[node].symbols == 1 ? node : kNone;
  while (++at < symbols.size()) {
    const Step& found = steps_[place(node, symbols[at].id)];
    if (found.before == kNone) break;
    node = found.node;
    if (node < tokens_.size()) longest = node;
  }
  return longest;
}

bool BpeSearch::merge(std::vector<Symbol>& symbols, Memory& memory) const {
  std::vector<Memory::Chosen>& row = memory.row_;
  row.clear();
  std::size_t attempts_left = kAttemptsMax * symbols.size();
  for (std::size_t at = 0; at < symbols.size();) {
    std::uint32_t token = longest_at(symbols, at);
    while (token == kNone || (!row.empty() && !border_holds(row.back().id, token, kNone))) {
      if (attempts_left-- == 0) return false;
      if (token != kNone) {
        token = tokens_[token].shorter;
      } else if (row.empty()) {
        return false;
      } else {
        at = row.back().begin;
        token = tokens_[row.back().id].shorter;
        row.pop_back();
      }
    }
    row.push_back({token, static_cast<std::uint32_t>(at)});
    at += tokens_[token].symbols;
  }
  for (std::size_t i = 0; i < row.size(); ++i) {
    const std::size_t end = i + 1 < row.size() ? row[i + 1].begin : symbols.size();
    Symbol made{row[i].id, 0};
    for (std::size_t at = row[i].begin; at < end; ++at) made.length += symbols[at].length;
    symbols[i] = made;
  }
  symbols.resize(row.size());
  return true;
}

}  // namespace embrace::transformers
