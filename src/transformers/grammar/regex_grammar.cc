// Regular expressions as grammars: alternation, groups, classes, quantifiers. What a grammar can't
// say (look-around, back references, \b) is NotBuilt.

#include <algorithm>

#include "base/strings.h"
#include "transformers/grammar/grammar.h"
#include "transformers/tokenizers/unicode.h"

namespace embrace::transformers {

namespace {

using Sequence = GrammarSequence;

constexpr unsigned kNestingMax = 100;

CodePoints class_of(char letter) {
  switch (letter) {
    case 'd':
      return {{'0', '9'}};
    case 'w':
      return {{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}};
    case 's':
      return {{'\t', '\r'}, {' ', ' '}};
    case 'D':
    case 'W':
      return inverse(class_of(static_cast<char>(letter | 0x20)));
    case 'S':  // and no white space of any dialect
      return inverse({{'\t', '\r'},
                      {0x1C, ' '},
                      {0x85, 0x85},
                      {0xA0, 0xA0},
                      {0x1680, 0x1680},
                      {0x2000, 0x200A},
                      {0x2028, 0x2029},
                      {0x202F, 0x202F},
                      {0x205F, 0x205F},
                      {0x3000, 0x3000},
                      {0xFEFF, 0xFEFF}});
    default:
      return {};
  }
}

class RegexParser {
 public:
  RegexParser(GrammarBuilder& builder, std::string_view pattern, Spelling spelling)
      : builder_(builder), pattern_(pattern), spelling_(spelling) {}

  Result<Sequence> run() {
    EMB_TRY(Sequence whole, choices());
    if (at_ != pattern_.size()) return wrong("an unexpected ')'");
    return whole;
  }

 private:
  std::unexpected<Error> wrong(std::string_view what) const {
    return fail(Code::InvalidArgument, cat("pattern: ", what, " at byte ", at_));
  }
  bool more() const { return at_ < pattern_.size(); }
  bool skip(char c) {
    if (!more() || pattern_[at_] != c) return false;
    ++at_;
    return true;
  }

  Result<Sequence> choices() {
    if (++depth_ > kNestingMax) return fail(Code::TooLarge, "pattern: nested too deeply");
    const std::size_t open_before = open_;
    std::vector<Sequence> all;
    do {
      Sequence one;
      while (more() && pattern_[at_] != '|' && pattern_[at_] != ')') {
        EMB_TRY(Sequence piece, repeated());
        one.insert(one.end(), piece.begin(), piece.end());
        EMB_DO(builder_.check_size());
        open_ += piece.size();
        if (open_ > Grammar::kSymbolsMax) return fail(Code::TooLarge, "the grammar is too large");
      }
      all.push_back(std::move(one));
    } while (skip('|'));
    --depth_;
    open_ = open_before;
    return builder_.choice(std::move(all));
  }

  Result<Sequence> repeated() {
    EMB_TRY(Sequence piece, atom());
    while (more()) {
      std::uint32_t min = 0;
      std::uint32_t max = GrammarBuilder::kUnbounded;
      if (skip('+')) {
        min = 1;
      } else if (skip('?')) {
        max = 1;
      } else if (!skip('*')) {
        const std::size_t before = at_;
        bool are_bounds = skip('{');
        if (are_bounds) {
          EMB_TRY(are_bounds, bounds(min, max));
        }
        if (!are_bounds) {
          at_ = before;
          return piece;
        }
      }
      skip('?');  // lazy or not, the same texts match
      EMB_TRY(piece, builder_.repeat(piece, min, max));
    }
    return piece;
  }

  // "2}", "2,}" or "2,5}"; otherwise the brace is a letter. So it is in ECMAScript's ",5}", but
  // Python reads that as "0,5}": one has to say which is meant.
  Result<bool> bounds(std::uint32_t& min, std::uint32_t& max) {
    const std::size_t end = pattern_.find('}', at_);
    if (end == pattern_.npos) return false;
    const std::string_view inside = pattern_.substr(at_, end - at_);
    const std::size_t comma = inside.find(',');
    if (comma == 0 && (inside.size() == 1 || parse_uint(inside.substr(1))))
      return fail(Code::NotBuilt,
                  cat("pattern: write {0", inside.substr(0, 20),
                      "} for a repetition from 0, or \\{ for the letter, at byte ", at_ - 1));
    const auto low = parse_uint(inside.substr(0, comma));
    if (!low) return false;
    max = min = static_cast<std::uint32_t>(std::min<std::uint64_t>(*low, 1U << 30));
    if (comma != inside.npos) {
      const auto high = parse_uint(inside.substr(comma + 1));
      if (!high && comma + 1 != inside.size()) return false;
      max = high ? static_cast<std::uint32_t>(std::min<std::uint64_t>(*high, 1U << 30))
                 : GrammarBuilder::kUnbounded;
    }
    at_ = end + 1;
    return true;
  }

