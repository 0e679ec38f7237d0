#pragma once
// AnswerFinder: answers to a question out of the scores of tokens, as the official package's
// question-answering pipeline finds them: each window of the context is a choice of its own, its
// likeliest pairs of a start and an end are candidates, and what reads the same is one answer whose
// scores are added.
//
// Threads: any, once set.

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "transformers/pipelines/text_pipeline.h"
#include "transformers/tensor/matrix.h"
#include "transformers/tokenizers/encoding.h"

namespace embrace::transformers {

struct AnswerFinder {
  // The token that stands for "no answer here", if the tokenizer has one.
  std::optional<std::uint32_t> classifier;

  // `logits` has a row for each token of all windows: that it starts, that it ends the answer. The
  // context is the second text of the windows.
  std::vector<Answer> find(std::string_view context, std::span<const Encoding> windows,
                           const Matrix& logits, const QuestionOptions& options) const;
};

}  // namespace embrace::transformers
