#include "transformers/pipelines/scores.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"
#include "transformers/pipelines/stable_order.h"

namespace embrace::transformers {

std::vector<double> softmax_of(std::span<const float> logits) {
  EMB_CHECK(!logits.empty(), "a choice among nothing");
  double highest = logits[0];
  for (const float logit : logits) highest = std::max<double>(highest, logit);
  std::vector<double> scores;
  double sum = 0;
  for (const float logit : logits) sum += scores.emplace_back(std::exp(logit - highest));
  for (double& score : scores) score /= sum;
  return scores;
}

std::vector<LabelScore> label_scores(std::span<const float> logits,
                                     const std::vector<std::string>& labels,
                                     ScoreFunction function) {
  EMB_CHECK(logits.size() == labels.size(), "every label has a logit");
  std::vector<double> scores(logits.begin(), logits.end());
  if (function == ScoreFunction::Softmax) scores = softmax_of(logits);
  if (function == ScoreFunction::Sigmoid) {
    for (double& score : scores) score = 1 / (1 + std::exp(-score));
  }
  std::vector<LabelScore> all;
  for (std::size_t i = 0; i < scores.size(); ++i) all.push_back({labels[i], scores[i]});
  sort_scores(all);
  return all;
}

void sort_scores(std::vector<LabelScore>& all) {
  sort_stably(all, [](const LabelScore& a, const LabelScore& b) { return a.score > b.score; });
}

}  // namespace embrace::transformers
