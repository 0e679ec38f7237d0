#pragma once
// From a prompt to text: Decoding (what one text needs between passes of a model, for whoever runs
// many at once), and generate(), which runs one from end to end.
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
#include "transformers/generation/generation_options.h"
#include "transformers/generation/logit_source.h"
#include "transformers/generation/stop_finder.h"
#include "transformers/generation/token_choice.h"
#include "transformers/tokenizers/tokenizer.h"

namespace embrace::transformers {

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

// What a text is written with, beside its options. All of it is borrowed, and may be absent.
struct WritingAids {
  const Tokenizer* tokenizer = nullptr;  // gives text; stop strings need it
  LogitMask* mask = nullptr;
  const TextRule* rule = nullptr;
  std::span<const std::int32_t> source = {};  // what an encoder read; else the prompt counts as it
  std::optional<std::size_t> room = {};       // as LogitSource::room()
};

class Decoding {
 public:
  Decoding(const GenerationOptions& options, std::span<const std::int32_t> prompt,
           const WritingAids& aids);
  Decoding(const GenerationOptions& options, std::span<const std::int32_t> prompt,
           const Tokenizer* tokenizer, LogitMask* mask)
      : Decoding(options, prompt, WritingAids{.tokenizer = tokenizer, .mask = mask}) {}
  Decoding(const Decoding&) = delete;

  // Chooses what comes next from the model's logits, which are changed. Not after the end.
  Result<Step> advance(std::span<float> logits);
  // The same with a token that was chosen elsewhere.
  Result<Step> accept(std::int32_t token);
  // And with the model's logits, for its logprobs.
  Result<Step> accept(std::int32_t token, std::span<const float> logits);
  // What advance() would do to the logits and choose from, as TokenChoice.
  Result<std::span<const Candidate>> candidates(std::span<float> logits) {
    return choice_.candidates(logits, tokens_);
  }
  void cancel();

  FinishReason finish() const { return finish_; }
  std::span<const std::int32_t> tokens() const { return tokens_; }  // prompt and text
  std::span<const std::int32_t> generated() const { return tokens().subspan(prompt_tokens_); }
  std::size_t tokens_max() const { return tokens_max_; }  // of the text
  Sampler& sampler() { return choice_.sampler(); }

 private:
  Result<std::string> show(std::int32_t token);
  Result<std::string> show_rest();

  std::vector<std::int32_t> tokens_;
  const std::size_t prompt_tokens_;
  const std::size_t tokens_max_;
  TokenChoice choice_;
  LogitMask* mask_;
  std::optional<DecodeStream> decoder_;  // of what is shown
  std::optional<DecodeStream> all_;      // with special tokens, where stops are looked for
  StopFinder stops_;
  std::vector<TokenLogprob> logprobs_;
  FinishReason finish_ = FinishReason::None;
};

struct Generation {
  std::vector<std::int32_t> tokens;  // an end token is the last of them
  std::string text;
  FinishReason finish = FinishReason::None;
  float score = 0;  // of beams: the sum of logarithms of probabilities, by length
  std::size_t prompt_tokens_shared = 0;  // known before
  double prompt_seconds = 0;
  double text_seconds = 0;  // of all tokens but the first
};

// Steps of one text on their way to a reader; false ends it. Beams give theirs when all is done.
using OnStep = std::function<bool(const Step&)>;

// One text: the best one where there are beams. InvalidArgument for an empty prompt and for options
// that the model or the prompt cannot meet; NotBuilt for a mask with beams.
Result<Generation> generate(LogitSource& source, std::span<const std::int32_t> prompt,
                            const GenerationOptions& options, WritingAids aids,
                            const OnStep& on_step = {});
// options.returned texts: the best beams, the best first, or samples by seeds that count up.
Result<std::vector<Generation>> generate_texts(LogitSource& source,
                                               std::span<const std::int32_t> prompt,
                                               const GenerationOptions& options, WritingAids aids);
// The same for a decoder.
Result<Generation> generate(const Engine& engine, std::span<const std::int32_t> prompt,
                            const GenerationOptions& options, const Tokenizer* tokenizer = nullptr,
                            LogitMask* mask = nullptr, const OnStep& on_step = {});

}  // namespace embrace::transformers
