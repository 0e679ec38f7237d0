#pragma once
// GrammarMask holds a text to a Grammar while it is generated: greedy, sampled or speculative.
//
//   EMB_TRY(auto vocabulary, read_token_vocabulary(tokenizer, options.end_tokens));   // once
//   GrammarMask mask(grammar, vocabulary);                                            // each text
//   EMB_TRY(auto made, generate(engine, prompt, options, &tokenizer, &mask));
//
// The text is inside the grammar if mask.complete() says so when it has ended: a text that was cut
// off by its length is only the beginning of one. Threads: one for each GrammarMask.

#include <cstdint>
#include <memory>
#include <span>

#include "base/result.h"
#include "transformers/generation/logit_mask.h"
#include "transformers/grammar/token_mask.h"
#include "transformers/tokenizers/tokenizer.h"

namespace embrace::transformers {

// The bytes that each token adds to a text, asked of the tokenizer's own decoder. Special tokens
// and those that decode to other texts in other places are never allowed; `end_tokens` where the
// text is complete. NotBuilt for tokenizers whose tokens depend on their neighbours (WordPiece,
// CTC). Takes half a second for 150,000 tokens.
Result<std::shared_ptr<const TokenVocabulary>> read_token_vocabulary(
    const Tokenizer& tokenizer, std::span<const std::int32_t> end_tokens);

class GrammarMask final : public LogitMask {
 public:
  GrammarMask(std::shared_ptr<const Grammar> grammar,
              std::shared_ptr<const TokenVocabulary> vocabulary)
      : mask_(std::move(grammar), std::move(vocabulary)) {}

  Status apply(std::span<float> logits) override { return mask_.apply(logits); }
  Status accept(std::int32_t token) override {
    return mask_.accept(static_cast<std::uint32_t>(token));
  }
  bool finished() const override { return mask_.finished(); }

  // The text could end here.
  Result<bool> complete() { return mask_.complete(); }
  // For another text.
  Status restart() { return mask_.restart(); }

 private:
  TokenMask mask_;
};

}  // namespace embrace::transformers
