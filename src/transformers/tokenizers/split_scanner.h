#pragma once
// The splitting expressions that most byte-level tokenizers share, written out by hand: many times
// faster than a general engine, and the same pieces (split_scanner_test.cc compares them with the
// engine on random text).

#include <cstdint>
#include <optional>
#include <string_view>

namespace embrace::transformers {

enum class KnownSplit : std::uint8_t {
  Gpt2,    // GPT-2, RoBERTa, BART, Whisper
  Llama3,  // tiktoken's cl100k: Llama 3, GPT-4; numbers in groups of up to three digits
  Qwen2,   // the same with single digits
};

extern const std::string_view kGpt2Expression;
extern const std::string_view kLlama3Expression;
extern const std::string_view kQwen2Expression;

std::optional<KnownSplit> known_split(std::string_view expression);

// The end of the piece that begins at `at` < text.size(). Every piece is a match; there is nothing
// between pieces. `text` is UTF-8.
std::size_t next_piece_end(KnownSplit split, std::string_view text, std::size_t at);

}  // namespace embrace::transformers
