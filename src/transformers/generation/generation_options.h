#pragma once
// GenerationOptions: how a text is written, in the terms of a generation_config.json. Each setting
// does what the official package's generate() (version 5.12) does with it, in its order; what is
// not built here is refused when the file is read.
//
// Threads: plain data.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "json/view.h"
#include "transformers/generation/sampler.h"

namespace embrace::transformers {

enum class EarlyStopping : std::uint8_t {
  No,     // ends when what is still open is not likely to become better
  Yes,    // ends as soon as there are enough texts
  Never,  // ends when what is still open cannot become better
};

struct BeamOptions {
  static constexpr std::size_t kBeamsMax = 64;

  std::size_t count = 1;      // 1: no search
  double length_penalty = 1;  // scores are divided by length to this power
  EarlyStopping early_stopping = EarlyStopping::No;
};

// Added to the score of the last token wherever the others stand before it.
struct SequenceBias {
  std::vector<std::int32_t> tokens;
  float bias = 0;
};

// From `start` tokens of the text on, ends become likelier: by |score| * (factor^n - 1).
struct LengthDecay {
  std::size_t start = 0;
  double factor = 1;
};

struct GenerationOptions {
  static constexpr std::size_t kTokensDefault = 256;
  static constexpr std::size_t kTokensMax = std::size_t{1} << 22;
  static constexpr std::size_t kEndsMax = 256;

  SamplingOptions sampling = {};
  // For who asks for chance and names no temperature; the repository's, also where it is greedy.
  double temperature_of_chance = 1;
  // The most tokens of the text, prompt not counted, and prompt counted; the former goes before the
  // latter. Where both are absent kTokensDefault. Less where the model has no room for so many.
  std::optional<std::size_t> tokens_max = {};
  std::optional<std::size_t> length_max = {};
  // Before which no end token comes; likewise. A mask knows better.
  std::size_t tokens_min = 0;
  std::size_t length_min = 0;
  std::vector<std::int32_t> end_tokens = {};
  // The text ends before them. Special tokens' own texts ("<|im_end|>") count, though they are
  // never shown.
  std::vector<std::string> stop_strings = {};
  // Logarithms of probabilities with each token, and of so many likeliest ones.
  std::optional<std::size_t> logprobs = {};

  BeamOptions beams = {};
  std::size_t returned = 1;  // texts: the best beams, or so many samples
  std::vector<SequenceBias> biases = {};
  std::vector<std::vector<std::int32_t>> bad_words = {};  // never come, one token after the other
  std::vector<std::int32_t> suppressed = {};              // never come
  std::vector<std::int32_t> suppressed_first = {};        // nor these as the first
  std::optional<std::int32_t> first_token = {};   // before all that an encoder-decoder writes
  std::optional<std::int32_t> forced_first = {};  // behind a prompt of one token
  std::vector<std::int32_t> forced_last = {};     // one of them, where there is no room for more
  // Of what the encoder read, or the prompt where there is no encoder: its tokens are likelier by
  // this factor, and no stretch of so many tokens comes again. 1 and 0: off.
  double source_repetition_penalty = 1;
  std::size_t no_repeat_source_ngram = 0;
  std::optional<LengthDecay> length_decay = {};
  bool remove_invalid = false;  // scores that are no numbers become numbers
  bool renormalize = false;     // the last step: scores become logarithms of probabilities

  // For a text that a mask holds to a form: the mask alone knows when the end may come.
  GenerationOptions beside_mask() const;

  bool is_end(std::int32_t token) const;

  Status check() const;
  // And whether the model has the tokens that are named.
  Status check(std::size_t vocabulary) const;
  // By chance at this temperature (absent: the repository's; 0: greedily).
  void sample(std::optional<double> temperature);
  // One text without beams, whatever the repository would rather do.
  void write_one();

  // How many tokens may come behind a prompt; `room` is what the model has places for, prompt
  // counted, or nullopt. InvalidArgument where the prompt leaves none, or length_max does not.
  Result<std::size_t> tokens_after(std::size_t prompt_tokens,
                                   std::optional<std::size_t> room) const;
};

// What a generation_config.json says; where there is none (an absent or null View), what
// config.json says of it, as old models have it. config.json gives eos_token_id, too, where the
// other has none. InvalidArgument for what is out of bounds, NotBuilt for settings that would
// change the text and are not built: contrastive and group search, sampled beams, constraints,
// guidance, watermarks, token healing, time limits.
Result<GenerationOptions> read_generation_options(json::View generation_config, json::View config);

}  // namespace embrace::transformers
