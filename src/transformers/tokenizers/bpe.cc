// BPE: begins with single characters (or bytes) and merges what was learned (merges.h).
//
// Byte-level vocabularies spell bytes as visible code points; this model reads the bytes themselves
// when the whole alphabet is there (use_bytes).

#include <algorithm>
#include <array>

#include "base/strings.h"
#include "transformers/tokenizers/bpe_search.h"
#include "transformers/tokenizers/merges.h"
#include "transformers/tokenizers/model.h"
#include "transformers/tokenizers/normalizer.h"
#include "transformers/tokenizers/unicode.h"
#include "transformers/tokenizers/word_cache.h"

namespace embrace::transformers {
namespace {

constexpr std::uint32_t kNone = 0xFFFFFFFF;

struct State final : public ModelState {
  WordCache cache;
  std::vector<Symbol> symbols;
  Merges::Memory merging;
  BpeSearch::Memory searching;
  std::string spelled;
};

struct Settings {
  std::optional<std::uint32_t> unknown;
  bool names_unknown = false;  // there is an unk_token, in the vocabulary or not
  std::string prefix;
  std::string suffix;
  bool fuse_unknown = false;
  bool byte_fallback = false;
  bool ignore_merges = false;
};

class Bpe final : public Model {
 public:
  Bpe(Vocabulary vocabulary, Merges merges, Settings settings)
      : vocabulary_(std::move(vocabulary)),
        merges_(std::move(merges)),
        settings_(std::move(settings)) {
    for (unsigned byte = 0; byte < 256; ++byte) {
      const char character = static_cast<char>(byte);
      ascii_ids_[byte] = vocabulary_.find({&character, 1}).value_or(kNone);
      std::string spelled;
      append_utf8(spelled, byte_level_code_point(static_cast<unsigned char>(byte)));
      byte_ids_[byte] = vocabulary_.find(spelled).value_or(kNone);
      static constexpr char kHex[] = "0123456789ABCDEF";
      const std::string fallback = {'<', '0', 'x', kHex[byte >> 4], kHex[byte & 15], '>'};
      fallback_ids_[byte] = vocabulary_.find(fallback).value_or(kNone);
    }
    words_stand_alone_ = find_whether_words_stand_alone();
    // Otherwise a text with SentencePiece's marks is a long piece.
    if (!words_stand_alone_ && vocabulary_.find(kMark)) {
      search_.emplace(merges_, vocabulary_.id_end());
    }
  }

  std::unique_ptr<ModelState> make_state() const override { return std::make_unique<State>(); }
  const Vocabulary& vocabulary() const override { return vocabulary_; }

  bool can_use_bytes() const override {
    return settings_.prefix.empty() && settings_.suffix.empty() &&
           std::find(byte_ids_.begin(), byte_ids_.end(), kNone) == byte_ids_.end();
  }

  void use_bytes() override {
    use_bytes_ = true;
    words_stand_alone_ = false;
    if (!settings_.ignore_merges) return;
    for (std::uint32_t id = 0; id < vocabulary_.id_end(); ++id) {
      const auto text = vocabulary_.text_of(id);
      if (!text || vocabulary_.find(*text) != id) continue;
      std::string bytes;
      bool spelled = true;
      for (std::size_t at = 0; at < text->size() && spelled;) {
        const int byte = byte_of_code_point(next_code_point(*text, at));
        spelled = byte >= 0;
        if (spelled) bytes += static_cast<char>(byte);
      }
      if (spelled && !bytes.empty()) (void)whole_words_.add(bytes, id).has_value();
    }
  }

  Status encode(std::string_view piece, ModelState& state, std::vector<Token>& out) const override {
    auto& mine = static_cast<State&>(state);
    if (!words_stand_alone_) return encode_word(piece, mine, out);
    for (std::size_t begin = 0; begin < piece.size();) {
      const std::size_t end = word_end(piece, begin);
      const std::size_t first = out.size();
      EMB_DO(encode_word(piece.substr(begin, end - begin), mine, out));
      for (std::size_t i = first; begin > 0 && i < out.size(); ++i) {
        out[i].begin += static_cast<std::uint32_t>(begin);
        out[i].end += static_cast<std::uint32_t>(begin);
      }
      begin = end;
    }
    return Done{};
  }

