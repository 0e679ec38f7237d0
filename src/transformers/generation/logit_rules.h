#pragma once
// LogitRules: what the options of a text say of its next token, before chance: biases, penalties,
// words that never come, ends that come neither too early nor too late. In the order of the
// official package's logits processors.
//
// Threads: one for each text, or for texts that take turns.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "transformers/generation/generation_options.h"

namespace embrace::transformers {

// A rule of one model's own, by the text so far alone (Whisper's timestamps). It comes behind those
// of the options, before renormalization. Constant: it may be asked about many texts.
class TextRule {
 public:
  virtual ~TextRule() = default;
  virtual void apply(std::span<const std::int32_t> text, std::size_t prompt_tokens,
                     std::span<float> logits) const = 0;
};

class LogitRules {
 public:
  // `source` is what an encoder read, or the prompt; `tokens_max` of the text, prompt not counted.
  // `rule` may be nullptr. Options, source and rule are borrowed.
  LogitRules(const GenerationOptions& options, std::span<const std::int32_t> source,
             std::size_t prompt_tokens, std::size_t tokens_max, const TextRule* rule = nullptr);

  // For what comes behind `text`, prompt first. In place; tokens that may not come are at minus
  // infinity.
  void apply(std::span<const std::int32_t> text, std::span<float> logits);
  // The last step, behind a grammar's mask. Does nothing unless the options say so.
  void renormalize(std::span<float> logits) const;

 private:
  void apply_biases(std::span<const std::int32_t> text, std::span<float> logits) const;
  void apply_penalty(std::span<const std::int32_t> tokens, double penalty, std::span<float> logits);
  void apply_counts(std::span<const std::int32_t> text, std::span<float> logits);
  void apply_lengths(std::size_t length, std::span<float> logits) const;
  void apply_decay(std::size_t length, std::span<float> logits) const;

  const GenerationOptions& options_;
  std::span<const std::int32_t> source_;
  std::size_t prompt_tokens_;
  std::size_t tokens_max_;
  const TextRule* rule_;
  // Scratch.
  std::vector<std::int32_t> marked_;
  std::vector<std::uint32_t> counts_;  // of each token of the vocabulary; all 0 between calls
};

}  // namespace embrace::transformers
