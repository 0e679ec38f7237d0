#include "transformers/generation/token_choice.h"

#include <algorithm>
#include <limits>

namespace embrace::transformers {

TokenChoice::TokenChoice(const GenerationOptions& options, std::span<const std::int32_t> source,
                         std::size_t prompt_tokens, std::size_t tokens_max, LogitMask* mask,
                         const TextRule* rule)
    : options_(mask == nullptr ? options : options.beside_mask()),
      source_(source.begin(), source.end()),
      rules_(options_, source_, prompt_tokens, tokens_max, rule),
      sampler_(options_.sampling),
      mask_(mask) {}

Result<std::span<const Candidate>> TokenChoice::candidates(std::span<float> logits,
                                                           std::span<const std::int32_t> text) {
  rules_.apply(text, logits);
  if (mask_ != nullptr) {
    EMB_DO(mask_->apply(logits));
    if (std::ranges::max(logits) == -std::numeric_limits<float>::infinity())
      return fail(Code::InvalidArgument,
                  "the text's form and the options of sampling leave no token that may come next");
  }
  return sampler_.distribution(logits);
}

}  // namespace embrace::transformers
