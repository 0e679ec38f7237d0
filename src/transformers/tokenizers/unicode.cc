#include "transformers/tokenizers/unicode.h"

#include <unicode/uchar.h>
#include <unicode/unorm2.h>
#include <unicode/uscript.h>
#include <unicode/uset.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "base/check.h"
#include "transformers/tokenizers/unicode_tables.h"

namespace embrace::transformers {

void append_utf8(std::string& out, char32_t c) {
  if (c < 0x80) {
    out += static_cast<char>(c);
  } else if (c < 0x800) {
    out += static_cast<char>(0xC0 | c >> 6);
    out += static_cast<char>(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    out += static_cast<char>(0xE0 | c >> 12);
    out += static_cast<char>(0x80 | (c >> 6 & 0x3F));
    out += static_cast<char>(0x80 | (c & 0x3F));
  } else {
    out += static_cast<char>(0xF0 | c >> 18);
    out += static_cast<char>(0x80 | (c >> 12 & 0x3F));
    out += static_cast<char>(0x80 | (c >> 6 & 0x3F));
    out += static_cast<char>(0x80 | (c & 0x3F));
  }
}

namespace {

std::size_t ascii_prefix(std::string_view text, std::size_t from) {
  std::size_t at = from;
  for (; at + 8 <= text.size(); at += 8) {
    std::uint64_t word;
    std::memcpy(&word, text.data() + at, 8);
    if (word & 0x8080808080808080ULL) break;
  }
  while (at < text.size() && static_cast<unsigned char>(text[at]) < 0x80) ++at;
  return at;
}

// How many bytes of one well-formed sequence stand at `at` (up to the first that does not fit), and
// whether they are all of it.
struct Sequence {
  std::size_t bytes;
  bool whole;
};
Sequence sequence_at(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) -> unsigned {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
  };
  const unsigned lead = byte(at);
  if (lead < 0x80) return {1, true};
  unsigned low = 0x80;
  unsigned high = 0xBF;
  std::size_t length;
  if (lead >= 0xC2 && lead <= 0xDF) {
    length = 2;
  } else if (lead >= 0xE0 && lead <= 0xEF) {
    length = 3;
    if (lead == 0xE0) low = 0xA0;
    if (lead == 0xED) high = 0x9F;
  } else if (lead >= 0xF0 && lead <= 0xF4) {
    length = 4;
    if (lead == 0xF0) low = 0x90;
    if (lead == 0xF4) high = 0x8F;
  } else {
    return {1, false};
  }
  for (std::size_t i = 1; i < length; ++i) {
    const unsigned next = byte(at + i);
    if (at + i >= text.size() || next < low || next > high) return {i, false};
    low = 0x80;
    high = 0xBF;
  }
  return {length, true};
}

}  // namespace

bool is_ascii(std::string_view text) { return ascii_prefix(text, 0) == text.size(); }

std::string_view utf8_or_repaired(std::string_view text, std::string& repaired) {
  std::size_t at = 0;
  while (true) {
    at = ascii_prefix(text, at);
    if (at == text.size()) return text;
    const Sequence here = sequence_at(text, at);
    if (!here.whole) break;
    at += here.bytes;
  }
  repaired.assign(text.substr(0, at));
  while (at < text.size()) {
    const Sequence here = sequence_at(text, at);
    if (here.whole) {
      repaired += text.substr(at, here.bytes);
    } else {
      repaired += "\xEF\xBF\xBD";
    }
    at += here.bytes;
  }
  return repaired;
}

namespace {

// Everything about a code point in one byte, so that a question costs one look.
constexpr std::uint8_t kSplitBits = 0x03;  // a SplitClass
constexpr std::uint8_t kWord = 0x04;
constexpr std::uint8_t kNumeric = 0x08;
constexpr std::uint8_t kPunctuationBit = 0x10;
constexpr std::uint8_t kOther = 0x20;
constexpr std::uint8_t kNonspacing = 0x40;
constexpr std::uint8_t kMark = 0x80;

std::vector<std::uint8_t> make_flags() {
  std::vector<std::uint8_t> flags(0x110000);
  const auto mark = [&](std::span<const CodePointRange> ranges, std::uint8_t bits) {
    for (const CodePointRange& range : ranges) {
      for (char32_t c = range.first; c <= range.last; ++c) flags[c] |= bits;
    }
  };
  const UnicodeTables& tables = unicode_tables();
  mark(tables.letters, static_cast<std::uint8_t>(SplitClass::Letter));
  mark(tables.numbers, static_cast<std::uint8_t>(SplitClass::Number));
  mark(tables.spaces, static_cast<std::uint8_t>(SplitClass::Space));
  mark(tables.words, kWord);
  mark(tables.numerics, kNumeric);
  mark(tables.punctuation, kPunctuationBit);
  mark(tables.others, kOther);
  mark(tables.nonspacing_marks, kNonspacing);
  mark(tables.marks, kMark);
  return flags;
}

const std::uint8_t* const kFlags = [] {
  static const std::vector<std::uint8_t> flags = make_flags();
  return flags.data();
}();

}  // namespace

SplitClass split_class(char32_t c) { return static_cast<SplitClass>(kFlags[c] & kSplitBits); }
bool is_white_space(char32_t c) { return split_class(c) == SplitClass::Space; }
bool is_word(char32_t c) { return (kFlags[c] & kWord) != 0; }
bool is_numeric(char32_t c) { return (kFlags[c] & kNumeric) != 0; }
bool is_punctuation(char32_t c) { return (kFlags[c] & kPunctuationBit) != 0; }
bool is_other(char32_t c) { return (kFlags[c] & kOther) != 0; }
bool is_nonspacing_mark(char32_t c) { return (kFlags[c] & kNonspacing) != 0; }
bool is_combining_mark(char32_t c) { return (kFlags[c] & kMark) != 0; }

bool is_cjk_ideograph(char32_t c) {
  if (c < 0x3400) return false;
  return (c >= 0x4E00 && c <= 0x9FFF) || (c >= 0x3400 && c <= 0x4DBF) ||
         (c >= 0x20000 && c <= 0x2A6DF) || (c >= 0x2A700 && c <= 0x2B73F) ||
         (c >= 0x2B740 && c <= 0x2B81F) || (c >= 0x2B920 && c <= 0x2CEAF) ||
         (c >= 0xF900 && c <= 0xFAFF) || (c >= 0x2F800 && c <= 0x2FA1F);
}

namespace {

// Normal forms and scripts are those of Unicode 9 in the official package: to it, younger
// characters are not there.
bool is_young(char32_t c) {
  if (c < 0x378) return false;
  UVersionInfo age;
  u_charAge(static_cast<UChar32>(c), age);
  return age[0] > 9 || age[0] == 0;
}

}  // namespace

const std::uint16_t kScriptHan = USCRIPT_HAN;

std::uint16_t script_of(char32_t c) {
  if (c == ' ') return kScriptAny;
  if (c == 0x30FC) return kScriptHan;
  UErrorCode status = U_ZERO_ERROR;
  const UScriptCode script = uscript_getScript(static_cast<UChar32>(c), &status);
  if (script == USCRIPT_UNKNOWN || is_young(c)) return kScriptAny;
  if (script == USCRIPT_HIRAGANA || script == USCRIPT_KATAKANA) return kScriptHan;
  return static_cast<std::uint16_t>(script);
}

void append_lower(std::vector<char32_t>& out, char32_t c) {
  if (c == 0x130) {  // the one letter whose lower case is two code points
    out.push_back('i');
    out.push_back(0x307);
    return;
  }
  const std::span<const LowerRun> runs = unicode_tables().lower;
  const auto after =
      std::upper_bound(runs.begin(), runs.end(), c,
                       [](char32_t value, const LowerRun& run) { return value < run.first; });
  // Runs with a step may have another one between: look at the two before.
  for (auto run = after; run != runs.begin() && after - run < 2;) {
    --run;
    if (c <= run->last && (c - run->first) % static_cast<char32_t>(run->step) == 0) {
      out.push_back(static_cast<char32_t>(static_cast<std::int32_t>(c) + run->distance));
      return;
    }
  }
  out.push_back(c);
}

std::string lower_case(std::string_view text) {
  std::string repaired;
  text = utf8_or_repaired(text, repaired);
  std::vector<char32_t> lowered;
  for (std::size_t at = 0; at < text.size();) append_lower(lowered, next_code_point(text, at));
  std::string out;
  for (const char32_t c : lowered) append_utf8(out, c);
  return out;
}

namespace {

const UNormalizer2* composing(NormalForm form) {
  UErrorCode status = U_ZERO_ERROR;
  const bool compatible = form == NormalForm::Nfkc || form == NormalForm::Nfkd;
  const UNormalizer2* found =
      compatible ? unorm2_getNFKCInstance(&status) : unorm2_getNFCInstance(&status);
  EMB_CHECK(U_SUCCESS(status), "ICU carries its normalization data");
  return found;
}

const UNormalizer2* decomposing(NormalForm form) {
  UErrorCode status = U_ZERO_ERROR;
  const bool compatible = form == NormalForm::Nfkc || form == NormalForm::Nfkd;
  const UNormalizer2* found =
      compatible ? unorm2_getNFKDInstance(&status) : unorm2_getNFDInstance(&status);
  EMB_CHECK(U_SUCCESS(status), "ICU carries its normalization data");
  return found;
}

bool composes(NormalForm form) { return form == NormalForm::Nfc || form == NormalForm::Nfkc; }

// Below this, nothing changes and nothing composes with what comes before it.
char32_t plain_below(NormalForm form) {
  switch (form) {
    case NormalForm::Nfc:
      return 0x300;
    case NormalForm::Nfd:
      return 0xC0;
    case NormalForm::Nfkc:
    case NormalForm::Nfkd:
      return 0xA0;
  }
  return 0;
}

std::uint8_t combining_class(const UNormalizer2* with, char32_t c) {
  if (c < 0x300) return 0;
  const std::uint8_t found = unorm2_getCombiningClass(with, static_cast<UChar32>(c));
  return found != 0 && is_young(c) ? 0 : found;
}

// Full decomposition with marks in canonical order. A mark keeps its own change when it moves.
std::vector<Changed> decomposed(std::string_view text, NormalForm form) {
  const UNormalizer2* const with = decomposing(form);
  const char32_t plain = plain_below(form);
  std::vector<Changed> out;
  out.reserve(text.size());
  std::vector<std::uint8_t> classes;  // of the marks at the end of `out`
  const auto settle = [&] {
    if (classes.size() > 1) {
      const std::size_t first = out.size() - classes.size();
      const std::vector<Changed> marks(out.begin() + static_cast<std::ptrdiff_t>(first), out.end());
      std::vector<std::pair<std::uint8_t, std::size_t>> order;
      for (std::size_t i = 0; i < classes.size(); ++i) order.emplace_back(classes[i], i);
      std::sort(order.begin(), order.end());
      for (std::size_t i = 0; i < order.size(); ++i) out[first + i] = marks[order[i].second];
    }
    classes.clear();
  };
  const auto push = [&](char32_t c, int change) {
    const std::uint8_t ccc = combining_class(with, c);
    if (ccc == 0) settle();
    out.push_back({c, change});
    if (ccc != 0) classes.push_back(ccc);
  };
  for (std::size_t at = 0; at < text.size();) {
    const char32_t c = next_code_point(text, at);
    if (c < plain) {
      settle();
      out.push_back({c, 0});
      continue;
    }
    std::array<UChar, 64> units;
    UErrorCode status = U_ZERO_ERROR;
    const std::int32_t length =
        unorm2_getDecomposition(with, static_cast<UChar32>(c), units.data(),
                                static_cast<std::int32_t>(units.size()), &status);
    if (length < 0 || U_FAILURE(status) || is_young(c)) {
      push(c, 0);
      continue;
    }
    bool first = true;
    for (std::int32_t i = 0; i < length;) {
      UChar32 part;
      U16_NEXT(units.data(), i, length, part);
      push(static_cast<char32_t>(part), first ? 0 : 1);
      first = false;
    }
  }
  settle();
  return out;
}

std::vector<Changed> recomposed(const std::vector<Changed>& from, NormalForm form) {
  const UNormalizer2* const with = composing(form);
  std::vector<Changed> out;
  out.reserve(from.size());
  std::ptrdiff_t starter = -1;  // where in `out` the code point stands that may take in marks
  int last_class = -1;          // of the mark before, when one stands between
  for (const Changed& next : from) {
    const int ccc = combining_class(with, next.c);
    if (starter >= 0 && (last_class < 0 || last_class < ccc)) {
      Changed& base = out[static_cast<std::size_t>(starter)];
      const UChar32 pair = next.c < 0x300 ? U_SENTINEL
                                          : unorm2_composePair(with, static_cast<UChar32>(base.c),
                                                               static_cast<UChar32>(next.c));
      if (pair >= 0 && !is_young(static_cast<char32_t>(pair))) {
        base.c = static_cast<char32_t>(pair);
        base.change += next.change - 1;
        continue;
      }
    }
    if (ccc == 0) {
      starter = static_cast<std::ptrdiff_t>(out.size());
      last_class = -1;
    } else if (starter >= 0) {
      last_class = ccc;
    }
    out.push_back(next);
  }
  return out;
}

}  // namespace

bool is_plainly_normal(std::string_view text, NormalForm form) {
  const char32_t plain = plain_below(form);
  for (std::size_t at = 0; at < text.size();) {
    at = ascii_prefix(text, at);
    if (at == text.size()) break;
    if (next_code_point(text, at) >= plain) return false;
  }
  return true;
}

std::vector<Changed> normalized(std::string_view text, NormalForm form) {
  std::vector<Changed> parts = decomposed(text, form);
  return composes(form) ? recomposed(parts, form) : parts;
}

namespace {

int break_class(char32_t c) {
  if (c < 0x80)
    return c == '\r'            ? U_GCB_CR
           : c == '\n'          ? U_GCB_LF
           : c < 32 || c == 127 ? U_GCB_CONTROL
                                : U_GCB_OTHER;
  return u_getIntPropertyValue(static_cast<UChar32>(c), UCHAR_GRAPHEME_CLUSTER_BREAK);
}

bool joins(int left, int right, bool pictograph_before, bool right_is_pictograph, bool odd_flags) {
  if (left == U_GCB_CR) return right == U_GCB_LF;
  if (left == U_GCB_CONTROL || left == U_GCB_LF) return false;
  if (right == U_GCB_CONTROL || right == U_GCB_CR || right == U_GCB_LF) return false;
  if (left == U_GCB_L &&
      (right == U_GCB_L || right == U_GCB_V || right == U_GCB_LV || right == U_GCB_LVT)) {
    return true;
  }
  if ((left == U_GCB_LV || left == U_GCB_V) && (right == U_GCB_V || right == U_GCB_T)) return true;
  if ((left == U_GCB_LVT || left == U_GCB_T) && right == U_GCB_T) return true;
  if (right == U_GCB_EXTEND || right == U_GCB_ZWJ || right == U_GCB_SPACING_MARK) return true;
  if (left == U_GCB_PREPEND) return true;
  if (left == U_GCB_ZWJ && pictograph_before && right_is_pictograph) return true;
  return left == U_GCB_REGIONAL_INDICATOR && right == U_GCB_REGIONAL_INDICATOR && odd_flags;
}

}  // namespace

std::size_t grapheme_end(std::string_view text, std::size_t at) {
  char32_t c = next_code_point(text, at);
  if (c < 0x80 && c != '\r' && at < text.size() && static_cast<unsigned char>(text[at]) < 0x80) {
    return at;
  }
  int left = break_class(c);
  bool pictograph = u_hasBinaryProperty(static_cast<UChar32>(c), UCHAR_EXTENDED_PICTOGRAPHIC);
  int flags = left == U_GCB_REGIONAL_INDICATOR ? 1 : 0;
  while (at < text.size()) {
    std::size_t after = at;
    c = next_code_point(text, after);
    const int right = break_class(c);
    const bool is_pictograph =
        c >= 0xA9 && u_hasBinaryProperty(static_cast<UChar32>(c), UCHAR_EXTENDED_PICTOGRAPHIC);
    if (!joins(left, right, pictograph, is_pictograph, flags % 2 == 1)) break;
    if (is_pictograph) {
      pictograph = true;
    } else if (right != U_GCB_EXTEND && right != U_GCB_ZWJ) {
      pictograph = false;
    }
    flags = right == U_GCB_REGIONAL_INDICATOR ? flags + 1 : 0;
    left = right;
    at = after;
  }
  return at;
}

}  // namespace embrace::transformers
