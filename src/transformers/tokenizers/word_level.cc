// WordLevel: a piece is a token, or the unknown one.

#include "base/strings.h"
#include "transformers/tokenizers/model.h"

namespace embrace::transformers {
namespace {

class NoState final : public ModelState {};

class WordLevel final : public Model {
 public:
  WordLevel(Vocabulary vocabulary, std::optional<std::uint32_t> unknown)
      : vocabulary_(std::move(vocabulary)), unknown_(unknown) {}

  std::unique_ptr<ModelState> make_state() const override { return std::make_unique<NoState>(); }

  Status encode(std::string_view piece, ModelState&, std::vector<Token>& out) const override {
    auto id = vocabulary_.find(piece);
    if (!id) id = unknown_;
    if (!id)
      return fail(Code::InvalidArgument,
                  "a word is not in the vocabulary, and there is no unknown token");
    out.push_back({*id, 0, static_cast<std::uint32_t>(piece.size())});
    return Done{};
  }

  const Vocabulary& vocabulary() const override { return vocabulary_; }

 private:
  Vocabulary vocabulary_;
  std::optional<std::uint32_t> unknown_;
};

}  // namespace

Result<std::unique_ptr<Model>> parse_word_level(json::View view) {
  EMB_TRY(Vocabulary vocabulary, Vocabulary::parse(view["vocab"]));
  const auto unknown = vocabulary.find(view.text_or("unk_token", "<unk>"));
  return std::make_unique<WordLevel>(std::move(vocabulary), unknown);
}

}  // namespace embrace::transformers
