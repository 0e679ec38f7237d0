#pragma once
// What Whisper writes for a sound of any length, window after window: where a window's text ends in
// the middle of a sentence, the next window begins where the last whole stretch ended. Rules are
// those of the official package's generate() for one sound ("sequential long-form").
//
// Threads: any.

#include <cstdint>
#include <span>
#include <vector>

#include "base/result.h"
#include "transformers/generation/generation_options.h"
#include "transformers/kernels/team.h"
#include "transformers/models/whisper.h"
#include "transformers/models/whisper_transcription.h"
#include "transformers/tensor/matrix.h"

namespace embrace::transformers {

// A stretch that the model's timestamps enclose, or a whole window where there are none.
struct SpeechSegment {
  double start_seconds = 0;
  double end_seconds = 0;
  std::vector<std::int32_t> tokens;  // timestamps among them, the end not
};

struct SpeechSegments {
  std::vector<std::int32_t> first;  // the tokens before those of every window
  std::vector<SpeechSegment> segments;
};

// What the model writes for one window behind `prompt`, which ends in the first tokens; the end is
// the last of it where it was reached. `options` say how; their lengths and suppressed tokens are
// the rules' and the request's to say. InvalidArgument for a prompt that leaves no place; NotBuilt
// for several texts.
Result<std::vector<std::int32_t>> write_window(Team& team, const Whisper& model,
                                               const TranscriptionRules& rules,
                                               const TranscriptionRequest& request,
                                               const GenerationOptions& options,
                                               std::span<const std::int32_t> prompt,
                                               const Matrix& encoded);

// `features` has a row for each 10 ms of the sound. More than one window is written with timestamps
// whatever the request says, and so is all where the rules say so. InvalidArgument where the model
// writes none, and as TranscriptionRules::first_tokens().
Result<SpeechSegments> write_segments(Team& team, const Whisper& model,
                                      const TranscriptionRules& rules, TranscriptionRequest request,
                                      const GenerationOptions& options, const Matrix& features);

}  // namespace embrace::transformers
