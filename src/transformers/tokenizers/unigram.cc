// Unigram (SentencePiece): every token has a score, and a piece becomes the tokens whose scores
// have the largest sum, found by dynamic programming over a trie of the vocabulary.
//
// A character that no token covers counts as unknown, with a score below all others.

#include <algorithm>
#include <array>
#include <limits>

#include "base/strings.h"
#include "transformers/tokenizers/model.h"
#include "transformers/tokenizers/trie.h"
#include "transformers/tokenizers/unicode.h"
#include "transformers/tokenizers/word_cache.h"

namespace embrace::transformers {
namespace {

constexpr std::uint32_t kNone = 0xFFFFFFFF;
constexpr double kUnknownPenalty = 10.0;

struct Best {
  double score = 0;
  std::uint32_t begin = kNone;  // of the token that ends here on the best way
  std::uint32_t id = kNone;     // kNone: unknown
};

struct State final : public ModelState {
  WordCache cache;
  std::vector<Best> best;
  std::vector<Token> backwards;
};

class Unigram final : public Model {
 public:
  Unigram(Vocabulary vocabulary, Trie trie, std::vector<double> scores, double score_min,
          std::optional<std::uint32_t> unknown, bool byte_fallback)
      : vocabulary_(std::move(vocabulary)),
        trie_(std::move(trie)),
        scores_(std::move(scores)),
        unknown_score_(score_min - kUnknownPenalty),
        unknown_(unknown),
        byte_fallback_(byte_fallback) {
    for (unsigned byte = 0; byte < 256; ++byte) {
      static constexpr char kHex[] = "0123456789ABCDEF";
      const std::string spelled = {'<', '0', 'x', kHex[byte >> 4], kHex[byte & 15], '>'};
      fallback_ids_[byte] = vocabulary_.find(spelled).value_or(kNone);
    }
  }

  std::unique_ptr<ModelState> make_state() const override { return std::make_unique<State>(); }
  const Vocabulary& vocabulary() const override { return vocabulary_; }

  Status encode(std::string_view piece, ModelState& state, std::vector<Token>& out) const override {
    auto& mine = static_cast<State&>(state);
    const bool fits = WordCache::fits(piece);
    const std::uint64_t hash = fits ? hash_bytes(piece) : 0;
    if (fits && mine.cache.find(piece, hash, out)) return Done{};
    const std::size_t first = out.size();
    EMB_DO(encode_new(piece, mine, out));
    if (fits) mine.cache.remember(piece, hash, out.data() + first, out.size() - first);
    return Done{};
  }

 private:
  void find_best(std::string_view piece, std::vector<Best>& best) const {
    best.assign(piece.size() + 1, Best{});
    for (std::size_t begin = 0; begin < piece.size();) {
      const double so_far = best[begin].score;
      const std::size_t length = utf8_length_from_lead(static_cast<unsigned char>(piece[begin]));
      bool single = false;
      std::uint32_t node = 0;
      for (std::size_t end = begin; end < piece.size();) {
        node = trie_.child(node, static_cast<unsigned char>(piece[end]));
        if (node == kNone) break;
        ++end;
        const std::uint32_t id = trie_.value(node);
        if (id == Trie::kNone) continue;
        const double score = so_far + scores_[id];
        if (best[end].begin == kNone || score > best[end].score) {
          best[end] = {score, static_cast<std::uint32_t>(begin), id};
        }
        single = single || end - begin == length;
      }
      if (!single) {
        Best& after = best[begin + length];
        const double score = so_far + unknown_score_;
        if (after.begin == kNone || score > after.score) {
          after = {score, static_cast<std::uint32_t>(begin), unknown_.value_or(kNone)};
        }
      }
      begin += length;
    }
  }

  Status encode_new(std::string_view piece, State& state, std::vector<Token>& out) const {
    find_best(piece, state.best);
    // Unknown characters side by side become one.
    std::vector<Token>& backwards = state.backwards;
    backwards.clear();
    bool fusing = false;
    for (auto end = static_cast<std::uint32_t>(piece.size()); end > 0;) {
      const Best& best = state.best[end];
      const bool unknown = best.id == kNone || best.id == unknown_;
      if (unknown && fusing) {
        backwards.back().begin = best.begin;
      } else {
        backwards.push_back({best.id, best.begin, end});
      }
      fusing = unknown && unknown_.has_value();
      end = best.begin;
    }
    for (auto token = backwards.rbegin(); token != backwards.rend(); ++token) {
      const std::string_view text = piece.substr(token->begin, token->end - token->begin);
      if (token->id != kNone && token->id != unknown_) {
        out.push_back(*token);
        continue;
      }
      if (const auto id = vocabulary_.find(text)) {  // the unknown token's own text, or fused parts
        out.push_back({*id, token->begin, token->end});
        continue;
      }
      if (byte_fallback_ && std::all_of(text.begin(), text.end(), [this](char c) {
            return fallback_ids_[static_cast<unsigned char>(c)] != kNone;
          })) {
        for (const char c : text) {
          out.push_back({fallback_ids_[static_cast<unsigned char>(c)], token->begin, token->end});
        }
        continue;
      }
      if (!unknown_)
        return fail(Code::InvalidArgument,
                    "a character is not in the vocabulary, and there is no unknown token");
      out.push_back({*unknown_, token->begin, token->end});
    }
    return Done{};
  }

  Vocabulary vocabulary_;
  Trie trie_;                   // its values are ids
  std::vector<double> scores_;  // by id
  double unknown_score_;
  std::optional<std::uint32_t> unknown_;
  bool byte_fallback_;
  std::array<std::uint32_t, 256> fallback_ids_{};
};

}  // namespace

Result<std::unique_ptr<Model>> parse_unigram(json::View view) {
  Vocabulary vocabulary;
  Trie trie;
  std::vector<double> scores;
  double score_min = std::numeric_limits<double>::infinity();
  std::uint32_t id = 0;
  for (const json::View item : view["vocab"].items()) {
    const std::vector<json::View> both = item.items();
    if (both.size() != 2 || !both[0].is_string() || !both[1].number()) {
      return fail(Code::InvalidArgument, cat("vocab: entry ", id, " is not a text and a score"));
    }
    const std::string_view text = *both[0].text();
    const double score = *both[1].number();
    if (text.size() > Trie::kTextBytesMax) {
      return fail(Code::TooLarge,
                  cat("vocab: entry ", id, " has more than ", Trie::kTextBytesMax, " bytes"));
    }
    EMB_DO(vocabulary.add(text, id));
    if (!text.empty()) trie.add(text, id);
    scores.push_back(score);
    score_min = std::min(score_min, score);
    ++id;
  }
  std::optional<std::uint32_t> unknown;
  if (const auto index = view["unk_id"].integer()) {
    if (*index < 0 || *index >= id)
      return fail(Code::InvalidArgument, "unk_id is not in the vocabulary");
    unknown = static_cast<std::uint32_t>(*index);
  }
  return std::make_unique<Unigram>(std::move(vocabulary), std::move(trie), std::move(scores),
                                   score_min, unknown,
                                   view["byte_fallback"].boolean().value_or(false));
}

}  // namespace embrace::transformers
