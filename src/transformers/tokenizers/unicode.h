#pragma once
// Code points and what Unicode says about them. ICU is known to unicode.cc alone.
//
// Text is UTF-8 that was checked on its way in (utf8_or_repaired): the readers here trust it.
// Units: offsets are bytes; a code point is a char32_t. Threads: everything may be called from any.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace embrace::transformers {

// The code point at `text[at]`, which must be the first byte of one; moves `at` behind it.
inline char32_t next_code_point(std::string_view text, std::size_t& at) {
  const auto byte = [&](std::size_t i) {
    return static_cast<char32_t>(static_cast<unsigned char>(text[i]));
  };
  const char32_t lead = byte(at);
  if (lead < 0x80) {
    at += 1;
    return lead;
  }
  if (lead < 0xE0) {
    at += 2;
    return (lead & 0x1F) << 6 | (byte(at - 1) & 0x3F);
  }
  if (lead < 0xF0) {
    at += 3;
    return (lead & 0x0F) << 12 | (byte(at - 2) & 0x3F) << 6 | (byte(at - 1) & 0x3F);
  }
  at += 4;
  return (lead & 0x07) << 18 | (byte(at - 3) & 0x3F) << 12 | (byte(at - 2) & 0x3F) << 6 |
         (byte(at - 1) & 0x3F);
}

// The code point that ends before `text[at]`; moves `at` to its first byte.
inline char32_t previous_code_point(std::string_view text, std::size_t& at) {
  do --at;
  while ((static_cast<unsigned char>(text[at]) & 0xC0) == 0x80);
  std::size_t forward = at;
  return next_code_point(text, forward);
}

inline std::size_t count_code_points(std::string_view text) {
  std::size_t count = 0;
  for (const char c : text) count += (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  return count;
}

inline std::size_t utf8_length(char32_t c) {
  return c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
}
inline std::size_t utf8_length_from_lead(unsigned char lead) {
  return lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
}
void append_utf8(std::string& out, char32_t c);

bool is_ascii(std::string_view text);

// `text` itself when it is UTF-8. Otherwise `repaired` with every maximal broken part replaced by
// U+FFFD, which is what Python's errors="replace" makes of the same bytes.
std::string_view utf8_or_repaired(std::string_view text, std::string& repaired);

// Properties as the official package sees them (unicode_tables.cc).
bool is_white_space(char32_t c);
bool is_word(char32_t c);             // \w: letters, marks, decimal digits, connectors
bool is_numeric(char32_t c);          // Nd, Nl, No
bool is_punctuation(char32_t c);      // P* and all ASCII punctuation
bool is_other(char32_t c);            // Cc, Cf, Co, without white space
bool is_nonspacing_mark(char32_t c);  // Mn; false for what NFD takes apart
bool is_combining_mark(char32_t c);   // M*

// \p{L}, \p{N} and \s, which splitting expressions ask for.
enum class SplitClass : std::uint8_t { Other, Letter, Number, Space };
SplitClass split_class(char32_t c);

bool is_cjk_ideograph(char32_t c);                   // the blocks that BERT puts spaces around
std::uint16_t script_of(char32_t c);                 // an opaque number, or one of these:
extern const std::uint16_t kScriptHan;               // Hiragana, Katakana and U+30FC count as Han
inline constexpr std::uint16_t kScriptAny = 0xFFFF;  // the space, and what has no script

// Appends the lower case of `c`, one or two code points.
void append_lower(std::vector<char32_t>& out, char32_t c);
// Each code point's lower case, as the official package's normalizer makes it. Any bytes.
std::string lower_case(std::string_view text);

enum class NormalForm : std::uint8_t { Nfc, Nfd, Nfkc, Nfkd };

// True when no code point of `text` changes or moves under `form`; may say false needlessly.
bool is_plainly_normal(std::string_view text, NormalForm form);

// One code point of normalized text. `change` says how it came about: 0 replaces one code point of
// the source, 1 is new beside the one before, -n replaces one and swallows the n that follow.
struct Changed {
  char32_t c;
  int change;
};
std::vector<Changed> normalized(std::string_view text, NormalForm form);

// The byte after the grapheme cluster that starts at `at`.
std::size_t grapheme_end(std::string_view text, std::size_t at);

}  // namespace embrace::transformers