 private:
  static constexpr std::string_view kMark = "\xE2\x96\x81";  // SentencePiece's space

  // Behind the marks at `at` and what follows up to the next mark.
  static std::size_t word_end(std::string_view piece, std::size_t at) {
    while (piece.substr(at).starts_with(kMark)) at += kMark.size();
    return std::min(piece.find(kMark, at), piece.size());
  }

  // SentencePiece's models see a whole text as one piece, but no token of most of them has a mark
  // behind another character. Then no merge crosses the border before a mark, and words can be
  // encoded one by one, and found in the cache.
  bool find_whether_words_stand_alone() const {
    if (!settings_.prefix.empty() || !settings_.suffix.empty() || settings_.ignore_merges ||
        !vocabulary_.find(kMark)) {
      return false;
    }
    for (std::uint32_t id = 0; id < vocabulary_.id_end(); ++id) {
      const auto text = vocabulary_.text_of(id);
      if (text && !text->empty() && word_end(*text, 0) != text->size()) return false;
    }
    return true;
  }

  Status encode_word(std::string_view piece, State& mine, std::vector<Token>& out) const {
    const bool fits = WordCache::fits(piece);
    const std::uint64_t hash = fits ? hash_bytes(piece) : 0;
    if (fits && mine.cache.find(piece, hash, out)) return Done{};
    const std::size_t first = out.size();
    EMB_DO(encode_new(piece, mine, out));
    if (fits) mine.cache.remember(piece, hash, out.data() + first, out.size() - first);
    return Done{};
  }

  Status encode_new(std::string_view piece, State& state, std::vector<Token>& out) const {
    if (settings_.ignore_merges) {
      const auto whole = use_bytes_ ? whole_words_.find(piece) : vocabulary_.find(piece);
      if (whole) {
        out.push_back({*whole, 0, static_cast<std::uint32_t>(piece.size())});
        return Done{};
      }
    }
    state.symbols.clear();
    if (use_bytes_) {
      for (const char c : piece)
        state.symbols.push_back({byte_ids_[static_cast<unsigned char>(c)], 1});
    } else {
      EMB_DO(split(piece, state));
    }
    if (!search_ || !search_->merge(state.symbols, state.searching)) {
      merges_.merge(state.symbols, state.merging);
    }
    std::uint32_t begin = 0;
    for (const Symbol& symbol : state.symbols) {
      out.push_back({symbol.id, begin, begin + symbol.length});
      begin += symbol.length;
    }
    return Done{};
  }

  // The characters' symbols. One that the vocabulary lacks becomes its bytes, or the unknown token,
  // or nothing.
  Status split(std::string_view piece, State& state) const {
    std::vector<Symbol>& symbols = state.symbols;
    Symbol unknown{0, 0};
    bool has_unknown = false;
    for (std::size_t at = 0; at < piece.size();) {
      const std::size_t begin = at;
      next_code_point(piece, at);
      const auto length = static_cast<std::uint32_t>(at - begin);
      std::string_view spelled = piece.substr(begin, length);
      const bool prefixed = begin > 0 && !settings_.prefix.empty();
      const bool suffixed = at == piece.size() && !settings_.suffix.empty();
      if (prefixed || suffixed) {
        state.spelled.assign(prefixed ? settings_.prefix : "");
        state.spelled += spelled;
        if (suffixed) state.spelled += settings_.suffix;
        spelled = state.spelled;
      }
      if (const std::uint32_t id = find_character(spelled); id != kNone) {
        if (has_unknown) symbols.push_back(unknown);
        has_unknown = false;
        symbols.push_back({id, length});
        continue;
      }
      if (settings_.byte_fallback && has_fallback(spelled)) {
        for (const char c : spelled) {
          symbols.push_back({fallback_ids_[static_cast<unsigned char>(c)], 1});
        }
        continue;
      }
      if (!settings_.names_unknown) continue;
      if (has_unknown && settings_.fuse_unknown) {
        unknown.length += length;
        continue;
      }
      if (has_unknown) symbols.push_back(unknown);
      if (!settings_.unknown) {
        return fail(Code::InvalidArgument, "the unknown token is not in the vocabulary");
      }
      unknown = {*settings_.unknown, length};
      has_unknown = true;
    }
    if (has_unknown) symbols.push_back(unknown);
    return Done{};
  }

