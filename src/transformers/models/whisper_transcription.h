#pragma once
// TranscriptionRules: what Whisper may write for one window, by its generation_config.json: the
// tokens that come first (language, task, whether there are timestamps), tokens that are never
// written, and where timestamps may stand (Radford et al. 2022, and the official package where it
// says more). generation/speech_segments.h writes by them.
//
// Threads: any.

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "json/view.h"
#include "transformers/kernels/team.h"
#include "transformers/models/whisper.h"

namespace embrace::transformers {

struct TranscriptionRequest {
  // "en", "english" or "<|en|>"; nullopt: the rules' own, or else the likeliest is taken.
  std::optional<std::string> language = std::nullopt;
  std::optional<std::string> task = std::nullopt;  // "transcribe" or "translate"
  bool timestamps = false;
  // Behind the first ones, the end among them; nullopt: as the rules say.
  std::optional<std::size_t> tokens_max = std::nullopt;
  // Whether what was written for the windows before comes before the first tokens; nullopt: as the
  // rules say.
  std::optional<bool> conditioned = std::nullopt;
};

class TranscriptionRules {
 public:
  // `config` is the model's config.json; `generation_config` may be absent. InvalidArgument for
  // settings that the model cannot have.
  static Result<TranscriptionRules> parse(json::View config, json::View generation_config);

  // Ids from here on are times, 20 ms each; nullopt where the model has none.
  std::optional<std::int32_t> first_timestamp() const;

  // The tokens before the first. `detect` gives the likeliest of some languages' tokens.
  // InvalidArgument for languages and tasks that the model does not know.
  using Detect = std::function<Result<std::int32_t>(std::span<const std::int32_t> languages)>;
  Result<std::vector<std::int32_t>> first_tokens(const TranscriptionRequest& request,
                                                 const Detect& detect) const;
  // Takes what may not come behind `written` out of the scores, by minus infinity.
  void restrict(std::span<const std::int32_t> written, bool timestamps,
                std::span<float> scores) const;

  std::int32_t end() const { return end_; }
  std::int32_t start() const { return start_; }
  // What comes before the text of the windows before; nullopt where the model has no such token.
  std::optional<std::int32_t> previous() const { return previous_; }
  bool conditioned() const { return conditioned_; }
  bool timestamps() const { return timestamps_; }  // even where a request asks for none
  // "en" for a token that is a language; empty for others.
  std::string_view language_of(std::int32_t token) const;
  // How many tokens may be written behind a prompt of this length, by the files' max_new_tokens or
  // max_length, and by what the model has places for.
  std::size_t tokens_max(std::size_t prompt_tokens, std::size_t positions) const;

 private:
  using Names = std::map<std::string, std::int32_t, std::less<>>;

  void restrict_timestamps(std::span<const std::int32_t> written, std::span<float> scores) const;
  Status read_habits(json::View generation_config);
  Result<std::int32_t> language_token(std::string_view name) const;

  std::int32_t start_ = 0;
  std::int32_t end_ = 0;
  std::optional<std::int32_t> no_timestamps_;
  std::optional<std::int32_t> first_timestamp_max_;  // counted from the first timestamp
  std::vector<std::int32_t> never_;
  std::vector<std::int32_t> never_first_;
  std::vector<std::optional<std::int32_t>> forced_;  // behind start; nullopt is the language
  Names languages_;                                  // "<|en|>"
  Names tasks_;
  bool multilingual_ = true;
  std::optional<std::string> language_;  // where a request names none
  std::optional<std::string> task_;
  std::optional<std::int32_t> previous_;
  bool conditioned_ = false;
  bool timestamps_ = false;
  std::optional<std::size_t> length_max_;  // prompt counted
  std::optional<std::size_t> tokens_max_;
};

// The first tokens for a sound whose first window was encoded.
Result<std::vector<std::int32_t>> find_first_tokens(Team& team, const Whisper& model,
                                                    const TranscriptionRules& rules,
                                                    const TranscriptionRequest& request,
                                                    const Matrix& encoded);

}  // namespace embrace::transformers
