#include "transformers/templates/lexer.h"

#include <algorithm>
#include <charconv>

#include "base/strings.h"
#include "transformers/templates/python_text.h"
#include "transformers/tokenizers/unicode.h"

namespace embrace::transformers {

namespace {

using Kind = TemplateToken::Kind;

bool is_digit_byte(char c) { return c >= '0' && c <= '9'; }

class Lexer {
 public:
  explicit Lexer(std::string source) : source_(std::move(source)) {}

  Result<std::vector<TemplateToken>> run() {
    while (at_ < source_.size()) EMB_DO(data());
    add(Kind::End, "end of template");
    return std::move(tokens_);
  }

 private:
  std::unexpected<Error> wrong(std::string_view what) const {
    return fail(Code::InvalidArgument, cat("line ", line_, ": ", what));
  }
  void add(Kind kind, std::string text) { tokens_.push_back({kind, std::move(text), line_, 0, 0}); }
  bool sees(std::string_view what) const {
    return std::string_view(source_).substr(at_, what.size()) == what;
  }
  // Moves on, counting lines.
  void pass_to(std::size_t end) {
    line_ += static_cast<std::uint32_t>(
        std::count(source_.begin() + static_cast<std::ptrdiff_t>(at_),
                   source_.begin() + static_cast<std::ptrdiff_t>(end), '\n'));
    if (end > at_) line_starting_ = source_[end - 1] == '\n';
    at_ = end;
  }
  std::size_t after_spaces(std::size_t at) const {
    while (at < source_.size()) {
      std::size_t next = at;
      if (!is_python_space(next_code_point(source_, next))) break;
      at = next;
    }
    return at;
  }

  // Where the closing tag at `at` ends; npos when there is none. "-%}" takes the white space
  // behind it, "%}" one newline, "+%}" nothing.
  std::size_t end_of_tag(std::size_t at, std::string_view close, bool trims, bool plus) const {
    const std::string_view rest = std::string_view(source_).substr(at);
    if (rest.starts_with('-') && rest.substr(1).starts_with(close))
      return after_spaces(at + 1 + close.size());
    if (plus && rest.starts_with('+') && rest.substr(1).starts_with(close))
      return at + 1 + close.size();
    if (!rest.starts_with(close)) return std::string::npos;
    const std::size_t end = at + close.size();
    return trims && end < source_.size() && source_[end] == '\n' ? end + 1 : end;
  }

  // "{% raw %}" at `at`: where it ends, and its sign.
  std::size_t end_of_word_tag(std::size_t at, std::string_view word, bool trims, bool plus) const {
    std::size_t next = at + 2;
    if (next < source_.size() && (source_[next] == '-' || source_[next] == '+')) ++next;
    next = after_spaces(next);
    if (std::string_view(source_).substr(next, word.size()) != word) return std::string::npos;
    return end_of_tag(after_spaces(next + word.size()), "%}", trims, plus);
  }

  // Text before a tag that begins with `sign`, without what the tag takes of it.
  void add_data(std::string_view text, char sign, bool is_output) {
    std::string_view kept = text;
    if (sign == '-') {
      kept = strip(text, Side::Right);
    } else if (sign != '+' && !is_output) {
      const std::size_t newline = text.rfind('\n');
      const std::size_t begin = newline == text.npos ? 0 : newline + 1;
      if ((begin > 0 || line_starting_) && strip(text.substr(begin), Side::Both).empty())
        kept = text.substr(0, begin);
    }
    if (!kept.empty()) add(Kind::Data, std::string(kept));
  }

  char sign_at(std::size_t at) const {
    return at < source_.size() && (source_[at] == '-' || source_[at] == '+') ? source_[at] : ' ';
  }

  Status data() {
    std::size_t open = at_;
    while (true) {
      open = source_.find('{', open);
      if (open == std::string::npos) {
        add(Kind::Data, source_.substr(at_));
        pass_to(source_.size());
        return Done{};
      }
      const char next = open + 1 < source_.size() ? source_[open + 1] : ' ';
      if (next == '%' || next == '{' || next == '#') break;
      ++open;
    }
    const char kind = source_[open + 1];
    const char sign = sign_at(open + 2);
    add_data(std::string_view(source_).substr(at_, open - at_), sign, kind == '{');
    if (kind == '%') {
      if (const std::size_t raw = raw_begin(open); raw != std::string::npos) {
        pass_to(raw);
        return read_raw();
      }
    }
    pass_to(open + (sign == ' ' ? 2 : 3));
    if (kind == '#') return comment();
    add(kind == '{' ? Kind::OutputBegin : Kind::BlockBegin, kind == '{' ? "{{" : "{%");
    return inside(kind == '{');
  }

  std::size_t raw_begin(std::size_t open) const {
    return end_of_word_tag(open, "raw", false, false);
  }

