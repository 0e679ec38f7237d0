#pragma once
// Regex: a pattern of a tokenizer.json. They are written for Oniguruma with Ruby's syntax, and that
// is what runs them; it is known to regex.cc alone.
//
// Patterns come from strangers: compiling has limits of length and depth, and matching has a budget
// of backtracking steps per search and of time per text. What exceeds one is an error, not a hang.
// Threads: a Regex may be used from any thread at any time.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

struct re_pattern_buffer;

namespace embrace::transformers {

struct Match {
  std::size_t begin;  // bytes
  std::size_t end;
};

class Regex {
 public:
  static Result<Regex> compile(std::string_view pattern);

  // All matches in `text`, front to back, without overlap. An empty match right behind another one
  // does not count. `text` must be UTF-8.
  Status find_all(std::string_view text, std::vector<Match>& matches) const;

 private:
  struct Free {
    void operator()(re_pattern_buffer* compiled) const;
  };
  explicit Regex(re_pattern_buffer* compiled) : compiled_(compiled) {}
  std::unique_ptr<re_pattern_buffer, Free> compiled_;
};

}  // namespace embrace::transformers
