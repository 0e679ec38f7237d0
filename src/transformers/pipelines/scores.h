#pragma once
// Labels and their scores, as every task gives them that classifies: a text, a sound or an image.
//
// Threads: any.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace embrace::transformers {

struct LabelScore {
  std::string label;
  double score = 0;
};

enum class ScoreFunction : std::uint8_t { Default, Sigmoid, Softmax, None };

// `logits` is not empty.
std::vector<double> softmax_of(std::span<const float> logits);
// All labels, the likeliest first; of equal ones the earlier. As many labels as logits; Default
// leaves the logits as they are.
std::vector<LabelScore> label_scores(std::span<const float> logits,
                                     const std::vector<std::string>& labels,
                                     ScoreFunction function);
void sort_scores(std::vector<LabelScore>& all);

}  // namespace embrace::transformers