  Result<Sequence> atom() {
    const char c = pattern_[at_];
    if (skip('(')) {
      if (skip('?') && !skip(':'))
        return fail(Code::NotBuilt, "pattern: only plain and (?:...) groups are supported");
      EMB_TRY(Sequence inside, choices());
      if (!skip(')')) return wrong("a group does not end");
      return inside;
    }
    if (skip('[')) {
      EMB_TRY(const CodePoints points, bracket());
      return spell(builder_, points, spelling_);
    }
    // What any dialect takes for the end of a line is left out.
    if (skip('.'))
      return spell(builder_, inverse({{'\n', '\n'}, {'\r', '\r'}, {0x2028, 0x2029}}), spelling_);
    if (c == '^' || c == '$')
      return fail(Code::NotBuilt, "pattern: ^ and $ may only stand at the ends");
    if (c == '*' || c == '+' || c == '?') return wrong("nothing to repeat");
    CodePoints points;
    EMB_DO(one(points));
    return spell(builder_, points, spelling_);
  }

  bool at_class() const {
    return at_ + 1 < pattern_.size() && pattern_[at_] == '\\' &&
           !class_of(pattern_[at_ + 1]).empty();
  }

  // One character or escape. In a class that is negated, \s is what \S leaves out, and the other
  // way round: what is written fits every dialect.
  Status one(CodePoints& points, bool negated = false) {
    if (!skip('\\')) {
      const char32_t c = next_code_point(pattern_, at_);
      points.emplace_back(c, c);
      return Done{};
    }
    if (!more()) return wrong("an escape does not end");
    const char c = pattern_[at_];
    if (CodePoints set = class_of(c); !set.empty()) {
      ++at_;
      if (negated && (c == 's' || c == 'S')) set = inverse(class_of(static_cast<char>(c ^ 0x20)));
      points.insert(points.end(), set.begin(), set.end());
      return Done{};
    }
    constexpr std::string_view kNames = "nrtfv0";
    constexpr std::string_view kValues("\n\r\t\f\v\0", 6);
    if (const std::size_t found = kNames.find(c); found != kNames.npos) {
      ++at_;
      points.emplace_back(kValues[found], kValues[found]);
      return Done{};
    }
    if (c == 'x' || c == 'u') {
      const std::size_t digits = c == 'x' ? 2 : 4;
      char32_t value = 0;
      if (at_ + 1 + digits > pattern_.size()) return wrong("an escape does not end");
      for (std::size_t i = 1; i <= digits; ++i) {
        const std::size_t digit =
            std::string_view("0123456789abcdef").find(static_cast<char>(pattern_[at_ + i] | 0x20));
        if (digit == std::string_view::npos) return wrong("a bad escape");
        value = value * 16 + static_cast<char32_t>(digit);
      }
      at_ += 1 + digits;
      points.emplace_back(value, value);
      return Done{};
    }
    if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'))
      return fail(Code::NotBuilt, cat("pattern: the escape \\", c, " is not supported"));
    const char32_t literal = next_code_point(pattern_, at_);
    points.emplace_back(literal, literal);
    return Done{};
  }

  Result<CodePoints> bracket() {
    const bool negated = skip('^');
    CodePoints points;
    bool first = true;
    while (first || !skip(']')) {
      if (!more()) return wrong("a class does not end");
      first = false;
      const bool is_set = at_class();
      CodePoints low;
      EMB_DO(one(low, negated));
      if (at_ + 1 < pattern_.size() && pattern_[at_] == '-' && pattern_[at_ + 1] != ']') {
        ++at_;
        const bool to_set = at_class();
        CodePoints high;
        EMB_DO(one(high, negated));
        if (is_set || to_set) {  // no range begins or ends with \d: the hyphen is a letter
          points.emplace_back('-', '-');
          points.insert(points.end(), high.begin(), high.end());
        } else {
          if (high[0].second < low[0].first) return wrong("a range runs backwards");
          low[0].second = high[0].second;
        }
      }
      points.insert(points.end(), low.begin(), low.end());
    }
    return negated ? inverse(std::move(points)) : points;
  }

