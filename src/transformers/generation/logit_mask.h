#pragma once
// LogitMask: what may come next, for text that has to have a form (a grammar, a schema).
//
// Threads: one. Ownership: whoever generates borrows it for one text.

#include <cstdint>
#include <span>

namespace embrace::transformers {

class LogitMask {
 public:
  virtual ~LogitMask() = default;
  // Sets the logits of tokens that may not come next to minus infinity. At least one stays.
  virtual void apply(std::span<float> logits) = 0;
  // This token was chosen; it is one that apply() left.
  virtual void accept(std::int32_t token) = 0;
};

}  // namespace embrace::transformers
