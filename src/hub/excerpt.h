#pragma once
// Excerpt: the place of a text that shows best why it was found, with the words marked. Plain text
// of strangers, in pieces: whoever shows it makes it safe.

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace embrace::hub {

struct ExcerptPiece {
  std::string text;
  bool mark = false;
};

// A place where a word of the list begins one of the text; a single letter must be all of it.
struct WordMatch {
  std::size_t begin = 0, end = 0;  // as much as was asked for: "train" of "training"
  std::size_t word = 0;            // of the list
};
void for_each_match(std::string_view text, const std::vector<std::string>& words,
                    const std::function<void(const WordMatch&)>& visit);

// `words` in lower case, each looked for as the beginning of a word. About `bytes` long, cut
// between words where there are any, each run of white space as one space.
std::vector<ExcerptPiece> make_excerpt(std::string_view text, const std::vector<std::string>& words,
                                       std::size_t bytes = 240);

}  // namespace embrace::hub
