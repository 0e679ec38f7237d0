#pragma once
// Normalizer: the first step of a tokenizer rewrites the text (lower case, accents, Unicode forms).
//
// One class for each "type" of a tokenizer.json, all in normalizer.cc; Precompiled has its own
// file. Threads: a Normalizer is constant after it is made.

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "json/view.h"
#include "transformers/tokenizers/aligned_text.h"

namespace embrace::transformers {

class Normalizer {
 public:
  virtual ~Normalizer() = default;

  // Rewrites `text` in place. `spare` is any AlignedText, used as working memory.
  virtual Status normalize(AlignedText& text, AlignedText& spare) const = 0;
};

// nullptr for null: nothing to do.
Result<std::unique_ptr<Normalizer>> parse_normalizer(json::View view);

// SentencePiece's table of replacements, base64 of a double array and the replacements' text.
Result<std::unique_ptr<Normalizer>> make_precompiled(std::string_view charsmap);

// Puts `what` before a text that is not empty; the first code point's span covers both.
void prepend_text(AlignedText& text, AlignedText& spare, std::string_view what);

// A byte as the visible code point that stands for it in byte-level vocabularies, and back (-1:
// none).
char32_t byte_level_code_point(unsigned char byte);
int byte_of_code_point(char32_t c);

}  // namespace embrace::transformers
