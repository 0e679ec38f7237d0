#include "hub/excerpt.h"

#include <algorithm>
#include <set>

#include "base/strings.h"
#include "meta/card_texts.h"

namespace embrace::hub {
namespace {

constexpr std::size_t kMatchesMax = 500;  // that are weighed against each other

bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

std::vector<WordMatch> find_matches(std::string_view text, const std::vector<std::string>& words) {
  std::vector<WordMatch> matches;
  for_each_match(text, words, [&](const WordMatch& match) {
    if (matches.size() < kMatchesMax) matches.push_back(match);
  });
  return matches;
}

// The match from which on the most different words follow within `bytes`.
std::size_t best_start(const std::vector<WordMatch>& matches, std::size_t bytes) {
  std::size_t best = 0, most = 0;
  for (std::size_t i = 0; i < matches.size(); ++i) {
    std::set<std::size_t> words;
    for (std::size_t j = i; j < matches.size() && matches[j].end <= matches[i].begin + bytes; ++j)
      words.insert(matches[j].word);
    if (words.size() > most) {
      most = words.size();
      best = i;
    }
  }
  return best;
}

// Moves on to where a word begins, if that is near, and never into a character.
std::size_t at_word(std::string_view text, std::size_t at) {
  constexpr std::size_t near = 20;
  if (at == 0) return 0;
  for (std::size_t i = at; i < text.size() && i < at + near; ++i) {
    if (is_space(text[i - 1])) return i;
  }
  while (at < text.size() && (static_cast<std::uint8_t>(text[at]) & 0xc0) == 0x80) ++at;
  return at;
}

void append_spaced(std::string& out, std::string_view text, bool& after_space) {
  for (char c : text) {
    if (!is_space(c)) {
      out += c;
    } else if (!after_space) {
      out += ' ';
    }
    after_space = is_space(c);
  }
}

}  // namespace

void for_each_match(std::string_view text, const std::vector<std::string>& words,
                    const std::function<void(const WordMatch&)>& visit) {
  const std::string plain = meta::card_texts::plain_words(text);  // every word where it was
  for (std::size_t at = 0; at < plain.size();) {
    if (plain[at] == ' ') {
      ++at;
      continue;
    }
    const std::size_t end = std::min(plain.find(' ', at), plain.size());
    const std::string_view here = std::string_view(plain).substr(at, end - at);
    for (std::size_t i = 0; i < words.size(); ++i) {
      const std::string& word = words[i];
      if (here.size() < word.size() || (word.size() == 1 && here.size() != 1)) continue;
      if (!equal_ignoring_case(here.substr(0, word.size()), word)) continue;
      visit({at, at + word.size(), i});
      break;
    }
    at = end;
  }
}

std::vector<ExcerptPiece> make_excerpt(std::string_view text, const std::vector<std::string>& words,
                                       std::size_t bytes) {
  const auto matches = find_matches(text, words);
  std::size_t begin = 0;
  if (!matches.empty()) {
    const std::size_t first = matches[best_start(matches, bytes * 3 / 4)].begin;
    begin = first < bytes / 4 ? 0 : std::min(at_word(text, first - bytes / 4), first);
  }
  const std::size_t end = at_word(text, std::min(text.size(), begin + bytes));
  std::vector<ExcerptPiece> pieces;
  bool after_space = true;  // none at the beginning
  const auto add = [&](std::size_t from, std::size_t to, bool mark) {
    ExcerptPiece piece{.text = {}, .mark = mark};
    append_spaced(piece.text, text.substr(from, to - from), after_space);
    if (!piece.text.empty()) pieces.push_back(std::move(piece));
  };
  std::size_t at = begin;
  for (const WordMatch& match : matches) {
    if (match.begin < at || match.end > end) continue;
    add(at, match.begin, false);
    add(match.begin, match.end, true);
    at = match.end;
  }
  add(at, end, false);
  return pieces;
}

}  // namespace embrace::hub
