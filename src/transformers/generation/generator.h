#pragma once
// From a prompt to text: options of one generation, Decoding (what one text needs between passes of
// a model, for whoever runs many at once), and generate(), which runs one from end to end.
//
// Threads: a Decoding, and a call of generate(), belong to one thread.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "json/view.h"
#include "transformers/generation/sampler.h"
#include "transformers/generation/stop_finder.h"
#include "transformers/models/causal_lm.h"
#include "transformers/tokenizers/tokenizer.h"

namespace embrace::transformers {

struct GenerationOptions {
  SamplingOptions sampling = {};
  std::size_t tokens_max = 256;  // of the text, prompt not counted
  std::size_t tokens_min = 0;    // before which no end token comes; a mask knows better
  std::vector<std::int32_t> end_tokens = {};
  std::vector<std::string> stop_strings = {};  // the text ends before them
  // Logarithms of probabilities with each token, and of so many likeliest ones.
  std::optional<std::size_t> logprobs = {};

  Status check() const;
};

// What a generation_config.json says, and config.json's eos_token_id where that has none. Either
// may be absent. InvalidArgument for numbers out of bounds.
Result<GenerationOptions> read_generation_options(json::View generation_config, json::View config);

enum class FinishReason : std::uint8_t {
  None,  // not finished
  Length,
  Complete,  // the mask lets nothing follow
  EndToken,
  StopString,
  Cancelled,
};

// One token of a text, on its way to a reader.
struct Step {
  std::int32_t token = 0;
  std::string text;                        // what can be shown by now; often empty
  std::span<const TokenLogprob> logprobs;  // the token's first, then the likeliest; if asked for
  FinishReason finish = FinishReason::None;
};

class Decoding {
 public:
  // `tokenizer` gives text, unless it is nullptr; it and `mask` (may be nullptr) are borrowed.
  Decoding(const GenerationOptions& options, std::span<const std::int32_t> prompt,
           const Tokenizer* tokenizer, LogitMask* mask);

  // Chooses what comes next from the model's logits, which are changed. Not after the end.
  Result<Step> advance(std::span<float> logits);
  // The same with a token that was chosen elsewhere.
  Result<Step> accept(std::int32_t token);
  // What advance() would do to the logits and choose from. InvalidArgument when options and mask
  // leave nothing.
  Result<std::span<const Candidate>> candidates(std::span<float> logits);
  void cancel();

  FinishReason finish() const { return finish_; }
  std::span<const std::int32_t> tokens() const { return tokens_; }  // prompt and text
  std::span<const std::int32_t> generated() const { return tokens().subspan(prompt_tokens_); }
  Sampler& sampler() { return sampler_; }

 private:
  GenerationOptions options_;
  std::vector<std::int32_t> tokens_;
  std::size_t prompt_tokens_;
  Sampler sampler_;
  LogitMask* mask_;
  std::optional<DecodeStream> decoder_;
  StopFinder stops_;
  std::vector<TokenLogprob> logprobs_;
  FinishReason finish_ = FinishReason::None;
};

// Where a model reads and remembers; borrowed for a call.
struct Engine {
  const CausalLm& model;
  Team& team;
  KvPool& pool;
  CausalLm::Workspace& work;
};

struct Generation {
  std::vector<std::int32_t> tokens;  // an end token is the last of them
  std::string text;
  FinishReason finish = FinishReason::None;
  std::size_t prompt_tokens_shared = 0;  // found in the pool
  double prompt_seconds = 0;
  double text_seconds = 0;  // of all tokens but the first
};

// Reads prompts of any length this many tokens at a time.
inline constexpr std::size_t kPromptPieceTokens = 512;

// Puts the tokens that `sequence` does not hold yet through the model, in pieces; work.logits has
// the row of the last one. Begins anew where longrope asks for it.
Status read_text(const Engine& engine, std::span<const std::int32_t> tokens, KvSequence& sequence);

// False from `on_step` ends the text. InvalidArgument for an empty prompt.
Result<Generation> generate(const Engine& engine, std::span<const std::int32_t> prompt,
                            const GenerationOptions& options, const Tokenizer* tokenizer = nullptr,
                            LogitMask* mask = nullptr,
                            const std::function<bool(const Step&)>& on_step = {});

}  // namespace embrace::transformers
