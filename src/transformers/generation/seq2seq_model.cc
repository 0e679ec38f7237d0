#include "transformers/generation/seq2seq_model.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "transformers/embeddings/model_files.h"

namespace embrace::transformers {

struct Seq2SeqSource::Written final : Text {
  explicit Written(Seq2Seq::State held) : state(std::move(held)) {}
  Seq2Seq::State state;
};

Result<Seq2SeqSource> Seq2SeqSource::read_source(const Seq2Seq& model, Team& team,
                                                 std::span<const std::int32_t> source) {
  EMB_TRY(Seq2Seq::State state, model.read(team, source));
  return Seq2SeqSource(model, team, std::move(state));
}

Result<std::unique_ptr<LogitSource::Text>> Seq2SeqSource::begin(std::span<const std::int32_t>) {
  return std::make_unique<Written>(before_);
}

Result<std::unique_ptr<LogitSource::Text>> Seq2SeqSource::copy(const Text& text) {
  return std::make_unique<Written>(static_cast<const Written&>(text).state);
}

Result<Matrix*> Seq2SeqSource::read(std::span<const Next> texts) {
  const auto left = [](const Next& next) {
    const std::size_t length = static_cast<const Written*>(next.text)->state.length();
    EMB_CHECK(length < next.tokens.size(), "there is something to read");
    return next.tokens.size() - length;
  };
  std::vector<Seq2Seq::State*> states;
  std::vector<std::int32_t> tokens;
  // All but the last tokens, one of each text at a time; then the last of all.
  for (bool last = false; !last;) {
    last = std::ranges::all_of(texts, [&](const Next& next) { return left(next) == 1; });
    states.clear();
    tokens.clear();
    for (const Next& next : texts) {
      if (!last && left(next) == 1) continue;
      Seq2Seq::State& state = static_cast<Written*>(next.text)->state;
      states.push_back(&state);
      tokens.push_back(next.tokens[state.length()]);
    }
    EMB_DO(model_.step(team_, states, tokens, logits_));
  }
  return &logits_;
}

Result<Generation> write_about(const Seq2Seq& model, Team& team,
                               std::span<const std::int32_t> source,
                               const GenerationOptions& options, const Tokenizer* tokenizer,
                               const OnStep& on_step) {
  EMB_TRY(Seq2SeqSource logits, Seq2SeqSource::read_source(model, team, source));
  const std::int32_t first = options.first_token.value_or(model.first_token());
  return generate(logits, {&first, 1}, options, {.tokenizer = tokenizer, .source = source},
                  on_step);
}

Result<std::vector<Generation>> write_texts_about(const Seq2Seq& model, Team& team,
                                                  std::span<const std::int32_t> source,
                                                  const GenerationOptions& options,
                                                  const Tokenizer* tokenizer) {
  EMB_TRY(Seq2SeqSource logits, Seq2SeqSource::read_source(model, team, source));
  const std::int32_t first = options.first_token.value_or(model.first_token());
  return generate_texts(logits, {&first, 1}, options, {.tokenizer = tokenizer, .source = source});
}

Result<Seq2SeqModel> Seq2SeqModel::open(rt::Blocking blocking, const std::filesystem::path& folder,
                                        Precision precision) {
  const ModelFiles files = ModelFiles::in_folder(blocking, folder);
  EMB_TRY(const json::Document config, files.json("config.json"));
  EMB_TRY(const json::Document generation, files.json_if_there("generation_config.json"));
  EMB_TRY(const std::string tokenizer_json, files.text("tokenizer.json"));
  EMB_TRY(Tokenizer tokenizer, Tokenizer::parse(tokenizer_json));
  EMB_TRY(GenerationOptions defaults, read_generation_options(generation.root(), config.root()));
  EMB_TRY(const Weights weights, files.weights(""));
  EMB_TRY(auto model, Seq2Seq::load(weights, config.root(), precision));
  return Seq2SeqModel{std::move(model), std::move(tokenizer), std::move(defaults)};
}

Result<std::vector<std::int32_t>> Seq2SeqModel::encode(std::string_view text) const {
  EMB_TRY(const Encoding encoding, tokenizer.encode(text, {.offsets = false}));
  return std::vector<std::int32_t>(encoding.ids.begin(), encoding.ids.end());
}

}  // namespace embrace::transformers
