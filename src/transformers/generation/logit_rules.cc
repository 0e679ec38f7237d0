#include "transformers/generation/logit_rules.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace embrace::transformers {

namespace {

constexpr float kNever = -std::numeric_limits<float>::infinity();

void forbid(std::int32_t token, std::span<float> logits) {
  const auto i = static_cast<std::size_t>(token);
  if (i < logits.size()) logits[i] = kNever;
}

// Every place in `where` of the last n - 1 tokens of `text` forbids what came after it there.
void forbid_repeats(std::span<const std::int32_t> where, std::span<const std::int32_t> text,
                    std::size_t n, std::span<float> logits) {
  if (n == 0 || text.size() + 1 < n) return;
  const auto last = text.subspan(text.size() + 1 - n);
  for (std::size_t at = 0; at + n <= where.size(); ++at) {
    if (std::equal(last.begin(), last.end(), where.begin() + static_cast<std::ptrdiff_t>(at)))
      forbid(where[at + n - 1], logits);
  }
}

// Whether all but the last of `tokens` stand at the end of the text. The official package looks
// only once the text is as long as all of them.
bool completes(std::span<const std::int32_t> tokens, std::span<const std::int32_t> text) {
  if (tokens.size() == 1) return true;
  if (tokens.size() > text.size()) return false;
  const auto before = tokens.first(tokens.size() - 1);
  return std::equal(before.begin(), before.end(),
                    text.end() - static_cast<std::ptrdiff_t>(before.size()));
}

// Nothing but these tokens, which are all as likely.
void force(std::span<const std::int32_t> tokens, std::span<float> logits) {
  std::ranges::fill(logits, kNever);
  for (const std::int32_t token : tokens) {
    const auto i = static_cast<std::size_t>(token);
    if (i < logits.size()) logits[i] = 0;
  }
}

}  // namespace

LogitRules::LogitRules(const GenerationOptions& options, std::span<const std::int32_t> source,
                       std::size_t prompt_tokens, std::size_t tokens_max, const TextRule* rule)
    : options_(options),
      source_(source),
      prompt_tokens_(prompt_tokens),
      tokens_max_(tokens_max),
      rule_(rule) {}

void LogitRules::apply(std::span<const std::int32_t> text, std::span<float> logits) {
  apply_biases(text, logits);
  // A penalty below 1, and so a reward.
  if (options_.source_repetition_penalty != 1)
    apply_penalty(source_, 1 / options_.source_repetition_penalty, logits);
  apply_penalty(text, options_.sampling.repetition_penalty, logits);
  apply_counts(text, logits);
  forbid_repeats(text, text, options_.sampling.no_repeat_ngram, logits);
  forbid_repeats(source_, text, options_.no_repeat_source_ngram, logits);
  for (const auto& words : options_.bad_words) {
    const bool is_end_alone = words.size() == 1 && options_.is_end(words.front());
    if (!words.empty() && !is_end_alone && completes(words, text)) forbid(words.back(), logits);
  }
  apply_lengths(text.size(), logits);
  if (options_.remove_invalid) {
    constexpr float kMax = std::numeric_limits<float>::max();
    for (float& x : logits) x = std::isnan(x) ? 0.0f : std::clamp(x, -kMax, kMax);
  }
  apply_decay(text.size(), logits);
  for (const std::int32_t token : options_.suppressed) forbid(token, logits);
  const bool forces_first = prompt_tokens_ == 1 && options_.forced_first;
  if (text.size() == prompt_tokens_ + (forces_first ? 1 : 0)) {
    for (const std::int32_t token : options_.suppressed_first) forbid(token, logits);
  }
  if (rule_ != nullptr) rule_->apply(text, prompt_tokens_, logits);
}

void LogitRules::renormalize(std::span<float> logits) const {
  if (!options_.renormalize) return;
  const float highest = std::ranges::max(logits);
  if (highest == kNever) return;
  double sum = 0;
  for (const float x : logits) sum += std::exp(x - highest);
  const auto log_sum = static_cast<float>(highest + std::log(sum));
  for (float& x : logits) x -= log_sum;
}

void LogitRules::apply_biases(std::span<const std::int32_t> text, std::span<float> logits) const {
  for (const SequenceBias& one : options_.biases) {
    const auto i = static_cast<std::size_t>(one.tokens.back());
    if (i < logits.size() && completes(one.tokens, text)) logits[i] += one.bias;
  }
}

void LogitRules::apply_penalty(std::span<const std::int32_t> tokens, double penalty,
                               std::span<float> logits) {
  if (penalty == 1) return;
  counts_.resize(logits.size());
  const auto by = static_cast<float>(penalty);
  for (const std::int32_t token : tokens) {
    const auto i = static_cast<std::size_t>(token);
    if (i >= logits.size() || counts_[i]++ > 0) continue;
    marked_.push_back(token);
    logits[i] = logits[i] < 0 ? logits[i] * by : logits[i] / by;
  }
  for (const std::int32_t token : marked_) counts_[static_cast<std::size_t>(token)] = 0;
  marked_.clear();
}

void LogitRules::apply_counts(std::span<const std::int32_t> text, std::span<float> logits) {
  const SamplingOptions& sampling = options_.sampling;
  if (sampling.presence_penalty == 0 && sampling.frequency_penalty == 0) return;
  counts_.resize(logits.size());
  for (const std::int32_t token : text.subspan(std::min(prompt_tokens_, text.size()))) {
    const auto i = static_cast<std::size_t>(token);
    if (i < logits.size() && counts_[i]++ == 0) marked_.push_back(token);
  }
  for (const std::int32_t token : marked_) {
    const auto i = static_cast<std::size_t>(token);
    logits[i] -=
        static_cast<float>(sampling.presence_penalty + sampling.frequency_penalty * counts_[i]);
    counts_[i] = 0;
  }
  marked_.clear();
}

void LogitRules::apply_lengths(std::size_t length, std::span<float> logits) const {
  const bool too_short = length - prompt_tokens_ < options_.tokens_min ||
                         (options_.tokens_min == 0 && length < options_.length_min);
  if (too_short) {
    for (const std::int32_t end : options_.end_tokens) forbid(end, logits);
  }
  if (options_.forced_first && length == 1) force({&*options_.forced_first, 1}, logits);
  if (!options_.forced_last.empty() && length + 1 == prompt_tokens_ + tokens_max_)
    force(options_.forced_last, logits);
}

void LogitRules::apply_decay(std::size_t length, std::span<float> logits) const {
  if (!options_.length_decay) return;
  const std::size_t from = prompt_tokens_ + options_.length_decay->start;
  if (length <= from) return;
  const double more =
      std::pow(options_.length_decay->factor, static_cast<double>(length - from)) - 1;
  for (const std::int32_t end : options_.end_tokens) {
    const auto i = static_cast<std::size_t>(end);
    // An end that may not come yet stays out.
    if (i < logits.size() && logits[i] != kNever)
      logits[i] += std::abs(logits[i]) * static_cast<float>(more);
  }
}

}  // namespace embrace::transformers
