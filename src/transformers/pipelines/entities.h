#pragma once
// EntityReader: entities out of the labels of tokens, with the official package's strategies.
//
// Threads: any, once set.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "transformers/pipelines/text_pipeline.h"
#include "transformers/tokenizers/tokenizer.h"

namespace embrace::transformers {

struct EntityReader {
  // Tokens inside a word have a prefix (WordPiece's "##"): they are those longer than their text.
  // Otherwise a token without a space before it is inside a word.
  bool by_prefix = false;
  std::optional<std::uint32_t> unknown;

  // scores[i] are the probabilities of `labels` for token i of `encoding`, which is of `text`.
  Result<std::vector<Entity>> read(const Tokenizer& tokenizer, std::string_view text,
                                   const Encoding& encoding,
                                   const std::vector<std::vector<double>>& scores,
                                   const std::vector<std::string>& labels,
                                   const EntityOptions& options) const;
};

// Of entities that overlap, as windows of one text find them, the longest; of equally long ones the
// surest. In the order of the text.
std::vector<Entity> without_overlaps(std::vector<Entity> entities);

}  // namespace embrace::transformers
