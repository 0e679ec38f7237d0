#include "hub/name_folding.h"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <vector>

#include "base/strings.h"
#include "hub/letter_decompositions.h"

namespace embrace::hub {
namespace {

// `text` is valid UTF-8 and not empty.
char32_t take_code_point(std::string_view& text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  const std::size_t length = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  char32_t code = length == 1 ? lead : lead & (0x7Fu >> length);
  for (std::size_t i = 1; i < length; ++i)
    code = (code << 6) | (static_cast<unsigned char>(text[i]) & 0x3Fu);
  text.remove_prefix(length);
  return code;
}

void put_code_point(std::string& out, char32_t code) {
  const auto put = [&out](char32_t byte) { out += static_cast<char>(byte); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xC0 | (code >> 6));
    put(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    put(0xE0 | (code >> 12));
    put(0x80 | ((code >> 6) & 0x3F));
    put(0x80 | (code & 0x3F));
  } else {
    put(0xF0 | (code >> 18));
    put(0x80 | ((code >> 12) & 0x3F));
    put(0x80 | ((code >> 6) & 0x3F));
    put(0x80 | (code & 0x3F));
  }
}

char32_t lower(char32_t c) {
  const auto in = [c](char32_t first, char32_t last) { return c >= first && c <= last; };
  if (in(U'A', U'Z') || (in(0xC0, 0xDE) && c != 0xD7) || (in(0x391, 0x3A9) && c != 0x3A2) ||
      in(0x410, 0x42F))
    return c + 0x20;
  if (c == 0x178) return 0xFF;
  if (c == 0x3C2) return 0x3C3;  // the sigma at the end of a word
  if (in(0x400, 0x40F)) return c + 0x50;
  if (in(0x531, 0x556)) return c + 0x30;
  if (in(0x139, 0x148) || in(0x179, 0x17E)) return c + (c & 1);  // odd is upper
  if (in(0x100, 0x137) || in(0x14A, 0x177) || in(0x1E00, 0x1E95) || in(0x1EA0, 0x1EFF) ||
      in(0x460, 0x481) || in(0x48A, 0x4BF) || in(0x4D0, 0x52F) || in(0x1DE, 0x1EF) ||
      in(0x1F8, 0x21F) || in(0x222, 0x233)) {
    return c | 1;  // even is upper
  }
  return c;
}

// Canonical decomposition, to the end: one letter may be a letter with a mark, with a mark.
void decompose(char32_t c, std::vector<char32_t>& out) {
  constexpr char32_t kHangulFirst = 0xAC00, kHangulCount = 11172;
  if (c >= kHangulFirst && c < kHangulFirst + kHangulCount) {
    const char32_t index = c - kHangulFirst;
    out.push_back(0x1100 + index / 588);
    out.push_back(0x1161 + index % 588 / 28);
    if (index % 28 != 0) out.push_back(0x11A7 + index % 28);
    return;
  }
  const auto* row = std::lower_bound(
      std::begin(kLetterDecompositions), std::end(kLetterDecompositions), c,
      [](const LetterDecomposition& r, char32_t code) { return r.composed < code; });
  if (row == std::end(kLetterDecompositions) || row->composed != c) {
    out.push_back(c);
    return;
  }
  decompose(row->base, out);
  if (row->mark != 0) out.push_back(row->mark);
}

// Marks above and below a letter may be typed in any order; Unicode sorts them by where they sit.
// 0: not a mark.
int mark_class(char32_t c) {
  if (c < 0x300 || c > 0x36F) return 0;
  if (c == 0x321 || c == 0x322 || c == 0x327 || c == 0x328) return 202;
  if (c == 0x31B) return 216;
  if ((c >= 0x316 && c <= 0x319) || (c >= 0x31C && c <= 0x320) || (c >= 0x323 && c <= 0x326) ||
      (c >= 0x329 && c <= 0x333))
    return 220;
  return 230;
}

void sort_marks(std::vector<char32_t>& letters) {
  for (auto at = letters.begin(); at != letters.end();) {
    at = std::find_if(at, letters.end(), [](char32_t c) { return mark_class(c) != 0; });
    auto end = std::find_if(at, letters.end(), [](char32_t c) { return mark_class(c) == 0; });
    const auto earlier = [](char32_t a, char32_t b) { return mark_class(a) < mark_class(b); };
    for (auto mark = at; mark != end; ++mark)
      std::rotate(std::upper_bound(at, mark, *mark, earlier), mark, mark + 1);  // stable
    at = end;
  }
}

}  // namespace

std::string fold_name(std::string_view name) {
  if (std::all_of(name.begin(), name.end(),
                  [](char c) { return static_cast<unsigned char>(c) < 0x80; }))
    return to_lower(name);
  if (!is_valid_utf8(name)) return std::string(name);
  std::vector<char32_t> letters;
  while (!name.empty()) decompose(take_code_point(name), letters);
  sort_marks(letters);
  std::string out;
  for (const char32_t c : letters) put_code_point(out, lower(c));
  return out;
}

}  // namespace embrace::hub
