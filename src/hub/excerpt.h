#pragma once
// Excerpt: the place of a text that shows best why it was found, with the words marked. Plain text
// of strangers, in pieces: whoever shows it makes it safe.

#include <string>
#include <string_view>
#include <vector>

namespace embrace::hub {

struct ExcerptPiece {
  std::string text;
  bool mark = false;
};

// `words` in lower case, each looked for as the beginning of a word. About `bytes` long, cut
// between words where there are any, each run of white space as one space.
std::vector<ExcerptPiece> make_excerpt(std::string_view text, const std::vector<std::string>& words,
                                       std::size_t bytes = 240);

}  // namespace embrace::hub
