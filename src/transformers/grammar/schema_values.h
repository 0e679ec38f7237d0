#pragma once
// Plain keywords of a JSON schema and the values that they allow: types, constants, bounds,
// formats.
//
// Ownership: views are borrowed. Threads: any.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "json/view.h"
#include "transformers/grammar/automaton.h"

namespace embrace::transformers {

// Sets of types, as bits. A "number" is an Integer or a Fraction.
namespace json_types {
inline constexpr unsigned kNull = 1, kBoolean = 2, kInteger = 4, kFraction = 8, kString = 16,
                          kArray = 32, kObject = 64, kNumber = kInteger | kFraction, kAll = 127;
}
// The types that the keyword "type" names; all without it.
Result<unsigned> types_of_schema(json::View schema);
unsigned type_of_value(json::View value);
// The same text for equal values: 1 and 1.0, or members in any order.
std::string key_of_value(json::View value);
// The values of "const" or "enum"; false without either.
Result<bool> read_values(json::View schema, std::vector<json::View>& into);

// Texts against patterns of a schema. The last pattern is kept: ask for all texts of one before the
// next. What all of them cost together is limited, TooLarge beyond. Threads: one.
class PatternMatcher {
 public:
  static constexpr std::size_t kSymbolsMax = 4 * Grammar::kSymbolsMax;  // of their grammars
  static constexpr std::size_t kStepsMax = 2 * Automaton::kStepsUsual;  // and letters of texts

  Result<bool> matches(std::string_view text, std::string_view pattern, bool anchored);
  std::size_t symbols() const { return symbols_; }

 private:
  Status compile(std::string_view pattern, bool anchored);

  std::string pattern_;
  bool anchored_ = false;
  bool is_compiled_ = false;
  std::optional<Automaton> automaton_;  // none when the pattern matches no text at all
  std::size_t symbols_ = 0;
  std::size_t steps_left_ = kStepsMax;
};

// Whether the value satisfies the plain keywords of a schema, but for constants. NotBuilt for
// keywords of the inside of objects and arrays.
Result<bool> satisfies(json::View value, json::View schema, PatternMatcher& matcher);

// The expression for a "format"; empty for those that are not known.
std::string_view pattern_of_format(std::string_view format);

// Bounds of numbers, of all keywords that say one; the tighter ones win.
struct NumberBounds {
  double low = 0;
  double high = 0;
  bool has_low = false;
  bool has_high = false;
  bool low_excluded = false;
  bool high_excluded = false;

  Status read(json::View schema);
  bool any() const { return has_low || has_high; }
};
// A number from 0, `usual` without the keyword, `most` at most.
Result<std::uint32_t> read_count(json::View schema, std::string_view keyword, std::uint32_t usual,
                                 std::uint32_t most);

}  // namespace embrace::transformers
