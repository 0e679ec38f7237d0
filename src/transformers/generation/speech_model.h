#pragma once
// SpeechModel: all that a repository of a Whisper model holds, ready to write down what is said:
// the model, its features, its tokenizer, and the rules of its generation_config.json.
//
//   EMB_TRY(auto model, SpeechModel::open(blocking, folder, Precision::BF16));
//   EMB_TRY(auto said, model.transcribe(team, sound, {.language = "en", .timestamps = true}));
//
// Texts, chunks and times are those of the official package's automatic-speech-recognition
// pipeline.
//
// Threads: transcribe() from any, each caller with a Team of its own.

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "rt/blocking.h"
#include "transformers/audio/sound.h"
#include "transformers/audio/speech_features.h"
#include "transformers/generation/generation_options.h"
#include "transformers/kernels/linear.h"
#include "transformers/kernels/team.h"
#include "transformers/models/whisper.h"
#include "transformers/models/whisper_transcription.h"
#include "transformers/tokenizers/tokenizer.h"

namespace embrace::transformers {

struct TranscribeOptions {
  // "en", "english" or "<|en|>". nullopt: what generation_config.json says, or else the likeliest
  // by the first window.
  std::optional<std::string> language = std::nullopt;
  // "transcribe", or "translate" (into English). nullopt: what generation_config.json says.
  std::optional<std::string> task = std::nullopt;
  bool timestamps = false;  // gives chunks
  // The most tokens of one window. nullopt: what generation_config.json says, or what fits.
  std::optional<std::size_t> tokens_max = std::nullopt;
  // Whether the model reads, before each window but the first, what it wrote before. nullopt: what
  // generation_config.json says, or no.
  std::optional<bool> conditioned = std::nullopt;
  // Beams, penalties, temperature. nullopt: SpeechModel::defaults().
  std::optional<GenerationOptions> generation = std::nullopt;
};

// A stretch of what was said. Seconds count from the beginning of the sound; one that the model did
// not write is absent.
struct SpeechChunk {
  std::string text;
  std::optional<double> start_seconds = std::nullopt;
  std::optional<double> end_seconds = std::nullopt;
};

struct Transcript {
  std::string text;
  std::string language;             // "en"; empty where the model knows but one
  std::vector<SpeechChunk> chunks;  // with timestamps alone; their texts together are `text`
};

class SpeechModel {
 public:
  // A folder with config.json, preprocessor_config.json, tokenizer.json, weights and, if there is
  // one, generation_config.json. Errors name the file that is missing or wrong. NotBuilt where
  // config.json is no Whisper's.
  static Result<SpeechModel> open(rt::Blocking, const std::filesystem::path& folder,
                                  Precision precision);

  // What generation_config.json says of beams and penalties. It samples nothing by itself.
  const GenerationOptions& defaults() const { return defaults_; }

  // A sound of any rate; it is brought to the model's. One that is longer than the model's window
  // of 30 seconds is heard window after window (speech_segments.h). InvalidArgument for languages
  // and tasks that the model does not know, and for timestamps where it writes none.
  Result<Transcript> transcribe(Team& team, Sound sound,
                                const TranscribeOptions& options = {}) const;

 private:
  SpeechModel(std::unique_ptr<Whisper> model, TranscriptionRules rules, SpeechFeatures features,
              Tokenizer tokenizer, GenerationOptions defaults);

  std::unique_ptr<Whisper> model_;
  TranscriptionRules rules_;
  SpeechFeatures features_;
  Tokenizer tokenizer_;
  GenerationOptions defaults_;
  double time_seconds_ = 0;  // from one timestamp to the next
};

}  // namespace embrace::transformers