  // kNone when the vocabulary lacks it.
  std::uint32_t find_character(std::string_view spelled) const {
    if (spelled.size() == 1) return ascii_ids_[static_cast<unsigned char>(spelled[0])];
    return vocabulary_.find(spelled).value_or(kNone);
  }

  bool has_fallback(std::string_view bytes) const {
    return std::all_of(bytes.begin(), bytes.end(), [this](char c) {
      return fallback_ids_[static_cast<unsigned char>(c)] != kNone;
    });
  }

  Vocabulary vocabulary_;
  Merges merges_;
  Settings settings_;
  std::array<std::uint32_t, 256> ascii_ids_{};
  std::array<std::uint32_t, 256> byte_ids_{};
  std::array<std::uint32_t, 256> fallback_ids_{};
  bool use_bytes_ = false;
  bool words_stand_alone_ = false;
  std::optional<BpeSearch> search_;  // for long pieces
  Vocabulary whole_words_;           // by their bytes; for ignore_merges with use_bytes
};

constexpr std::size_t kMergesMax = 1 << 24;

// "left right", or ["left", "right"].
bool parse_merge(json::View view, std::string_view& left, std::string_view& right) {
  if (const auto text = view.text()) {
    const std::size_t space = text->find(' ');
    if (space == std::string_view::npos || text->find(' ', space + 1) != std::string_view::npos) {
      return false;
    }
    left = text->substr(0, space);
    right = text->substr(space + 1);
    return true;
  }
  const std::vector<json::View> both = view.items();
  if (both.size() != 2 || !both[0].is_string() || !both[1].is_string()) return false;
  left = *both[0].text();
  right = *both[1].text();
  return true;
}

Result<Merges> parse_merges(json::View view, const Vocabulary& vocabulary,
                            std::size_t prefix_bytes) {
  const std::vector<json::View> items = view.items();
  if (items.size() > kMergesMax)
    return fail(Code::TooLarge, cat("more than ", kMergesMax, " merges"));
  Merges merges(items.size());
  std::string together;
  for (std::size_t rank = 0; rank < items.size(); ++rank) {
    std::string_view left;
    std::string_view right;
    if (!parse_merge(items[rank], left, right)) {
      return fail(Code::InvalidArgument, cat("merge ", rank, " is not two texts"));
    }
    if (right.size() < prefix_bytes) {
      return fail(Code::InvalidArgument, cat("merge ", rank, " lacks the subword prefix"));
    }
    const auto left_id = vocabulary.find(left);
    const auto right_id = vocabulary.find(right);
    together.assign(left);
    together += right.substr(prefix_bytes);
    const auto id = vocabulary.find(together);
    if (!left_id || !right_id || !id) {
      return fail(Code::InvalidArgument,
                  cat("merge ", rank, " speaks of a token that is not in the vocabulary"));
    }
    merges.add(*left_id, *right_id, static_cast<std::uint32_t>(rank), *id);
  }
  return merges;
}

}  // namespace

Result<std::unique_ptr<Model>> parse_bpe(json::View view) {
  EMB_TRY(Vocabulary vocabulary, Vocabulary::parse(view["vocab"]));
  if (view["dropout"].number().value_or(0) != 0) {
    return fail(Code::InvalidArgument,
                "BPE with dropout gives other tokens every time; set it to null");
  }
  Settings settings;
  settings.prefix = view.text_or("continuing_subword_prefix", "");
  settings.suffix = view.text_or("end_of_word_suffix", "");
  settings.fuse_unknown = view["fuse_unk"].boolean().value_or(false);
  settings.byte_fallback = view["byte_fallback"].boolean().value_or(false);
  settings.ignore_merges = view["ignore_merges"].boolean().value_or(false);
  if (const auto unknown = view["unk_token"].text()) {
    settings.names_unknown = true;
    settings.unknown = vocabulary.find(*unknown);
  }
  EMB_TRY(Merges merges, parse_merges(view["merges"], vocabulary, settings.prefix.size()));
  return std::make_unique<Bpe>(std::move(vocabulary), std::move(merges), std::move(settings));
}

}  // namespace embrace::transformers
