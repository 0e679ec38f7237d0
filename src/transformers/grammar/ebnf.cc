// Grammars as text: rules of literals, character classes, groups and repeats. The notation is that
// of the EBNF family which servers for language models take.

#include <algorithm>
#include <map>

#include "base/strings.h"
#include "transformers/grammar/grammar.h"
#include "transformers/tokenizers/unicode.h"

namespace embrace::transformers {

namespace {

using Sequence = GrammarSequence;

constexpr unsigned kNestingMax = 100;

bool is_name_byte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_';
}

class EbnfParser {
 public:
  explicit EbnfParser(std::string_view source) : source_(source) {}

  Result<std::shared_ptr<const Grammar>> run() {
    pass_blank(true);
    while (more()) EMB_DO(rule());
    for (const auto& [name, known] : rules_) {
      if (!known.defined)
        return fail(Code::InvalidArgument,
                    cat("grammar: there is no rule '", name.substr(0, 60), "'"));
    }
    const auto root = rules_.find("root");
    if (root == rules_.end())
      return fail(Code::InvalidArgument, "grammar: there is no rule 'root'");
    return builder_.finish(builder_.call(root->second.index));
  }

 private:
  struct Known {
    std::uint32_t index = 0;
    bool defined = false;
  };

  bool more() const { return at_ < source_.size(); }
  std::unexpected<Error> wrong(std::string_view what) const {
    const auto line =
        1 + std::count(source_.begin(),
                       source_.begin() + static_cast<std::ptrdiff_t>(std::min(at_, source_.size())),
                       '\n');
    return fail(Code::InvalidArgument, cat("grammar, line ", line, ": ", what));
  }
  bool skip(std::string_view text) {
    if (source_.substr(at_, text.size()) != text) return false;
    at_ += text.size();
    return true;
  }
  // Blanks and comments; ends of lines only inside of brackets and between rules.
  void pass_blank(bool lines) {
    while (more()) {
      const char c = source_[at_];
      if (c == '#') {
        while (more() && source_[at_] != '\n') ++at_;
      } else if (c == ' ' || c == '\t' || (lines && (c == '\n' || c == '\r'))) {
        ++at_;
      } else {
        return;
      }
    }
  }
  std::string name() {
    const std::size_t begin = at_;
    while (more() && is_name_byte(source_[at_])) ++at_;
    return std::string(source_.substr(begin, at_ - begin));
  }
  Known& known(const std::string& name) {
    const auto [found, is_new] = rules_.try_emplace(name);
    if (is_new) found->second.index = builder_.new_rule();
    return found->second;
  }

  Status rule() {
    const std::string own = name();
    if (own.empty()) return wrong("a rule begins with its name");
    pass_blank(false);
    if (!skip("::=")) return wrong("expected '::='");
    pass_blank(true);
    EMB_TRY(Sequence body, choices(false));
    Known& entry = known(own);
    if (entry.defined) return wrong(cat("the rule '", own.substr(0, 60), "' is defined twice"));
    entry.defined = true;
    builder_.add_choice(entry.index, std::move(body));
    if (more() && source_[at_] != '\n' && source_[at_] != '\r')
      return wrong("an unexpected character");
    pass_blank(true);
    return builder_.check_size();
  }

  Result<Sequence> choices(bool nested) {
    if (++depth_ > kNestingMax) return fail(Code::TooLarge, "grammar: nested too deeply");
    const std::size_t open_before = open_;
    std::vector<Sequence> all;
    while (true) {
      EMB_TRY(Sequence one, sequence(nested));
      all.push_back(std::move(one));
      if (!skip("|")) break;
      pass_blank(true);
    }
    --depth_;
    open_ = open_before;
    return builder_.choice(std::move(all));
  }

  Result<Sequence> sequence(bool nested) {
    Sequence out;
    while (more()) {
      pass_blank(nested);
      if (!more()) break;
      const char c = source_[at_];
      Sequence piece;
      if (c == '"') {
        EMB_TRY(piece, text());
      } else if (c == '[') {
        EMB_TRY(piece, bracket());
      } else if (c == '.') {
        ++at_;
        piece = builder_.points(inverse({}));
      } else if (c == '(') {
        ++at_;
        EMB_TRY(piece, choices(true));
        pass_blank(true);
        if (!skip(")")) return wrong("expected ')'");
      } else if (is_name_byte(c)) {
        piece = builder_.call(known(name()).index);
      } else {
        break;
      }
      EMB_TRY(piece, repeated(std::move(piece)));
      out.insert(out.end(), piece.begin(), piece.end());
      EMB_DO(builder_.check_size());
      open_ += piece.size();
      if (open_ > Grammar::kSymbolsMax) return fail(Code::TooLarge, "the grammar is too large");
    }
    return out;
  }

