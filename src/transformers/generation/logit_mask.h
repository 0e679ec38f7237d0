#pragma once
// LogitMask: what may come next, for text that has to have a form (a grammar, a schema).
//
// Threads: one. Ownership: whoever generates borrows it for one text.

#include <cstdint>
#include <span>

#include "base/result.h"

namespace embrace::transformers {

class LogitMask {
 public:
  virtual ~LogitMask() = default;
  // Sets the logits of tokens that may not come next to minus infinity. At least one stays; an
  // error says why none can.
  virtual Status apply(std::span<float> logits) = 0;
  // This token was chosen; it is one that apply() left. Not told of tokens that end the text.
  virtual Status accept(std::int32_t token) = 0;
  // The form is complete, and nothing but the end can follow.
  virtual bool finished() const = 0;
};

}  // namespace embrace::transformers