  Status read_raw() {
    for (std::size_t open = source_.find("{%", at_); open != std::string::npos;
         open = source_.find("{%", open + 1)) {
      const std::size_t end = end_of_word_tag(open, "endraw", true, true);
      if (end == std::string::npos) continue;
      add_data(std::string_view(source_).substr(at_, open - at_), sign_at(open + 2), false);
      pass_to(end);
      return Done{};
    }
    return wrong("Missing end of raw directive");
  }

  Status comment() {
    const std::size_t close = source_.find("#}", at_);
    if (close == std::string::npos) return wrong("Missing end of comment tag");
    const bool sign = close > at_ && (source_[close - 1] == '-' || source_[close - 1] == '+');
    pass_to(end_of_tag(sign ? close - 1 : close, "#}", true, true));
    return Done{};
  }

  Status inside(bool is_output) {
    std::string open_brackets;  // a closing tag counts only outside of brackets
    while (true) {
      if (open_brackets.empty()) {
        const std::size_t end =
            is_output ? end_of_tag(at_, "}}", false, false) : end_of_tag(at_, "%}", true, true);
        if (end != std::string::npos) {
          add(is_output ? Kind::OutputEnd : Kind::BlockEnd, is_output ? "}}" : "%}");
          pass_to(end);
          return Done{};
        }
      }
      if (at_ >= source_.size()) return wrong("unexpected end of template inside a tag");
      const std::size_t spaces = after_spaces(at_);
      if (spaces != at_) {
        pass_to(spaces);
        continue;
      }
      const char c = source_[at_];
      if (is_digit_byte(c)) {
        EMB_DO(number());
      } else if (c == '\'' || c == '"') {
        EMB_DO(string(c));
      } else if (c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c & 0x80) != 0) {
        EMB_DO(name());
      } else {
        EMB_DO(symbol(open_brackets));
      }
    }
  }

  Status name() {
    std::size_t end = at_;
    while (end < source_.size()) {
      std::size_t next = end;
      const char32_t c = next_code_point(source_, next);
      std::string one = "_";
      append_utf8(one, c);
      if (!is_identifier(one)) break;
      end = next;
    }
    if (end - at_ > kNameBytesMax)
      return fail(Code::TooLarge, cat("line ", line_, ": a name is too long"));
    const std::string text = source_.substr(at_, end - at_);
    if (!is_identifier(text)) return wrong("unexpected character in a tag");
    add(Kind::Name, text);
    pass_to(end);
    return Done{};
  }

  // Digits with single underscores between them.
  std::size_t after_digits(std::size_t at, std::string_view digits) const {
    std::size_t end = at;
    while (at < source_.size()) {
      if (digits.find(source_[at]) != digits.npos) {
        end = ++at;
      } else if (source_[at] == '_' && at == end && end > 0) {
        ++at;
      } else {
        break;
      }
    }
    return end;
  }

  Status number() {
    constexpr std::string_view kDecimal = "0123456789";
    const std::size_t whole = after_digits(at_, kDecimal);
    std::size_t end = whole;
    const auto digit_at = [&](std::size_t at) {
      return at < source_.size() && is_digit_byte(source_[at]);
    };
    if (end < source_.size() && source_[end] == '.' && digit_at(end + 1))
      end = after_digits(end + 1, kDecimal);
    if (end < source_.size() && (source_[end] == 'e' || source_[end] == 'E')) {
      std::size_t digits = end + 1;
      if (digits < source_.size() && (source_[digits] == '+' || source_[digits] == '-')) ++digits;
      if (digit_at(digits)) end = after_digits(digits, kDecimal);
    }
    const bool after_point = at_ > 0 && source_[at_ - 1] == '.';
    if (end != whole && !after_point) {
      std::string digits = source_.substr(at_, end - at_);
      std::erase(digits, '_');
      add(Kind::Float, digits);
      double& value = tokens_.back().number;
      const auto result = std::from_chars(digits.data(), digits.data() + digits.size(), value);
      if (result.ec == std::errc::result_out_of_range) value = std::strtod(digits.c_str(), nullptr);
      pass_to(end);
      return Done{};
    }
    int base = 10;
    std::size_t begin = at_;
    end = whole;
    if (source_[at_] == '0') {
      const char letter =
          at_ + 1 < source_.size() ? static_cast<char>(source_[at_ + 1] | 0x20) : ' ';
      const std::string_view digits = letter == 'x'   ? "0123456789abcdefABCDEF"
                                      : letter == 'o' ? "01234567"
                                      : letter == 'b' ? "01"
                                                      : "";
      const std::size_t after = digits.empty() ? at_ : after_digits(at_ + 2, digits);
      if (after > at_ + 2) {
        base = letter == 'x' ? 16 : letter == 'o' ? 8 : 2;
        begin = at_ + 2;
        end = after;
      } else {
        end = after_digits(at_, "0");
      }
    }
    std::string digits = source_.substr(begin, end - begin);
    std::erase(digits, '_');
    add(Kind::Integer, digits);
    const auto result =
        std::from_chars(digits.data(), digits.data() + digits.size(), tokens_.back().integer, base);
    if (result.ec != std::errc())
      return wrong(cat("the number ", digits.substr(0, 40), " is too large"));
    pass_to(end);
    return Done{};
  }

