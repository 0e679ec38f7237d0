#pragma once
// Decoder: turns the texts of tokens back into one text.
//
// One class for each "type" of a tokenizer.json, all in decoder.cc. Threads: constant after it is
// made.

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "json/view.h"

namespace embrace::transformers {

class Decoder {
 public:
  virtual ~Decoder() = default;
  // Rewrites the list in place; its texts, one after another, are the result.
  virtual Status decode(std::vector<std::string>& tokens) const = 0;
};

// nullptr for null: tokens are joined by spaces.
Result<std::unique_ptr<Decoder>> parse_decoder(json::View view);

}  // namespace embrace::transformers
