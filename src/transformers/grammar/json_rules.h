#pragma once
// JsonRules: the rules of JSON itself (RFC 8259), for grammars that are made of them. White space
// is free where JSON has it, up to a limit. Exponents have two digits and integers eighteen, so
// that every reader can hold what is written.
//
// Ownership: borrows the builder. Threads: as the builder.

#include <string>
#include <string_view>
#include <vector>

#include "transformers/grammar/grammar.h"

namespace embrace::transformers {

struct JsonRules {
  using Sequence = GrammarSequence;

  explicit JsonRules(GrammarBuilder& into);

  Sequence colon() const;
  Sequence comma() const;
  // Any number of items between brackets.
  Sequence bracketed(std::string_view open, const Sequence& item, std::string_view close) const;
  // The inside of a string that is none of these names: without escapes, so that none of them can
  // be spelled another way.
  Sequence other_key(std::vector<std::string> names) const;
  // An integer from `from` to `to`, both of 18 digits at most.
  Sequence integer_between(std::int64_t from, std::int64_t to) const;

  GrammarBuilder& builder;
  Sequence value;  // any JSON
  Sequence spaces;
  Sequence integer;
  Sequence number;
  Sequence character;  // of a string, escapes included
  Sequence string;
  Sequence object;
  Sequence array;
};

}  // namespace embrace::transformers
