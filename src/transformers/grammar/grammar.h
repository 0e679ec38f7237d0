#pragma once
// Grammar: which byte texts are allowed, as rules of a context-free grammar over bytes. It is made
// from an EBNF text, a regular expression, a JSON schema, or "any JSON" (the makers below), and
// run by Automaton.
//
// Rules may not call themselves before they consumed a byte (left recursion); makers refuse that.
// Sources come from strangers: their size and what they expand to is limited, and errors say what
// is wrong. Threads: constant after it is made; shared by everybody who generates under it.

#include <bitset>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "json/view.h"

namespace embrace::transformers {

// One step of a rule: a byte out of a set, or another rule.
struct GrammarSymbol {
  bool is_call = false;
  std::uint32_t index = 0;  // of a set, or of a rule
};
using GrammarSequence = std::vector<GrammarSymbol>;
using ByteSet = std::bitset<256>;

class Grammar {
 public:
  static constexpr std::size_t kSourceBytesMax = std::size_t{256} << 10;
  static constexpr std::size_t kSymbolsMax = 400'000;
  static constexpr std::uint32_t kRepeatMax = 10'000;

  // rule ::= "text" | [a-z0-9^...] | other | ( ... ) | x* | x+ | x? | x{2,5} | . and # comments.
  // The whole text must match the rule "root".
  static Result<std::shared_ptr<const Grammar>> from_ebnf(std::string_view source);
  // The whole text must match. Without look-around and back references; ^ and $ only at the ends.
  static Result<std::shared_ptr<const Grammar>> from_regex(std::string_view pattern);
  // JSON that the schema allows, with the properties of objects in the schema's order. Keywords
  // that would narrow the texts but are not understood are NotBuilt, not ignored, and values that
  // a keyword can't have InvalidArgument. maxLength and maxItems beyond kRepeatMax mean kRepeatMax;
  // minLength and minItems beyond it are TooLarge.
  static Result<std::shared_ptr<const Grammar>> from_json_schema(json::View schema);
  static Result<std::shared_ptr<const Grammar>> any_json();

  // For Automaton.
  struct Rule {
    std::vector<GrammarSequence> choices;
  };
  const std::vector<Rule>& rules() const { return rules_; }
  const std::vector<ByteSet>& sets() const { return sets_; }
  std::uint32_t start() const { return start_; }

 private:
  friend class GrammarBuilder;
  std::vector<Rule> rules_;
  std::vector<ByteSet> sets_;
  std::uint32_t start_ = 0;
};

// Code points from first to last, both included.
using CodePoints = std::vector<std::pair<char32_t, char32_t>>;
CodePoints normalized(CodePoints points);  // sorted, apart
CodePoints inverse(CodePoints points);     // without surrogates

// Puts a Grammar together from parts. A part is a sequence; choices and repeats become rules.
class GrammarBuilder {
 public:
  using Sequence = GrammarSequence;

  GrammarBuilder();
  std::uint32_t new_rule();
  void add_choice(std::uint32_t rule, Sequence sequence);

  Sequence call(std::uint32_t rule) const { return {{true, rule}}; }
  Sequence literal(std::string_view bytes);
  Sequence bytes(const ByteSet& set);
  Sequence points(const CodePoints& points);
  Sequence choice(std::vector<Sequence> choices);
  // One of these texts. What they begin with in common is said once.
  Sequence one_of(std::vector<std::string> texts);
  // `max` of kUnbounded has no end. TooLarge beyond Grammar::kRepeatMax.
  static constexpr std::uint32_t kUnbounded = 0xFFFFFFFF;
  Result<Sequence> repeat(const Sequence& sequence, std::uint32_t min, std::uint32_t max);
  static Sequence join(std::vector<Sequence> parts);

  std::size_t size() const { return symbols_; }
  Status check_size() const;
  Result<std::shared_ptr<const Grammar>> finish(const Sequence& whole);

 private:
  std::uint32_t set_index(const ByteSet& set);

  std::shared_ptr<Grammar> grammar_;
  std::vector<std::pair<std::size_t, std::uint32_t>> set_hashes_;
  std::size_t symbols_ = 0;
};

// How a regular expression's code points are spelled: as they are, or inside a JSON string.
enum class Spelling : std::uint8_t { Plain, Json };
Result<GrammarSequence> parse_regex(GrammarBuilder& builder, std::string_view pattern,
                                    Spelling spelling, bool anchored);
GrammarSequence spell(GrammarBuilder& builder, const CodePoints& points, Spelling spelling);

}  // namespace embrace::transformers