  Status string(char quote) {
    std::string text;
    std::size_t at = at_ + 1;
    while (true) {
      if (at >= source_.size()) return wrong("a string does not end");
      const char c = source_[at++];
      if (c == quote) break;
      if (c != '\\') {
        text += c;
        continue;
      }
      if (at >= source_.size()) return wrong("a string does not end");
      EMB_DO(escape(at, text));
    }
    add(Kind::String, std::move(text));
    pass_to(at);
    return Done{};
  }

  // Python's escapes; an unknown one stays as it is written.
  Status escape(std::size_t& at, std::string& text) {
    const char c = source_[at++];
    const auto digits = [&](std::size_t count) -> Status {
      std::uint32_t value = 0;
      const char* begin = source_.data() + at;
      const std::size_t room = source_.size() - at;
      const auto result = std::from_chars(begin, begin + std::min(count, room), value, 16);
      if (result.ptr != begin + count || value > 0x10FFFF)
        return wrong("a string has a bad escape");
      if (value >= 0xD800 && value < 0xE000)
        return wrong("a string has half of a surrogate pair, which is no character");
      append_utf8(text, value);
      at += count;
      return Done{};
    };
    switch (c) {
      case '\n':
        return Done{};
      case '\\':
      case '\'':
      case '"':
        text += c;
        return Done{};
      case 'a':
        text += '\a';
        return Done{};
      case 'b':
        text += '\b';
        return Done{};
      case 'f':
        text += '\f';
        return Done{};
      case 'n':
        text += '\n';
        return Done{};
      case 'r':
        text += '\r';
        return Done{};
      case 't':
        text += '\t';
        return Done{};
      case 'v':
        text += '\v';
        return Done{};
      case 'x':
        return digits(2);
      case 'u':
        return digits(4);
      case 'U':
        return digits(8);
      case 'N':
        return wrong("characters can't be named in a string");
      default:
        break;
    }
    if (c >= '0' && c <= '7') {
      std::uint32_t value = static_cast<std::uint32_t>(c - '0');
      for (int i = 0; i < 2 && at < source_.size() && source_[at] >= '0' && source_[at] <= '7'; ++i)
        value = value * 8 + static_cast<std::uint32_t>(source_[at++] - '0');
      append_utf8(text, value);
      return Done{};
    }
    text += '\\';
    text += c;
    return Done{};
  }

  Status symbol(std::string& open_brackets) {
    for (const std::string_view two : {"//", "**", "==", "!=", ">=", "<="}) {
      if (!sees(two)) continue;
      add(Kind::Operator, std::string(two));
      pass_to(at_ + 2);
      return Done{};
    }
    const char c = source_[at_];
    if (std::string_view("+-/*%~[](){}><=.:|,;").find(c) == std::string_view::npos)
      return wrong(cat("unexpected char '", c, "'"));
    if (c == '{') open_brackets += '}';
    if (c == '(') open_brackets += ')';
    if (c == '[') open_brackets += ']';
    if (c == '}' || c == ')' || c == ']') {
      if (open_brackets.empty()) return wrong(cat("unexpected '", c, "'"));
      if (open_brackets.back() != c)
        return wrong(cat("unexpected '", c, "', expected '", open_brackets.back(), "'"));
      open_brackets.pop_back();
    }
    add(Kind::Operator, std::string(1, c));
    pass_to(at_ + 1);
    return Done{};
  }

  std::string source_;
  std::size_t at_ = 0;
  std::uint32_t line_ = 1;
  bool line_starting_ = true;
  std::vector<TemplateToken> tokens_;
};

}  // namespace

Result<std::vector<TemplateToken>> read_template_tokens(std::string_view source) {
  if (source.size() > kTemplateBytesMax) return fail(Code::TooLarge, "the template is too long");
  // All ends of lines become '\n', and the last one goes.
  std::string text;
  text.reserve(source.size());
  for (std::size_t i = 0; i < source.size(); ++i) {
    if (source[i] != '\r') {
      text += source[i];
      continue;
    }
    text += '\n';
    if (i + 1 < source.size() && source[i + 1] == '\n') ++i;
  }
  if (text.ends_with('\n')) text.pop_back();
  return Lexer(std::move(text)).run();
}

}  // namespace embrace::transformers
