#pragma once
// Seq2SeqModel: all that a repository of an encoder-decoder holds (T5, BART, Marian and the like),
// ready to write a text about another: the model, its tokenizer, and how its makers would have it
// write. Options, beams, stop strings, steps and logprobs are those of decoders (generator.h).
//
//   EMB_TRY(auto model, Seq2SeqModel::open(blocking, folder, Precision::BF16));
//   EMB_TRY(auto source, model.encode("translate English to German: one"));
//   EMB_TRY(auto result, model.write(team, source, model.defaults));
//
// Threads: any, each caller with a Team of its own.

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "rt/blocking.h"
#include "transformers/generation/generator.h"
#include "transformers/models/seq2seq.h"
#include "transformers/tokenizers/tokenizer.h"

namespace embrace::transformers {

// What a model writes about one source text.
class Seq2SeqSource final : public LogitSource {
 public:
  // Reads the source with the encoder. `model` and `team` are borrowed.
  static Result<Seq2SeqSource> read_source(const Seq2Seq& model, Team& team,
                                           std::span<const std::int32_t> source);

  std::size_t vocabulary() const override { return model_.shape().vocabulary; }
  std::optional<std::size_t> room() const override { return model_.shape().length_max; }
  Result<std::unique_ptr<Text>> begin(std::span<const std::int32_t> prompt) override;
  Result<std::unique_ptr<Text>> copy(const Text& text) override;
  std::size_t known(const Text&) const override { return 0; }
  Result<Matrix*> read(std::span<const Next> texts) override;

 private:
  struct Written;
  Seq2SeqSource(const Seq2Seq& model, Team& team, Seq2Seq::State state)
      : model_(model), team_(team), before_(std::move(state)) {}

  const Seq2Seq& model_;
  Team& team_;
  Seq2Seq::State before_;  // the first token
  Matrix logits_;
};

// Writes about `source`, behind the first token of the options, or else of the model. Errors as
// generate(), and InvalidArgument for a source that is empty or too long.
Result<Generation> write_about(const Seq2Seq& model, Team& team,
                               std::span<const std::int32_t> source,
                               const GenerationOptions& options,
                               const Tokenizer* tokenizer = nullptr, const OnStep& on_step = {});
// options.returned texts, as generate_texts().
Result<std::vector<Generation>> write_texts_about(const Seq2Seq& model, Team& team,
                                                  std::span<const std::int32_t> source,
                                                  const GenerationOptions& options,
                                                  const Tokenizer* tokenizer = nullptr);

struct Seq2SeqModel {
  std::unique_ptr<Seq2Seq> model;
  Tokenizer tokenizer;
  GenerationOptions defaults;  // generation_config.json

  // A folder with config.json, tokenizer.json and weights. Errors name the file that is missing or
  // wrong; NotBuilt for families that are not here.
  static Result<Seq2SeqModel> open(rt::Blocking, const std::filesystem::path& folder,
                                   Precision precision);

  // The text as ids, with the special tokens that the model wants around it.
  Result<std::vector<std::int32_t>> encode(std::string_view text) const;
  Result<Generation> write(Team& team, std::span<const std::int32_t> source,
                           const GenerationOptions& options, const OnStep& on_step = {}) const {
    return write_about(*model, team, source, options, &tokenizer, on_step);
  }
  Result<std::vector<Generation>> write_texts(Team& team, std::span<const std::int32_t> source,
                                              const GenerationOptions& options) const {
    return write_texts_about(*model, team, source, options, &tokenizer);
  }
};

}  // namespace embrace::transformers
