#include "transformers/pipelines/entities.h"

#include <algorithm>
#include <utility>

#include "transformers/pipelines/cut_text.h"
#include "transformers/pipelines/stable_order.h"
#include "transformers/tokenizers/unicode.h"

namespace embrace::transformers {

namespace {

// A token, a word or a group of them, with the tokens that it is made of.
struct Piece {
  std::size_t label = 0;
  double score = 0;
  std::vector<std::size_t> tokens;
};

std::size_t code_points(std::string_view text) {
  std::size_t count = 0;
  for (std::size_t at = 0; at < text.size(); next_code_point(text, at)) ++count;
  return count;
}

std::size_t best_of(const std::vector<double>& scores) {
  return static_cast<std::size_t>(std::ranges::max_element(scores) - scores.begin());
}

// "B-PER" begins an entity PER; "I-PER", and a label without either, continues one.
std::pair<bool, std::string_view> tag_of(std::string_view label) {
  if (label.starts_with("B-")) return {true, label.substr(2)};
  if (label.starts_with("I-")) return {false, label.substr(2)};
  return {false, label};
}

Piece join_word(const std::vector<std::size_t>& tokens,
                const std::vector<std::vector<double>>& scores, Aggregation aggregation) {
  Piece word;
  word.tokens = tokens;
  std::vector<double> chosen = scores[tokens[0]];
  if (aggregation == Aggregation::Max) {
    for (const std::size_t token : tokens) {
      if (std::ranges::max(scores[token]) > std::ranges::max(chosen)) chosen = scores[token];
    }
  } else if (aggregation == Aggregation::Average) {
    for (std::size_t label = 0; label < chosen.size(); ++label) {
      double sum = 0;
      for (const std::size_t token : tokens) sum += scores[token][label];
      chosen[label] = sum / static_cast<double>(tokens.size());
    }
  }
  word.label = best_of(chosen);
  word.score = chosen[word.label];
  return word;
}

}  // namespace

Result<std::vector<Entity>> EntityReader::read(const Tokenizer& tokenizer, std::string_view text,
                                               const Encoding& encoding,
                                               const std::vector<std::vector<double>>& scores,
                                               const std::vector<std::string>& labels,
                                               const EntityOptions& options) const {
  const Aggregation aggregation = options.aggregation;
  const CutText cut(text);
  const auto is_inside = [&](std::size_t token) {
    if (encoding.ids[token] == unknown) return false;
    const Offsets at = encoding.offsets[token];
    if (by_prefix) {
      const std::string word = tokenizer.token_of(encoding.ids[token]).value_or("");
      return code_points(word) != at.end - at.begin;
    }
    return at.begin > 0 && cut.cut(at.begin - 1, at.begin + 1).find(' ') == std::string_view::npos;
  };

  std::vector<Piece> pieces;
  std::vector<std::size_t> word;
  const bool by_words = aggregation != Aggregation::None && aggregation != Aggregation::Simple;
  for (std::size_t token = 0; token < encoding.size(); ++token) {
    if (encoding.special_mask[token] != 0) continue;
    if (!by_words) {
      const std::size_t label = best_of(scores[token]);
      pieces.push_back({label, scores[token][label], {token}});
      continue;
    }
    if (!word.empty() && !is_inside(token)) {
      pieces.push_back(join_word(word, scores, aggregation));
      word.clear();
    }
    word.push_back(token);
  }
  if (!word.empty()) pieces.push_back(join_word(word, scores, aggregation));

  // Neighbours of one kind become one, with the mean of their scores.
  std::vector<std::vector<Piece>> groups;
  for (Piece& piece : pieces) {
    const auto [begins, tag] = tag_of(labels[piece.label]);
    const bool joins = aggregation != Aggregation::None && !groups.empty() && !begins &&
                       tag == tag_of(labels[groups.back().back().label]).second;
    if (!joins) groups.emplace_back();
    groups.back().push_back(std::move(piece));
  }

  std::vector<Entity> entities;
  for (const std::vector<Piece>& group : groups) {
    const std::string& label = labels[group[0].label];
    Entity entity;
    entity.entity = label;
    // The official package cuts a group's name behind its first hyphen, whatever is before it.
    if (aggregation != Aggregation::None) entity.entity = label.substr(label.find('-') + 1);
    if (std::ranges::find(options.ignored, entity.entity) != options.ignored.end()) continue;
    std::vector<std::size_t> tokens;
    for (const Piece& piece : group) {
      entity.score += piece.score / static_cast<double>(group.size());
      tokens.insert(tokens.end(), piece.tokens.begin(), piece.tokens.end());
    }
    entity.index = tokens.front();
    entity.start = encoding.offsets[tokens.front()].begin;
    entity.end = encoding.offsets[tokens.back()].end;
    // Unknown tokens are shown as the text has them, the others as the tokenizer decodes them.
    std::vector<std::uint32_t> known;
    const auto say = [&](std::string_view more) {
      if (by_prefix && !entity.word.empty()) entity.word += ' ';
      entity.word += more;
    };
    const auto say_known = [&]() -> Status {
      if (known.empty()) return Done{};
      EMB_TRY(const std::string decoded, tokenizer.decode(known, false));
      say(decoded);
      known.clear();
      return Done{};
    };
    for (const std::size_t token : tokens) {
      if (encoding.ids[token] != unknown) {
        known.push_back(encoding.ids[token]);
        continue;
      }
      EMB_DO(say_known());
      say(cut.cut(encoding.offsets[token].begin, encoding.offsets[token].end));
    }
    if (aggregation == Aggregation::None && !known.empty()) {
      entity.word = tokenizer.token_of(known[0]).value_or("");
    } else {
      EMB_DO(say_known());
    }
    entities.push_back(std::move(entity));
  }
  return entities;
}

std::vector<Entity> without_overlaps(std::vector<Entity> entities) {
  sort_stably(entities, [](const Entity& a, const Entity& b) { return a.start < b.start; });
  std::vector<Entity> kept;
  for (Entity& entity : entities) {
    if (kept.empty() || entity.start >= kept.back().end) {
      kept.push_back(std::move(entity));
      continue;
    }
    Entity& last = kept.back();
    const auto length = entity.end - entity.start;
    const auto last_length = last.end - last.start;
    if (length > last_length || (length == last_length && entity.score > last.score))
      last = std::move(entity);
  }
  return kept;
}

}  // namespace embrace::transformers
