#pragma once
// CutText: a text to be cut by numbers of code points, as tokenizers give offsets.
//
// Threads: any, once made. The text outlives it.

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "transformers/tokenizers/unicode.h"

namespace embrace::transformers {

class CutText {
 public:
  // Bytes that are not UTF-8 are read as the tokenizer reads them.
  explicit CutText(std::string_view text) : text_(utf8_or_repaired(text, repaired_)) {
    for (std::size_t at = 0; at < text_.size(); next_code_point(text_, at)) starts_.push_back(at);
    starts_.push_back(text_.size());
  }
  CutText(const CutText&) = delete;

  std::size_t size() const { return starts_.size() - 1; }
  // Code points [begin, end), as far as there are any.
  std::string_view cut(std::size_t begin, std::size_t end) const {
    end = std::min(end, size());
    begin = std::min(begin, end);
    return text_.substr(starts_[begin], starts_[end] - starts_[begin]);
  }

 private:
  std::string repaired_;
  std::string_view text_;
  std::vector<std::size_t> starts_;
};

}  // namespace embrace::transformers
