#pragma once
// Beam search: the likeliest texts as a whole, by keeping the best few beginnings at each token.
// Which texts are kept, how lengths are weighed and when it ends are the official package's rules
// (its generate() with num_beams, without sampling), so that the same tokens come out.
//
// Threads: as generate().

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/result.h"
#include "transformers/generation/generator.h"

namespace embrace::transformers {

enum class EarlyStopping : std::uint8_t {
  No,     // ends when what is still open is not likely to become better
  Yes,    // ends as soon as there are enough texts
  Never,  // ends when what is still open cannot become better
};

struct BeamOptions {
  static constexpr std::size_t kBeamsMax = 64;

  std::size_t beams = 4;
  std::size_t returned = 1;   // of them, the best first
  double length_penalty = 1;  // scores are divided by length to this power
  EarlyStopping early_stopping = EarlyStopping::No;
  std::size_t tokens_max = 256;
  std::vector<std::int32_t> end_tokens = {};
  double repetition_penalty = 1;
  std::size_t no_repeat_ngram = 0;
};

struct Beam {
  std::vector<std::int32_t> tokens;  // without the prompt; an end token is the last of them
  float score = 0;                   // sum of logarithms of probabilities, by length
};

Result<std::vector<Beam>> search_beams(const Engine& engine, std::span<const std::int32_t> prompt,
                                       const BeamOptions& options);

}  // namespace embrace::transformers
