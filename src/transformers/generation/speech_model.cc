#include "transformers/generation/speech_model.h"

#include <cmath>
#include <limits>
#include <span>
#include <utility>

#include "base/strings.h"
#include "transformers/embeddings/model_files.h"
#include "transformers/generation/speech_segments.h"

namespace embrace::transformers {

namespace {

// Places of a whole window, whatever the model's length.
constexpr double kWindowTimestamps = 1500;

// Tokens to chunks, as the official tokenizer puts them together: a chunk begins at one timestamp
// and ends at the next that is later. Times begin anew in every window, so that a time before the
// last says that a window has passed.
class ChunkReader {
 public:
  ChunkReader(const Tokenizer& tokenizer, std::int32_t first_timestamp, double time_seconds)
      : tokenizer_(tokenizer), first_timestamp_(first_timestamp), time_seconds_(time_seconds) {}

  Result<std::vector<SpeechChunk>> read(std::span<const std::int32_t> tokens) {
    for (std::size_t i = 0; i < tokens.size(); ++i) {
      if (tokens[i] < first_timestamp_) {
        text_.push_back(static_cast<std::uint32_t>(tokens[i]));
        continue;
      }
      const bool single_before =
          i >= 2 && !(tokens[i - 1] >= first_timestamp_ && tokens[i - 2] >= first_timestamp_);
      const double seconds = place(tokens[i], single_before);
      if (!chunk_.start_seconds) {
        chunk_.start_seconds = seconds;
      } else if (seconds != *chunk_.start_seconds) {
        chunk_.end_seconds = seconds;
        EMB_DO(end_chunk());
      }
    }
    EMB_TRY(const std::string rest, tokenizer_.decode(text_));
    if (!rest.empty()) EMB_DO(end_chunk());
    return std::move(chunks_);
  }

 private:
  double place(std::int32_t token, bool single_before) {
    const double in_window = static_cast<double>(token - first_timestamp_) * time_seconds_;
    if (in_window < latest_) {
      if (single_before) {
        before_ += time_seconds_ * kWindowTimestamps;
      } else {
        latest_ = last_but_one_;
        before_ += last_but_one_;
      }
    }
    last_but_one_ = latest_;
    latest_ = in_window;
    return std::round((in_window + before_) * 100) / 100;
  }

  Status end_chunk() {
    EMB_TRY(chunk_.text, tokenizer_.decode(text_));
    chunks_.push_back(std::exchange(chunk_, {}));
    text_.clear();
    return Done{};
  }

  const Tokenizer& tokenizer_;
  std::int32_t first_timestamp_;
  double time_seconds_;
  double before_ = 0;  // seconds of the windows that have passed
  double latest_ = 0;  // in this window
  double last_but_one_ = 0;
  std::vector<std::uint32_t> text_;
  SpeechChunk chunk_;
  std::vector<SpeechChunk> chunks_;
};

}  // namespace

SpeechModel::SpeechModel(std::unique_ptr<Whisper> model, TranscriptionRules rules,
                         SpeechFeatures features, Tokenizer tokenizer, GenerationOptions defaults)
    : model_(std::move(model)),
      rules_(std::move(rules)),
      features_(std::move(features)),
      tokenizer_(std::move(tokenizer)),
      defaults_(std::move(defaults)) {
  const double window_seconds =
      static_cast<double>(features_.window_samples()) / static_cast<double>(features_.rate());
  time_seconds_ = window_seconds * 2 / static_cast<double>(model_->shape().frames);
}

Result<SpeechModel> SpeechModel::open(rt::Blocking blocking, const std::filesystem::path& folder,
                                      Precision precision) {
  const ModelFiles files = ModelFiles::in_folder(blocking, folder);
  EMB_TRY(const json::Document config, files.json("config.json"));
  EMB_TRY(const json::Document generation, files.json_if_there("generation_config.json"));
  EMB_TRY(const json::Document settings, files.json("preprocessor_config.json"));
  EMB_TRY(const std::string tokenizer_json, files.text("tokenizer.json"));
  EMB_TRY(Tokenizer tokenizer, Tokenizer::parse(tokenizer_json));
  EMB_TRY(SpeechFeatures features, SpeechFeatures::parse(settings.root()));
  EMB_TRY(const Weights weights, files.weights(""));
  EMB_TRY(auto model, Whisper::load(weights, config.root(), precision));
  const json::View rules_of = generation.root().is_null() ? json::View() : generation.root();
  EMB_TRY(TranscriptionRules rules, TranscriptionRules::parse(config.root(), rules_of));
  EMB_TRY(GenerationOptions defaults, read_generation_options(rules_of, config.root()));
  defaults.sampling.temperature = 0;
  const Whisper::Shape& shape = model->shape();
  if (features.kind() != SpeechFeatures::Kind::LogMel || features.columns() != shape.mels) {
    return fail(Code::InvalidArgument,
                cat("preprocessor_config.json: the model hears ", shape.mels, " mel filters"));
  }
  return SpeechModel(std::move(model), std::move(rules), std::move(features), std::move(tokenizer),
                     std::move(defaults));
}

Result<Transcript> SpeechModel::transcribe(Team& team, Sound sound,
                                           const TranscribeOptions& options) const {
  EMB_TRY(const Sound heard, resample(team, std::move(sound), features_.rate()));
  const bool is_long = heard.samples.size() > features_.window_samples();
  Matrix features;
  EMB_DO(features_.compute(team, heard.samples, features,
                           is_long ? SpeechFeatures::Extent::All : SpeechFeatures::Extent::Window));
  EMB_TRY(const SpeechSegments written,
          write_segments(team, *model_, rules_,
                         {.language = options.language,
                          .task = options.task,
                          .timestamps = options.timestamps,
                          .tokens_max = options.tokens_max,
                          .conditioned = options.conditioned},
                         options.generation.value_or(defaults_), features));
  std::vector<std::int32_t> tokens;
  for (const SpeechSegment& segment : written.segments)
    tokens.insert(tokens.end(), segment.tokens.begin(), segment.tokens.end());
  const std::int32_t first_timestamp =
      rules_.first_timestamp().value_or(std::numeric_limits<std::int32_t>::max());
  Transcript result;
  EMB_TRY(result.chunks, ChunkReader(tokenizer_, first_timestamp, time_seconds_).read(tokens));
  for (const SpeechChunk& chunk : result.chunks) result.text += chunk.text;
  if (!options.timestamps) result.chunks.clear();
  for (const std::int32_t token : written.first) {
    if (result.language.empty()) result.language = rules_.language_of(token);
  }
  return result;
}

}  // namespace embrace::transformers
