#include "transformers/tokenizers/model.h"

#include "base/strings.h"

namespace embrace::transformers {

Result<std::unique_ptr<Model>> parse_model(json::View view) {
  const std::string type = view.text_or("type", "");
  if (type == "BPE") return parse_bpe(view);
  if (type == "WordPiece") return parse_word_piece(view);
  if (type == "Unigram") return parse_unigram(view);
  if (type == "WordLevel") return parse_word_level(view);
  if (!type.empty()) {
    return fail(Code::InvalidArgument, cat("no model is named \"", type.substr(0, 64), "\""));
  }
  // Old files name no type; what they have says which it is.
  if (view["merges"].exists()) return parse_bpe(view);
  if (view["vocab"].is_array()) return parse_unigram(view);
  if (view["continuing_subword_prefix"].exists()) return parse_word_piece(view);
  if (view["vocab"].exists()) return parse_word_level(view);
  return fail(Code::InvalidArgument, "there is no model");
}

}  // namespace embrace::transformers