  GrammarBuilder& builder_;
  std::string_view pattern_;
  Spelling spelling_;
  std::size_t at_ = 0;
  unsigned depth_ = 0;
  std::size_t open_ = 0;  // symbols of all alternatives that are not rules yet
};

CodePoints without(const CodePoints& points, const CodePoints& removed) {
  // What is in neither the inverse nor the removed.
  CodePoints out = inverse(points);
  out.insert(out.end(), removed.begin(), removed.end());
  return inverse(std::move(out));
}

bool has_choice_at_top(std::string_view pattern) {
  int depth = 0;
  bool in_class = false;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    const char c = pattern[i];
    if (c == '\\') {
      ++i;
    } else if (in_class) {
      in_class = c != ']' || i == 0 || pattern[i - 1] == '[' ||
                 (pattern[i - 1] == '^' && i > 1 && pattern[i - 2] == '[');
    } else if (c == '[') {
      in_class = true;
    } else if (c == '(' || c == ')') {
      depth += c == '(' ? 1 : -1;
    } else if (c == '|' && depth == 0) {
      return true;
    }
  }
  return false;
}

}  // namespace

GrammarSequence spell(GrammarBuilder& builder, const CodePoints& points, Spelling spelling) {
  if (spelling == Spelling::Plain) return builder.points(points);
  // A quote, a backslash and control characters are written as escapes.
  const CodePoints plain = without(points, {{0, 0x1F}, {'"', '"'}, {'\\', '\\'}});
  std::vector<Sequence> choices;
  if (!plain.empty()) choices.push_back(builder.points(plain));
  for (const char c : std::string_view("\"\\\n\r\t\b\f")) {
    const auto code = static_cast<char32_t>(c);
    const bool inside = std::any_of(points.begin(), points.end(), [&](const auto& range) {
      return range.first <= code && code <= range.second;
    });
    if (!inside) continue;
    constexpr std::string_view kFrom = "\n\r\t\b\f";
    const std::size_t named = kFrom.find(c);
    choices.push_back(builder.literal(cat('\\', named == kFrom.npos ? c : "nrtbf"[named])));
  }
  return builder.choice(std::move(choices));
}

Result<GrammarSequence> parse_regex(GrammarBuilder& builder, std::string_view pattern,
                                    Spelling spelling, bool anchored) {
  if (pattern.size() > Grammar::kSourceBytesMax)
    return fail(Code::TooLarge, "the pattern is too long");
  if (!is_valid_utf8(pattern)) return fail(Code::InvalidArgument, "the pattern is not UTF-8");
  // ^ and $ at the ends of the whole pattern; with a choice at the top they would bind tighter.
  const bool from_start = pattern.starts_with('^');
  std::size_t slashes = 0;
  while (slashes + 1 < pattern.size() && pattern[pattern.size() - 2 - slashes] == '\\') ++slashes;
  const bool to_end = pattern.ends_with('$') && slashes % 2 == 0;
  if (from_start) pattern.remove_prefix(1);
  if (to_end && !pattern.empty()) pattern.remove_suffix(1);
  if ((from_start || to_end) && !anchored && has_choice_at_top(pattern))
    return fail(Code::NotBuilt, "pattern: put a choice between ^ and $ into a group");
  EMB_TRY(Sequence inside, RegexParser(builder, pattern, spelling).run());
  const Sequence any = spell(builder, inverse({}), spelling);
  EMB_TRY(const Sequence anything, builder.repeat(any, 0, GrammarBuilder::kUnbounded));
  return GrammarBuilder::join({anchored || from_start ? Sequence{} : anything, inside,
                               anchored || to_end ? Sequence{} : anything});
}

Result<std::shared_ptr<const Grammar>> Grammar::from_regex(std::string_view pattern) {
  GrammarBuilder builder;
  EMB_TRY(const GrammarSequence whole, parse_regex(builder, pattern, Spelling::Plain, true));
  return builder.finish(whole);
}

}  // namespace embrace::transformers
