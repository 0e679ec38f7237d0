#pragma once
// PostProcessor: the last step of a tokenizer puts special tokens around one text or two, and says
// which type each token is of.
//
// One class for each "type" of a tokenizer.json, all in post_processor.cc. Threads: constant after
// it is made.

#include <memory>
#include <vector>

#include "base/result.h"
#include "json/view.h"
#include "transformers/tokenizers/encoding.h"

namespace embrace::transformers {

class PostProcessor {
 public:
  virtual ~PostProcessor() = default;

  // How many special tokens it puts around one text, or two.
  virtual std::size_t added(bool pair) const = 0;
  // `parts` are the encodings of the texts; afterwards, those that make up the whole, in order.
  virtual Status process(std::vector<Encoding>& parts, bool add_special_tokens) const = 0;
  // True when it needs the margins of tokens.
  virtual bool trims_offsets() const { return false; }
};

// nullptr for null.
Result<std::unique_ptr<PostProcessor>> parse_post_processor(json::View view);

// The whole: numbers the texts, lets `processor` (or nullptr) work, and joins the parts.
Result<Encoding> post_process(const PostProcessor* processor, std::vector<Encoding> texts,
                              bool add_special_tokens);

}  // namespace embrace::transformers
