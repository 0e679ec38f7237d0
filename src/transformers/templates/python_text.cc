#include "transformers/templates/python_text.h"

#include <unicode/uchar.h>
#include <unicode/ustring.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/strings.h"
#include "transformers/tokenizers/unicode.h"

namespace embrace::transformers {

namespace {

UChar32 point(char32_t c) { return static_cast<UChar32>(c); }

// One of ICU's full case mappings, on UTF-16.
template <class Map>
std::string mapped(std::string_view text, Map map) {
  std::vector<UChar> source;
  source.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const char32_t c = next_code_point(text, at);
    if (c < 0x10000) {
      source.push_back(static_cast<UChar>(c));
    } else {
      source.push_back(static_cast<UChar>(0xD800 + ((c - 0x10000) >> 10)));
      source.push_back(static_cast<UChar>(0xDC00 + (c & 0x3FF)));
    }
  }
  std::vector<UChar> target(source.size() * 3 + 8);  // no character becomes more than three
  UErrorCode error = U_ZERO_ERROR;
  const std::int32_t length = map(target.data(), static_cast<std::int32_t>(target.size()),
                                  source.data(), static_cast<std::int32_t>(source.size()), &error);
  std::string out;
  if (U_FAILURE(error)) return std::string(text);
  for (std::int32_t at = 0; at < length;) {
    UChar32 c;
    U16_NEXT(target.data(), at, length, c);
    append_utf8(out, static_cast<char32_t>(c));
  }
  return out;
}

template <class Byte>
std::string mapped_ascii(std::string_view text, Byte byte) {
  std::string out(text);
  for (char& c : out) c = byte(c);
  return out;
}
char upper_ascii(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; }
char lower_ascii(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

bool is_cased(char32_t c) { return u_hasBinaryProperty(point(c), UCHAR_CASED) != 0; }

// The title case of one character: some have one of their own, 'ß' becomes "Ss".
std::string title_of(char32_t c) {
  std::string one;
  append_utf8(one, c);
  const char32_t simple = static_cast<char32_t>(u_totitle(point(c)));
  std::string whole = upper(one);
  std::size_t first = 0;
  next_code_point(whole, first);
  if (simple != c || first == whole.size()) {
    std::string out;
    append_utf8(out, simple);
    return out;
  }
  return whole.substr(0, first) + lower(std::string_view(whole).substr(first));
}

}  // namespace

std::size_t byte_of_code_point(std::string_view text, std::size_t index) {
  std::size_t at = 0;
  while (index-- > 0 && at < text.size()) {
    at += utf8_length_from_lead(static_cast<unsigned char>(text[at]));
  }
  return at;
}

bool is_python_space(char32_t c) {
  return (c >= 0x1C && c <= 0x1F) || u_hasBinaryProperty(point(c), UCHAR_WHITE_SPACE) != 0;
}

bool is_printable(char32_t c) {
  if (c == ' ') return true;
  constexpr std::uint32_t kHidden = U_GC_C_MASK | U_GC_ZL_MASK | U_GC_ZP_MASK | U_GC_ZS_MASK;
  return (U_GET_GC_MASK(point(c)) & kHidden) == 0;
}

namespace {

template <class Contains>
std::string_view strip_if(std::string_view text, Side side, Contains contains) {
  std::size_t begin = 0;
  std::size_t end = text.size();
  while (side != Side::Right && begin < end) {
    std::size_t next = begin;
    if (!contains(next_code_point(text, next))) break;
    begin = next;
  }
  while (side != Side::Left && end > begin) {
    std::size_t before = end;
    if (!contains(previous_code_point(text, before))) break;
    end = before;
  }
  return text.substr(begin, end - begin);
}

}  // namespace

std::string_view strip(std::string_view text, Side side) {
  return strip_if(text, side, is_python_space);
}

std::string_view strip(std::string_view text, Side side, std::string_view set) {
  std::u32string points;
  for (std::size_t at = 0; at < set.size();) points += next_code_point(set, at);
  std::ranges::sort(points);
  return strip_if(text, side, [&](char32_t c) { return std::ranges::binary_search(points, c); });
}

std::vector<std::string_view> split_lines(std::string_view text, bool keep_ends) {
  std::vector<std::string_view> lines;
  std::size_t begin = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = at;
    const char32_t c = next_code_point(text, at);
    const bool ends = (c >= 0x0A && c <= 0x0D) || (c >= 0x1C && c <= 0x1E) || c == 0x85 ||
                      c == 0x2028 || c == 0x2029;
    if (!ends) continue;
    if (c == '\r' && at < text.size() && text[at] == '\n') ++at;
    lines.push_back(text.substr(begin, (keep_ends ? at : end) - begin));
    begin = at;
  }
  if (begin < text.size()) lines.push_back(text.substr(begin));
  return lines;
}

std::string upper(std::string_view text) {
  if (is_ascii(text)) return mapped_ascii(text, upper_ascii);
  return mapped(text,
                [](UChar* to, std::int32_t room, const UChar* from, std::int32_t size,
                   UErrorCode* error) { return u_strToUpper(to, room, from, size, "", error); });
}

std::string lower(std::string_view text) {
  if (is_ascii(text)) return mapped_ascii(text, lower_ascii);
  return mapped(text,
                [](UChar* to, std::int32_t room, const UChar* from, std::int32_t size,
                   UErrorCode* error) { return u_strToLower(to, room, from, size, "", error); });
}

