// WordPiece (BERT): the longest token that begins the word, then the longest that goes on from
// there, which has the prefix "##" in the vocabulary. A word with a rest that fits nowhere is
// unknown as a whole.

#include <algorithm>

#include "base/strings.h"
#include "transformers/tokenizers/model.h"
#include "transformers/tokenizers/trie.h"
#include "transformers/tokenizers/unicode.h"
#include "transformers/tokenizers/word_cache.h"

namespace embrace::transformers {
namespace {

struct State final : public ModelState {
  WordCache cache;
};

class WordPiece final : public Model {
 public:
  WordPiece(Vocabulary vocabulary, Trie beginnings, Trie continuations,
            std::optional<std::uint32_t> unknown, std::size_t code_points_max)
      : vocabulary_(std::move(vocabulary)),
        unknown_(unknown),
        beginnings_(std::move(beginnings)),
        continuations_(std::move(continuations)),
        code_points_max_(code_points_max) {}

  std::unique_ptr<ModelState> make_state() const override { return std::make_unique<State>(); }

  Status encode(std::string_view piece, ModelState& state, std::vector<Token>& out) const override {
    auto& mine = static_cast<State&>(state);
    if (!WordCache::fits(piece)) return match(piece, out);
    const std::uint64_t hash = hash_bytes(piece);
    if (mine.cache.find(piece, hash, out)) return Done{};
    const std::size_t first = out.size();
    EMB_DO(match(piece, out));
    mine.cache.remember(piece, hash, out.data() + first, out.size() - first);
    return Done{};
  }

  const Vocabulary& vocabulary() const override { return vocabulary_; }

 private:
  Status unknown(std::string_view piece, std::vector<Token>& out) const {
    if (!unknown_)
      return fail(Code::InvalidArgument,
                  "a word is not in the vocabulary, and there is no unknown token");
    out.push_back({*unknown_, 0, static_cast<std::uint32_t>(piece.size())});
    return Done{};
  }

  Status match(std::string_view piece, std::vector<Token>& out) const {
    std::size_t code_points = 0;
    for (std::size_t at = 0; at < piece.size(); ++code_points) {
      if (code_points == code_points_max_) return unknown(piece, out);
      next_code_point(piece, at);
    }
    const std::size_t first = out.size();
    for (std::size_t begin = 0; begin < piece.size();) {
      const Trie::Longest token =
          (begin == 0 ? beginnings_ : continuations_).longest_at(piece, begin);
      if (token.value == Trie::kNone) {
        out.resize(first);
        return unknown(piece, out);
      }
      out.push_back(
          {token.value, static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(token.end)});
      begin = token.end;
    }
    return Done{};
  }

  Vocabulary vocabulary_;
  std::optional<std::uint32_t> unknown_;
  Trie beginnings_;
  Trie continuations_;  // without the prefix
  std::size_t code_points_max_;
};

}  // namespace

Result<std::unique_ptr<Model>> parse_word_piece(json::View view) {
  EMB_TRY(Vocabulary vocabulary, Vocabulary::parse(view["vocab"]));
  const auto code_points_max = view["max_input_chars_per_word"].integer().value_or(100);
  if (code_points_max < 0)
    return fail(Code::InvalidArgument, "max_input_chars_per_word is negative");
  const auto unknown = vocabulary.find(view.text_or("unk_token", "[UNK]"));
  const std::string prefix = view.text_or("continuing_subword_prefix", "##");
  Trie beginnings;
  Trie continuations;
  for (const auto& [text, value] : view["vocab"].members()) {
    const auto id = vocabulary.find(text);
    if (!id || text.empty()) continue;
    if (text.size() > Trie::kTextBytesMax) {
      return fail(Code::TooLarge,
                  cat("vocab: token ", *id, " has more than ", Trie::kTextBytesMax, " bytes"));
    }
    beginnings.add(text, *id);
    if (text.starts_with(prefix) && text.size() > prefix.size()) {
      continuations.add(text.substr(prefix.size()), *id);
    }
  }
  return std::make_unique<WordPiece>(std::move(vocabulary), std::move(beginnings),
                                     std::move(continuations), unknown,
                                     static_cast<std::size_t>(code_points_max));
}

}  // namespace embrace::transformers
