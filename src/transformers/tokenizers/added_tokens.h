#pragma once
// AddedTokens: tokens that are found in the text before any model sees it ("<s>", "[MASK]",
// "<|im_start|>"), and the rules of each about white space and words around it.
//
// Threads: constant after it is made.

#include <array>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/result.h"
#include "json/view.h"
#include "transformers/tokenizers/model.h"
#include "transformers/tokenizers/normalizer.h"
#include "transformers/tokenizers/pre_tokenizer.h"
#include "transformers/tokenizers/trie.h"

namespace embrace::transformers {

struct AddedToken {
  std::string content;
  bool single_word = false;  // only where no word goes on beside it
  bool left_strip = false;   // takes the white space on its left with it
  bool right_strip = false;
  bool normalized = true;  // is looked for in the normalized text, normalized itself
  bool special = false;    // left out of decoded text on request
  friend bool operator==(const AddedToken&, const AddedToken&) = default;
};

class AddedTokens {
 public:
  // From the member "added_tokens". Ids are those of the model's vocabulary, and go on behind it.
  static Result<AddedTokens> parse(json::View view, const Model& model,
                                   const Normalizer* normalizer);

  // Cuts the one piece of `list`, which is the whole text: added tokens of the plain text, then the
  // normalizer, then added tokens of the normalized text.
  Status cut(PieceList& list, const Normalizer* normalizer) const;

  const AddedToken* find(std::uint32_t id) const;
  // What an id decodes to: a token that is normalized, as that makes it.
  const std::string* text_of(std::uint32_t id) const;
  bool is_special(std::string_view content) const {
    return specials_.contains(std::string(content));
  }
  std::optional<std::uint32_t> find(std::string_view content) const;
  std::uint32_t id_end() const { return id_end_; }

 private:
  struct Set {
    Trie trie;
    std::vector<std::uint32_t> ids;  // the trie's values are places in it
    std::array<bool, 256> first{};   // bytes that a token begins with
    bool empty = true;

    void add(std::string_view text, std::uint32_t id);
  };

  Status add(const std::vector<AddedToken>& tokens, const Model& model);
  void find_in(const Piece& piece, const Set& set, std::vector<Piece>& out) const;

  std::unordered_map<std::string, std::uint32_t> id_of_;
  std::unordered_map<std::uint32_t, AddedToken> token_of_;
  std::unordered_map<std::uint32_t, std::string> texts_;
  std::unordered_set<std::string> specials_;
  std::vector<AddedToken> given_;
  Set plain_;
  Set normalized_;
  std::uint32_t id_end_ = 0;
};

}  // namespace embrace::transformers