  Result<Sequence> repeated(Sequence piece) {
    while (more()) {
      if (skip("*")) {
        EMB_TRY(piece, builder_.repeat(piece, 0, GrammarBuilder::kUnbounded));
      } else if (skip("+")) {
        EMB_TRY(piece, builder_.repeat(piece, 1, GrammarBuilder::kUnbounded));
      } else if (skip("?")) {
        EMB_TRY(piece, builder_.repeat(piece, 0, 1));
      } else if (skip("{")) {
        const std::size_t end = std::min(source_.find('}', at_), source_.size());
        const std::string_view inside = source_.substr(at_, end - at_);
        const std::size_t comma = inside.find(',');
        const auto low = parse_uint(trim(inside.substr(0, comma)));
        std::uint64_t high = low.value_or(0);
        if (comma != inside.npos) {
          const std::string_view upper_text = trim(inside.substr(comma + 1));
          const auto given = parse_uint(upper_text);
          if (!given && !upper_text.empty()) return wrong("bad bounds of a repetition");
          high = given.value_or(GrammarBuilder::kUnbounded);
        }
        if (!low || end == source_.size()) return wrong("bad bounds of a repetition");
        at_ = end + 1;
        const auto clamp = [](std::uint64_t number) {
          return static_cast<std::uint32_t>(
              std::min<std::uint64_t>(number, GrammarBuilder::kUnbounded));
        };
        EMB_TRY(piece, builder_.repeat(piece, clamp(*low), clamp(high)));
      } else {
        break;
      }
    }
    return piece;
  }

  Result<char32_t> letter() {
    if (!more()) return wrong("unexpected end");
    if (source_[at_] != '\\') return next_code_point(source_, at_);
    ++at_;
    if (!more()) return wrong("unexpected end");
    const char c = source_[at_++];
    constexpr std::string_view kNames = "nrt\\\"[]-^";
    constexpr std::string_view kValues = "\n\r\t\\\"[]-^";
    if (const std::size_t found = kNames.find(c); found != kNames.npos)
      return static_cast<char32_t>(kValues[found]);
    const std::size_t digits = c == 'x' ? 2 : c == 'u' ? 4 : c == 'U' ? 8 : 0;
    if (digits == 0 || at_ + digits > source_.size()) return wrong("an unknown escape");
    char32_t value = 0;
    for (std::size_t i = 0; i < digits; ++i) {
      const std::size_t digit =
          std::string_view("0123456789abcdef").find(static_cast<char>(source_[at_++] | 0x20));
      if (digit == std::string_view::npos) return wrong("a bad escape");
      value = value * 16 + static_cast<char32_t>(digit);
    }
    if (value > 0x10FFFF || (value >= 0xD800 && value < 0xE000))
      return wrong("an escape is no character");
    return value;
  }

  Result<Sequence> text() {
    ++at_;
    std::string bytes;
    while (!skip("\"")) {
      EMB_TRY(const char32_t c, letter());
      append_utf8(bytes, c);
    }
    return builder_.literal(bytes);
  }

  Result<Sequence> bracket() {
    ++at_;
    const bool negated = skip("^");
    CodePoints points;
    while (!skip("]")) {
      EMB_TRY(const char32_t first, letter());
      char32_t last = first;
      if (at_ + 1 < source_.size() && source_[at_] == '-' && source_[at_ + 1] != ']') {
        ++at_;
        EMB_TRY(last, letter());
        if (last < first) return wrong("a range runs backwards");
      }
      points.emplace_back(first, last);
    }
    return builder_.points(negated ? inverse(std::move(points)) : points);
  }

  GrammarBuilder builder_;
  std::string_view source_;
  std::size_t at_ = 0;
  unsigned depth_ = 0;
  std::size_t open_ = 0;  // symbols of all alternatives that are not rules yet
  std::map<std::string, Known> rules_;
};

}  // namespace

Result<std::shared_ptr<const Grammar>> Grammar::from_ebnf(std::string_view source) {
  if (source.size() > kSourceBytesMax) return fail(Code::TooLarge, "the grammar is too long");
  if (!is_valid_utf8(source)) return fail(Code::InvalidArgument, "the grammar is not UTF-8");
  return EbnfParser(source).run();
}

}  // namespace embrace::transformers
