#include "transformers/grammar/grammar.h"

#include <algorithm>

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

std::uint32_t GrammarBuilder::set_index(const ByteSet& set) {
  const std::size_t hash = std::hash<ByteSet>()(set);
  for (const auto& [other, index] : set_hashes_) {
    if (other == hash && grammar_->sets_[index] == set) return index;
  }
  grammar_->sets_.push_back(set);
  const auto index = static_cast<std::uint32_t>(grammar_->sets_.size() - 1);
  set_hashes_.emplace_back(hash, index);
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
  for (Sequence& one : choices) add_choice(rule, std::move(one));
  return call(rule);
}

GrammarSequence GrammarBuilder::join(std::vector<Sequence> parts) {
  Sequence out;
  for (const Sequence& part : parts) out.insert(out.end(), part.begin(), part.end());
  return out;
}

Result<GrammarSequence> GrammarBuilder::repeat(const Sequence& sequence, std::uint32_t min,
                                               std::uint32_t max) {
  if (min > Grammar::kRepeatMax || (max != kUnbounded && (max > Grammar::kRepeatMax || max < min)))
    return fail(max < min ? Code::InvalidArgument : Code::TooLarge,
                "a repetition has bounds that can't be");
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

Result<std::shared_ptr<const Grammar>> GrammarBuilder::finish(const Sequence& whole) {
  const std::uint32_t start = new_rule();
  add_choice(start, whole);
  EMB_DO(check_size());
  grammar_->start_ = start;
  const auto& rules = grammar_->rules_;
  // Which rules may be empty: again and again, until nothing changes. Callers come after what
  // they call as a rule, so few rounds are needed.
  std::vector<bool> empty(rules.size(), false);
  const auto may_be_empty = [&](const GrammarSymbol& symbol) {
    return symbol.is_call && empty[symbol.index];
  };
  for (bool changed = true; changed;) {
    changed = false;
    for (std::size_t i = 0; i < rules.size(); ++i) {
      if (empty[i]) continue;
      for (const Sequence& one : rules[i].choices) {
        if (!std::all_of(one.begin(), one.end(), may_be_empty)) continue;
        empty[i] = changed = true;
        break;
      }
    }
  }
  // A cycle of first calls is left recursion.
  std::vector<std::vector<std::uint32_t>> first(rules.size());
  for (std::size_t i = 0; i < rules.size(); ++i) {
    for (const Sequence& one : rules[i].choices) {
      for (const GrammarSymbol& symbol : one) {
        if (symbol.is_call) first[i].push_back(symbol.index);
        if (!may_be_empty(symbol)) break;
      }
    }
  }
  std::vector<std::uint8_t> seen(rules.size(), 0);  // 1: on the path, 2: done
  for (std::uint32_t root = 0; root < rules.size(); ++root) {
    if (seen[root] != 0) continue;
    std::vector<std::pair<std::uint32_t, std::size_t>> path{{root, 0}};
    seen[root] = 1;
    while (!path.empty()) {
      auto& [rule, at] = path.back();
      if (at == first[rule].size()) {
        seen[rule] = 2;
        path.pop_back();
        continue;
      }
      const std::uint32_t next = first[rule][at++];
      if (seen[next] == 1)
        return fail(Code::InvalidArgument,
                    "a rule begins with itself, or repeats what may be empty");
      if (seen[next] == 2) continue;
      seen[next] = 1;
      path.emplace_back(next, 0);
    }
  }
  return std::shared_ptr<const Grammar>(std::move(grammar_));
}

}  // namespace embrace::transformers
