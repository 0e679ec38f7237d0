#pragma once
// Beam search: the likeliest texts as a whole, by keeping the best few beginnings at each token.
// Which texts are kept, how lengths are weighed and when it ends are the official package's rules
// (its generate() with num_beams, without sampling), so that the same tokens come out.
//
// Threads: as generate().

#include <cstdint>
#include <span>
#include <vector>

#include "base/result.h"
#include "transformers/generation/generator.h"

namespace embrace::transformers {

struct Beam {
  std::vector<std::int32_t> tokens;  // without the prompt; an end token is the last of them
  float score = 0;                   // sum of logarithms of probabilities, by length
};

// options.returned beams, the best first; fewer where fewer texts came to an end. Errors as
// generate(), which is what callers want: it makes texts of them.
Result<std::vector<Beam>> search_beams(LogitSource& source, std::span<const std::int32_t> prompt,
                                       const GenerationOptions& options, const WritingAids& aids);

}  // namespace embrace::transformers