std::string fold_case(std::string_view text) {
  if (is_ascii(text)) return mapped_ascii(text, lower_ascii);
  return mapped(text, [](UChar* to, std::int32_t room, const UChar* from, std::int32_t size,
                         UErrorCode* error) {
    return u_strFoldCase(to, room, from, size, U_FOLD_CASE_DEFAULT, error);
  });
}

std::string title(std::string_view text) {
  // Lower case of the whole text knows which sigma ends a word; it may only be used letter by
  // letter where it kept their number.
  std::string out;
  bool inside = false;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t begin = at;
    const char32_t c = next_code_point(text, at);
    if (!inside) {
      out += title_of(c);
    } else if (c == 0x3A3) {  // final when no letter follows
      std::size_t next = at;
      const bool more = next < text.size() && is_cased(next_code_point(text, next));
      out += more ? "σ" : "ς";
    } else {
      out += lower(text.substr(begin, at - begin));
    }
    inside = is_cased(c);
  }
  return out;
}

std::string capitalize(std::string_view text) {
  if (text.empty()) return "";
  std::size_t at = 0;
  const char32_t first = next_code_point(text, at);
  return title_of(first) + lower(text.substr(at));
}

std::string swap_case(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t begin = at;
    const char32_t c = next_code_point(text, at);
    const std::string_view one = text.substr(begin, at - begin);
    out += is_cased_upper(c) ? lower(one) : is_cased_lower(c) ? upper(one) : std::string(one);
  }
  return out;
}

bool is_cased_upper(char32_t c) { return u_hasBinaryProperty(point(c), UCHAR_UPPERCASE) != 0; }
bool is_cased_lower(char32_t c) { return u_hasBinaryProperty(point(c), UCHAR_LOWERCASE) != 0; }
bool is_title_case(char32_t c) { return u_charType(point(c)) == U_TITLECASE_LETTER; }
bool is_alphabetic(char32_t c) { return (U_GET_GC_MASK(point(c)) & U_GC_L_MASK) != 0; }
bool is_decimal(char32_t c) { return u_charType(point(c)) == U_DECIMAL_DIGIT_NUMBER; }
bool is_digit(char32_t c) {
  const int type = u_getIntPropertyValue(point(c), UCHAR_NUMERIC_TYPE);
  return type == U_NT_DECIMAL || type == U_NT_DIGIT;
}
bool is_number_character(char32_t c) {
  return u_getIntPropertyValue(point(c), UCHAR_NUMERIC_TYPE) != U_NT_NONE;
}

bool is_identifier(std::string_view text) {
  bool first = true;
  for (std::size_t at = 0; at < text.size(); first = false) {
    const char32_t c = next_code_point(text, at);
    if (c == '_') continue;
    const UProperty property = first ? UCHAR_XID_START : UCHAR_XID_CONTINUE;
    if (u_hasBinaryProperty(point(c), property) == 0) return false;
  }
  return !first;
}

void append_quoted_repr(std::string& out, std::string_view text) {
  const bool doubled = text.find('\'') != text.npos && text.find('"') == text.npos;
  const char quote = doubled ? '"' : '\'';
  const auto hex = [&](char32_t c, int digits) {
    for (int shift = (digits - 1) * 4; shift >= 0; shift -= 4) {
      out += "0123456789abcdef"[(c >> shift) & 15];
    }
  };
  out += quote;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t begin = at;
    const char32_t c = next_code_point(text, at);
    if (c == static_cast<unsigned char>(quote) || c == '\\') {
      out += '\\';
      out += static_cast<char>(c);
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\r') {
      out += "\\r";
    } else if (c == '\t') {
      out += "\\t";
    } else if (is_printable(c)) {
      out += text.substr(begin, at - begin);
    } else if (c < 0x100) {
      out += "\\x";
      hex(c, 2);
    } else if (c < 0x10000) {
      out += "\\u";
      hex(c, 4);
    } else {
      out += "\\U";
      hex(c, 8);
    }
  }
  out += quote;
}

std::string float_repr(double number) {
  if (std::isnan(number)) return "nan";
  if (std::isinf(number)) return number < 0 ? "-inf" : "inf";
  // The shortest digits that read back, then laid out as Python does: with an exponent below
  // 1e-4 and from 1e16 on.
  char buffer[40];
  const char* end =
      std::to_chars(buffer, buffer + sizeof buffer, number, std::chars_format::scientific).ptr;
  const std::string_view spelled(buffer, static_cast<std::size_t>(end - buffer));
  const std::size_t e = spelled.find('e');
  int exponent = 0;
  const char* digits_of_exponent = spelled.data() + e + (spelled[e + 1] == '+' ? 2 : 1);
  std::from_chars(digits_of_exponent, end, exponent);
  std::string sign;
  std::string digits;
  for (const char c : spelled.substr(0, e)) {
    if (c == '-')
      sign = "-";
    else if (c != '.')
      digits += c;
  }
  const int count = static_cast<int>(digits.size());
  if (exponent < -4 || exponent >= 16) {
    std::string out = sign + digits.substr(0, 1);
    if (count > 1) out += "." + digits.substr(1);
    const int size = std::abs(exponent);
    return cat(out, exponent < 0 ? "e-" : "e+", size < 10 ? "0" : "", size);
  }
  if (exponent < 0)
    return sign + "0." + std::string(static_cast<std::size_t>(-exponent - 1), '0') + digits;
  if (count <= exponent + 1)
    return sign + digits + std::string(static_cast<std::size_t>(exponent + 1 - count), '0') + ".0";
  const std::size_t whole = static_cast<std::size_t>(exponent) + 1;
  return sign + digits.substr(0, whole) + "." + digits.substr(whole);
}

}  // namespace embrace::transformers
