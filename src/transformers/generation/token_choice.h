#pragma once
// TokenChoice: from one model's logits to the tokens that may come next: the rules of the options,
// the mask of a text's form, then the distribution that a sampler draws from.
//
// Threads: one for each text.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/result.h"
#include "transformers/generation/generation_options.h"
#include "transformers/generation/logit_mask.h"
#include "transformers/generation/logit_rules.h"
#include "transformers/generation/sampler.h"

namespace embrace::transformers {

class TokenChoice {
 public:
  // As LogitRules, but options and source are copied. `mask` may be nullptr; beside one, options
  // are GenerationOptions::beside_mask().
  TokenChoice(const GenerationOptions& options, std::span<const std::int32_t> source,
              std::size_t prompt_tokens, std::size_t tokens_max, LogitMask* mask,
              const TextRule* rule = nullptr);
  TokenChoice(const TokenChoice&) = delete;

  // What may come behind `text`, prompt first; logits are changed. Valid until the next call.
  // InvalidArgument when options and mask leave nothing.
  Result<std::span<const Candidate>> candidates(std::span<float> logits,
                                                std::span<const std::int32_t> text);

  const GenerationOptions& options() const { return options_; }
  Sampler& sampler() { return sampler_; }

 private:
  const GenerationOptions options_;
  const std::vector<std::int32_t> source_;
  LogitRules rules_;
  Sampler sampler_;
  LogitMask* mask_;
};

}  // namespace embrace::transformers
