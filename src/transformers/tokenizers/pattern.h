#pragma once
// Pattern: {"String": "..."} or {"Regex": "..."} of a tokenizer.json, and the matches of either.

#include <optional>
#include <string>

#include "base/result.h"
#include "json/view.h"
#include "transformers/tokenizers/regex.h"

namespace embrace::transformers {

class Pattern {
 public:
  static Result<Pattern> parse(json::View view);
  static Result<Pattern> of_regex(std::string_view expression);

  // As Regex::find_all. What is empty matches between all code points.
  Status find_all(std::string_view text, std::vector<Match>& matches) const;

  // The regular expression as written; empty for a string.
  const std::string& expression() const { return expression_; }

 private:
  std::string literal_;
  std::string expression_;
  std::optional<Regex> regex_;
};

}  // namespace embrace::transformers
