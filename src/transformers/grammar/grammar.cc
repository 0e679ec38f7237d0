#include "transformers/grammar/grammar.h"

#include <algorithm>
#include <span>
#include <utility>

#include "base/strings.h"
#include "transformers/tokenizers/unicode.h"

namespace embrace::transformers {

CodePoints normalized(CodePoints points) {
  std::sort(points.begin(), points.end());
  CodePoints out;
  for (const auto& [first, last] : points) {
    if (!out.empty() && first <= out.back().second + 1)
      out.back().second = std::max(out.back().second, last);
    else
      out.emplace_back(first, last);
  }
  return out;
}

CodePoints inverse(CodePoints points) {
  points.emplace_back(0xD800, 0xDFFF);
  CodePoints out;
  char32_t next = 0;
  for (const auto& [first, last] : normalized(std::move(points))) {
    if (first > next) out.emplace_back(next, first - 1);
    next = last + 1;
  }
  if (next <= 0x10FFFF) out.emplace_back(next, 0x10FFFF);
  return out;
}

GrammarBuilder::GrammarBuilder() : grammar_(std::make_shared<Grammar>()) {}

std::uint32_t GrammarBuilder::new_rule() {
  grammar_->rules_.emplace_back();
  return static_cast<std::uint32_t>(grammar_->rules_.size() - 1);
}

void GrammarBuilder::add_choice(std::uint32_t rule, Sequence sequence) {
  symbols_ += sequence.size() + 1;
  if (symbols_ <= Grammar::kSymbolsMax)
    grammar_->rules_[rule].choices.push_back(std::move(sequence));
}

// `set_hashes_` is a table of open addressing, at most half full; the size is a power of two.
std::uint32_t GrammarBuilder::set_index(const ByteSet& set) {
  constexpr std::uint32_t kFree = 0xFFFFFFFF;
  const auto place_of = [&](std::size_t hash, const ByteSet& wanted) {
    std::size_t at = hash & (set_hashes_.size() - 1);
    while (set_hashes_[at].second != kFree &&
           (set_hashes_[at].first != hash || grammar_->sets_[set_hashes_[at].second] != wanted))
      at = (at + 1) & (set_hashes_.size() - 1);
    return at;
  };
  if (2 * grammar_->sets_.size() >= set_hashes_.size()) {
    const auto old = std::exchange(set_hashes_, {});
    set_hashes_.assign(std::max<std::size_t>(64, 2 * old.size()), {0, kFree});
    for (const auto& [hash, index] : old) {
      if (index != kFree) set_hashes_[place_of(hash, grammar_->sets_[index])] = {hash, index};
    }
  }
  const std::size_t hash = std::hash<ByteSet>()(set);
  auto& [known, index] = set_hashes_[place_of(hash, set)];
  if (index == kFree) {
    known = hash;
    index = static_cast<std::uint32_t>(grammar_->sets_.size());
    grammar_->sets_.push_back(set);
  }
  return index;
}

GrammarSequence GrammarBuilder::bytes(const ByteSet& set) { return {{false, set_index(set)}}; }

GrammarSequence GrammarBuilder::literal(std::string_view text) {
  Sequence out;
  for (const char c : text) {
    ByteSet set;
    set.set(static_cast<unsigned char>(c));
    out.push_back({false, set_index(set)});
  }
  return out;
}

GrammarSequence GrammarBuilder::points(const CodePoints& given) {
  // Ranges are cut until each is a product of byte ranges: at lengths, then where continuation
  // bytes would not run from 80 to BF.
  std::vector<Sequence> choices;
  ByteSet ascii;
  CodePoints todo = normalized(given);
  while (!todo.empty()) {
    auto [first, last] = todo.back();
    todo.pop_back();
    if (first > last) continue;
    if (first < 0x80) {
      for (char32_t c = first; c <= std::min<char32_t>(last, 0x7F); ++c) ascii.set(c);
      if (last > 0x7F) todo.emplace_back(0x80, last);
      continue;
    }
    const auto cut = [&](char32_t at) {  // before `at`
      if (first >= at || last < at) return false;
      todo.emplace_back(first, at - 1);
      todo.emplace_back(at, last);
      return true;
    };
    if (cut(0x800) || cut(0x10000) || cut(0xD800) || cut(0xE000)) continue;
    if (first >= 0xD800 && last < 0xE000) continue;
    bool done = true;
    for (int low = 1; low < static_cast<int>(utf8_length(first)) && done; ++low) {
      const char32_t mask = (char32_t{1} << (6 * low)) - 1;
      if ((first & ~mask) == (last & ~mask)) continue;
      if ((first & mask) != 0) {
        done = !cut((first | mask) + 1);
      } else if ((last & mask) != mask) {
        done = !cut(last & ~mask);
      }
    }
    if (!done) continue;
    std::string low_bytes;
    std::string high_bytes;
    append_utf8(low_bytes, first);
    append_utf8(high_bytes, last);
    Sequence one;
    for (std::size_t i = 0; i < low_bytes.size(); ++i) {
      ByteSet set;
      for (unsigned b = static_cast<unsigned char>(low_bytes[i]);
           b <= static_cast<unsigned char>(high_bytes[i]); ++b)
        set.set(b);
      one.push_back({false, set_index(set)});
    }
    choices.push_back(std::move(one));
  }
  if (ascii.any()) choices.push_back(bytes(ascii));
  return choice(std::move(choices));
}

GrammarSequence GrammarBuilder::choice(std::vector<Sequence> choices) {
  if (choices.size() == 1) return std::move(choices.front());
  const std::uint32_t rule = new_rule();
  for (GrammarSequence& one : choices) add_choice(rule, std::move(one));
  return call(rule);
}

namespace {

// Texts that share their first `at` bytes, sorted and apart: what follows those.
GrammarSequence tree_of(GrammarBuilder& builder, std::span<const std::string> texts,
                        std::size_t at) {
  const std::string_view low = texts.front();
  const std::string_view high = texts.back();
  const auto shared = static_cast<std::size_t>(
      std::mismatch(low.begin(), low.end(), high.begin(), high.end()).first - low.begin());
  GrammarSequence out = builder.literal(low.substr(at, shared - at));
  if (texts.size() == 1) return out;
  std::vector<GrammarSequence> choices;
  if (low.size() == shared) {
    choices.emplace_back();
    texts = texts.subspan(1);
  }
  while (!texts.empty()) {
    std::size_t count = 1;
    while (count < texts.size() && texts[count][shared] == texts.front()[shared]) ++count;
    choices.push_back(tree_of(builder, texts.first(count), shared));
    texts = texts.subspan(count);
  }
  const GrammarSequence rest = builder.choice(std::move(choices));
  out.insert(out.end(), rest.begin(), rest.end());
  return out;
}

}  // namespace

GrammarSequence GrammarBuilder::one_of(std::vector<std::string> texts) {
  if (texts.empty()) return choice({});
  std::sort(texts.begin(), texts.end());
  texts.erase(std::unique(texts.begin(), texts.end()), texts.end());
  return tree_of(*this, texts, 0);
}

GrammarSequence GrammarBuilder::join(std::vector<Sequence> parts) {
  Sequence out;
  for (const Sequence& part : parts) out.insert(out.end(), part.begin(), part.end());
  return out;
}

Result<GrammarSequence> GrammarBuilder::repeat(const Sequence& sequence, std::uint32_t min,
                                               std::uint32_t max) {
  if (max < min) return fail(Code::InvalidArgument, "a repetition has bounds that can't be");
  if (min > Grammar::kRepeatMax || (max != kUnbounded && max > Grammar::kRepeatMax))
    return fail(Code::TooLarge,
                cat("a repetition of more than ", Grammar::kRepeatMax, " times is not supported"));
  Sequence one = sequence;
  if (one.size() > 1) {
    const std::uint32_t rule = new_rule();
    add_choice(rule, std::move(one));
    one = call(rule);
  }
  Sequence rest;
  if (max == kUnbounded) {
    const std::uint32_t rule = new_rule();
    add_choice(rule, join({one, call(rule)}));
    add_choice(rule, {});
    rest = call(rule);
  } else {
    for (std::uint32_t i = min; i < max; ++i) {
      const std::uint32_t rule = new_rule();
      add_choice(rule, join({one, rest}));
      add_choice(rule, {});
      rest = call(rule);
      EMB_DO(check_size());
    }
  }
  Sequence out;
  for (std::uint32_t i = 0; i < min; ++i) out.insert(out.end(), one.begin(), one.end());
  out.insert(out.end(), rest.begin(), rest.end());
  if (out.size() > Grammar::kSymbolsMax) return fail(Code::TooLarge, "the grammar is too large");
  return out;
}

Status GrammarBuilder::check_size() const {
  if (symbols_ > Grammar::kSymbolsMax || grammar_->rules_.size() > Grammar::kSymbolsMax)
    return fail(Code::TooLarge, "the grammar is too large");
  return Done{};
}

namespace {

// Rules of which some choice consists of symbols alone for which it holds, too. Each choice waits
// for the rules that it calls, so the work is that of reading all rules once.
template <class Holds>
std::vector<bool> settle(const std::vector<Grammar::Rule>& rules, const Holds& holds_for_set) {
  struct Waiting {
    std::uint32_t rule;
    std::size_t missing;
  };
  std::vector<Waiting> choices;
  std::vector<std::vector<std::uint32_t>> callers(rules.size());
  std::vector<bool> holds(rules.size(), false);
  std::vector<std::uint32_t> news;
  const auto settled = [&](std::uint32_t rule) {
    if (holds[rule]) return;
    holds[rule] = true;
    news.push_back(rule);
  };
  for (std::uint32_t rule = 0; rule < rules.size(); ++rule) {
    for (const GrammarSequence& one : rules[rule].choices) {
      const auto never = [&](const GrammarSymbol& symbol) {
        return !symbol.is_call && !holds_for_set(symbol.index);
      };
      if (std::any_of(one.begin(), one.end(), never)) continue;
      std::size_t calls = 0;
      for (const GrammarSymbol& symbol : one) {
        if (!symbol.is_call) continue;
        callers[symbol.index].push_back(static_cast<std::uint32_t>(choices.size()));
        ++calls;
      }
      choices.push_back({rule, calls});
      if (calls == 0) settled(rule);
    }
  }
  while (!news.empty()) {
    const std::uint32_t rule = news.back();
    news.pop_back();
    for (const std::uint32_t caller : callers[rule]) {
      if (--choices[caller].missing == 0) settled(choices[caller].rule);
    }
  }
  return holds;
}

// What a rule may begin with. `returns` when something of the caller comes after it.
struct FirstCall {
  std::uint32_t rule;
  bool returns;
};

// True when a rule can call itself, before any byte, with something left to do after it: then its
// stack would grow for ever. Cycles that leave nothing to do end where they began, and are
// harmless. Found in the strongly connected parts (Tarjan 1972).
bool is_left_recursive(const std::vector<std::vector<FirstCall>>& first) {
  constexpr std::uint32_t kNone = 0xFFFFFFFF;
  std::vector<std::uint32_t> order(first.size(), kNone);
  std::vector<std::uint32_t> low(first.size(), 0);
  std::vector<std::uint32_t> part(first.size(), kNone);
  std::vector<std::uint32_t> open;
  std::uint32_t count = 0;
  for (std::uint32_t root = 0; root < first.size(); ++root) {
    if (order[root] != kNone) continue;
    std::vector<std::pair<std::uint32_t, std::size_t>> path{{root, 0}};
    while (!path.empty()) {
      const std::uint32_t rule = path.back().first;
      if (path.back().second == 0 && order[rule] == kNone) {
        order[rule] = low[rule] = count++;
        open.push_back(rule);
      }
      if (path.back().second < first[rule].size()) {
        const std::uint32_t next = first[rule][path.back().second++].rule;
        if (order[next] == kNone) {
          path.emplace_back(next, 0);
        } else if (part[next] == kNone) {
          low[rule] = std::min(low[rule], order[next]);
        }
        continue;
      }
      path.pop_back();
      if (!path.empty()) low[path.back().first] = std::min(low[path.back().first], low[rule]);
      if (low[rule] != order[rule]) continue;
      while (part[rule] == kNone) {
        part[open.back()] = rule;
        open.pop_back();
      }
    }
  }
  for (std::uint32_t rule = 0; rule < first.size(); ++rule) {
    for (const FirstCall& call : first[rule]) {
      if (call.returns && part[rule] == part[call.rule]) return true;
    }
  }
  return false;
}

}  // namespace

Result<std::shared_ptr<const Grammar>> GrammarBuilder::finish(const Sequence& whole) {
  const std::uint32_t start = new_rule();
  add_choice(start, whole);
  EMB_DO(check_size());
  grammar_->start_ = start;
  auto& rules = grammar_->rules_;
  // Choices that no text can complete go, so that what is left never ends up nowhere.
  const auto has_texts =
      settle(rules, [&](std::uint32_t set) { return grammar_->sets_[set].any(); });
  if (!has_texts[start]) return fail(Code::InvalidArgument, "the grammar allows no text at all");
  for (Grammar::Rule& rule : rules) {
    std::erase_if(rule.choices, [&](const Sequence& one) {
      return std::any_of(one.begin(), one.end(), [&](const GrammarSymbol& symbol) {
        return symbol.is_call ? !has_texts[symbol.index] : grammar_->sets_[symbol.index].none();
      });
    });
  }
  const auto may_be_empty = settle(rules, [](std::uint32_t) { return false; });
  std::vector<std::vector<FirstCall>> first(rules.size());
  for (std::size_t i = 0; i < rules.size(); ++i) {
    for (const Sequence& one : rules[i].choices) {
      for (const GrammarSymbol& symbol : one) {
        if (symbol.is_call) first[i].push_back({symbol.index, &symbol != &one.back()});
        if (!symbol.is_call || !may_be_empty[symbol.index]) break;
      }
    }
  }
  if (is_left_recursive(first))
    return fail(Code::InvalidArgument, "a rule begins with itself (left recursion)");
  return std::shared_ptr<const Grammar>(std::move(grammar_));
}

}  // namespace embrace::transformers
