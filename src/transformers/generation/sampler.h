#pragma once
// Sampler: from logits, once rules have changed them (logit_rules.h), to the next token: what cuts
// the tail off, then chance, in the order of the official package's generate(), and with its rules
// for ties: top-h (Baghaei Potraghloo et al. 2025) keeps the likeliest that hold a part of the
// entropy of the first hundred, top-k keeps all that equal the last, top-p (Holtzman et al. 2020)
// keeps tokens while those above them weigh less than p, min-p compares with the likeliest (Nguyen
// et al. 2024), typical (Meister et al. 2022) keeps those whose surprise is nearest to the entropy,
// epsilon and eta (Hewitt et al. 2022) drop what is unlikely as such, or by the entropy.
//
// Threads: one for each text.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/result.h"
#include "transformers/generation/logit_mask.h"
#include "transformers/generation/random.h"

namespace embrace::transformers {

struct SamplingOptions {
  double temperature = 0;     // 0: always the likeliest token
  std::size_t top_k = 0;      // 0: off
  double top_p = 1;           // 1: off
  double min_p = 0;           // 0: off
  double typical_p = 1;       // 1: off
  double top_h = 0;           // 0: off
  double epsilon_cutoff = 0;  // 0: off
  double eta_cutoff = 0;      // 0: off
  // Logits of tokens in the prompt or the text: divided by it where positive, else multiplied
  // (Keskar et al. 2019). 1: off.
  double repetition_penalty = 1;
  // Taken off logits of tokens in the text, prompt not counted: once, and for each time (as
  // OpenAI's API has it).
  double presence_penalty = 0;
  double frequency_penalty = 0;
  std::size_t no_repeat_ngram = 0;  // no stretch of so many tokens comes twice; 0: off
  std::uint64_t seed = 0;

  // InvalidArgument, naming the first number that is out of bounds.
  Status check() const;
};

// A token that may come next. Probabilities of a distribution sum to one.
struct Candidate {
  std::int32_t token = 0;
  float probability = 0;
};

// What the model itself thought of a token, before penalties and temperature.
struct TokenLogprob {
  std::int32_t token = 0;
  float logprob = 0;  // natural logarithm
};

class Sampler {
 public:
  explicit Sampler(const SamplingOptions& options) : options_(options), random_(options.seed) {}

  // The tokens that may come next after temperature and cuts, in no order; one with probability 1
  // at temperature 0. Valid until the next call. Logits at minus infinity never come.
  std::span<const Candidate> distribution(std::span<const float> logits);
  // One of them by chance.
  std::int32_t draw(std::span<const Candidate> candidates);
  Random& random() { return random_; }

 private:
  void cut_to_top_h();
  void cut_to_top_k();
  void cut_to_top_p();
  void cut_to_min_p();
  void cut_to_typical();
  void cut_below_epsilon();
  void cut_below_eta();
  double entropy(double log_sum) const;
  void normalize();

  SamplingOptions options_;
  Random random_;
  // Scratch: `probability` is a logit over temperature until normalize().
  std::vector<Candidate> candidates_;
  std::vector<float> scratch_;
};

// The logarithms of the model's probabilities: of `token` first, then the `count` likeliest ones,
// likeliest first.
void read_logprobs(std::span<const float> logits, std::int32_t token, std::size_t count,
                   std::vector<TokenLogprob>& into);

}  // namespace embrace::transformers
