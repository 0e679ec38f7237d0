#pragma once
// Transcription: what Whisper writes for one window, by the rules of a generation_config.json: the
// tokens that come first (language, task, whether there are timestamps), tokens that are never
// written, and where timestamps may stand (Radford et al. 2022, and the official package where it
// says more).
//
// Threads: any.

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "json/view.h"
#include "transformers/kernels/team.h"
#include "transformers/models/whisper.h"

namespace embrace::transformers {

struct TranscriptionRequest {
  std::optional<std::string> language = std::nullopt;  // "en"; nullopt: the likeliest is taken
  std::optional<std::string> task = std::nullopt;      // "transcribe" or "translate"
  bool timestamps = false;
  std::size_t tokens_max = 448;  // behind the first ones, the end among them
};

struct Transcription {
  std::vector<std::int32_t> first;   // language, task and so on
  std::vector<std::int32_t> tokens;  // the end among them, when it was reached
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

 private:
  using Names = std::map<std::string, std::int32_t, std::less<>>;

  void restrict_timestamps(std::span<const std::int32_t> written, std::span<float> scores) const;

  std::int32_t start_ = 0;
  std::int32_t end_ = 0;
  std::optional<std::int32_t> no_timestamps_;
  std::optional<std::int32_t> first_timestamp_max_;  // counted from the first timestamp
  std::vector<std::int32_t> never_;
  std::vector<std::int32_t> never_first_;
  std::vector<std::optional<std::int32_t>> forced_;  // behind start; nullopt is the language
  Names languages_;                                  // "<|en|>"
  Names tasks_;
};

// The likeliest token each time, until the end, tokens_max or the model's last position.
Result<Transcription> transcribe(Team& team, const Whisper& model, const TranscriptionRules& rules,
                                 const TranscriptionRequest& request, const Matrix& features);

}  // namespace embrace::transformers
