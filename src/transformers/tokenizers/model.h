#pragma once
// Model: turns one piece of text into tokens of its vocabulary.
//
// Implementations: bpe.cc, word_piece.cc, unigram.cc, word_level.cc. Threads: a Model is constant
// after it is made; what it needs while it works is in a ModelState, one for each thread at work.

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "json/view.h"
#include "transformers/tokenizers/vocabulary.h"

namespace embrace::transformers {

struct Token {
  std::uint32_t id;
  std::uint32_t begin;  // bytes of the piece
  std::uint32_t end;
};

class ModelState {
 public:
  virtual ~ModelState() = default;
};

class Model {
 public:
  virtual ~Model() = default;

  virtual std::unique_ptr<ModelState> make_state() const = 0;
  // Appends the tokens of `piece`, which is not empty. `state` is one that this Model made.
  virtual Status encode(std::string_view piece, ModelState& state,
                        std::vector<Token>& out) const = 0;

  virtual const Vocabulary& vocabulary() const = 0;

  // True when the model can take the bytes themselves in place of the visible code points that
  // stand for them; then `use_bytes` makes it expect them.
  virtual bool can_use_bytes() const { return false; }
  virtual void use_bytes() {}
};

// From the member "model" of a tokenizer.json.
Result<std::unique_ptr<Model>> parse_model(json::View view);

Result<std::unique_ptr<Model>> parse_bpe(json::View view);
Result<std::unique_ptr<Model>> parse_word_piece(json::View view);
Result<std::unique_ptr<Model>> parse_unigram(json::View view);
Result<std::unique_ptr<Model>> parse_word_level(json::View view);

}  // namespace embrace::transformers
