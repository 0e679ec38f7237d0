#pragma once
// What the official package takes each code point for; see
// tests/transformers/make_unicode_tables.py. Everything but unicode.cc asks through unicode.h.

#include <cstdint>
#include <span>

namespace embrace::transformers {

struct CodePointRange {
  char32_t first;
  char32_t last;
};

// Every `step`-th code point from first to last has its lower case at this distance.
struct LowerRun {
  char32_t first;
  char32_t last;
  std::int32_t step;
  std::int32_t distance;
};

struct UnicodeTables {
  std::span<const CodePointRange> letters;
  std::span<const CodePointRange> numbers;
  std::span<const CodePointRange> spaces;
  std::span<const CodePointRange> words;
  std::span<const CodePointRange> numerics;
  std::span<const CodePointRange> punctuation;
  std::span<const CodePointRange> others;
  std::span<const CodePointRange> nonspacing_marks;
  std::span<const CodePointRange> marks;
  std::span<const LowerRun> lower;
};

const UnicodeTables& unicode_tables();

}  // namespace embrace::transformers
