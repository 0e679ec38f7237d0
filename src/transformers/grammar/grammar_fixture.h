#pragma once
// What tests of grammars share.

#include <cstdint>
#include <memory>
#include <string_view>

#include "transformers/grammar/automaton.h"
#include "transformers/grammar/grammar.h"

namespace embrace::transformers {

// Whether all of the text, byte by byte, is one that the grammar allows.
inline bool matches(const std::shared_ptr<const Grammar>& grammar, std::string_view text) {
  Automaton automaton(grammar, Automaton::Kind::Whole);
  std::uint32_t state = automaton.start().value();
  for (const char c : text) {
    if (state == Automaton::kDead) return false;
    state = automaton.next(state, static_cast<unsigned char>(c)).value();
  }
  return state != Automaton::kDead && automaton.is_complete(state);
}

}  // namespace embrace::transformers
