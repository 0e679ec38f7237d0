#pragma once
// Speculative decoding (Leviathan et al. 2023): a small model proposes a few tokens, the large one
// judges all of them in one pass, and tokens are accepted or drawn again so that the text has
// exactly the large model's distribution, penalties and cuts included. At temperature 0 it is
// exactly its greedy text.
//
// Threads: as generate().

#include <cstddef>
#include <functional>
#include <span>

#include "base/result.h"
#include "transformers/generation/generator.h"

namespace embrace::transformers {

struct SpeculativeGeneration {
  Generation generation;
  std::size_t proposed = 0;
  std::size_t accepted = 0;
};

// `ahead` tokens are proposed at a time, from 1 to 64. Both models have the same vocabulary
// (InvalidArgument otherwise). `mask` holds what the large model says; the small one proposes as it
// likes. Logprobs are not built here (NotBuilt).
Result<SpeculativeGeneration> generate_speculatively(
    const Engine& engine, const Engine& draft, std::size_t ahead,
    std::span<const std::int32_t> prompt, const GenerationOptions& options,
    const Tokenizer* tokenizer = nullptr, const std::function<bool(const Step&)>& on_step = {},
    LogitMask* mask = nullptr);

}  // namespace embrace::transformers
