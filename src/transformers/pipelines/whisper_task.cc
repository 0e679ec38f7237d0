#include "transformers/pipelines/whisper_task.h"

#include <utility>

#include "base/strings.h"
#include "transformers/audio/sound.h"
#include "transformers/embeddings/model_files.h"
#include "transformers/generation/speech_model.h"
#include "transformers/pipelines/generation_settings.h"
#include "transformers/pipelines/parameters.h"
#include "transformers/pipelines/tasks.h"

namespace embrace::transformers {

namespace {

// As the official pipeline has it where the model's files say nothing.
constexpr std::string_view kBeamsDefault = "5";
constexpr std::int64_t kTokensMax = 1 << 16;

void write_seconds(std::optional<double> seconds, json::Writer& out) {
  seconds ? out.value(*seconds) : out.null();
}

class WhisperRecognition : public Pipeline {
 public:
  WhisperRecognition(SpeechModel model, json::Document config, json::Document generation)
      : model_(std::move(model)), config_(std::move(config)), generation_(std::move(generation)) {}

  Result<std::string> run(Team& team, const PipelineInput& input,
                          json::View parameters) const override {
    Parameters read(parameters);
    EMB_TRY(const TranscribeOptions options, read_options(read, parameters));
    EMB_TRY(const std::string file, file_of(input, "a WAV file"));
    EMB_TRY(Sound sound, read_wave(std::as_bytes(std::span(file))));
    EMB_TRY(const Transcript said, model_.transcribe(team, std::move(sound), options));
    json::Writer out;
    out.begin_object().field("text", said.text);
    if (options.timestamps) {
      out.key("chunks").begin_array();
      for (const SpeechChunk& chunk : said.chunks) {
        out.begin_object().key("timestamp").begin_array();
        write_seconds(chunk.start_seconds, out);
        write_seconds(chunk.end_seconds, out);
        out.end_array().field("text", chunk.text).end_object();
      }
      out.end_array();
    }
    out.end_object();
    return out.take();
  }

 private:
  Result<TranscribeOptions> read_options(Parameters& read, json::View parameters) const {
    TranscribeOptions options;
    if (parameters["return_timestamps"].is_string()) {
      read.refuse("return_timestamps", "times are those of whole stretches (true)");
    } else {
      options.timestamps = read.flag_or("return_timestamps", false);
    }
    GenerationSettings settings;
    settings.set("num_beams", std::string(kBeamsDefault));
    settings.put_file(generation_.root(), config_.root());
    Parameters more(read.object("generation_parameters"));
    options.language = more.text("language");
    options.task = more.text("task");
    options.conditioned = more.flag("condition_on_prev_tokens");
    more.refuse("max_length", "max_new_tokens bounds what is written of a window");
    if (const auto most = more.integer("max_new_tokens", 1, kTokensMax))
      options.tokens_max = static_cast<std::size_t>(*most);
    settings.put_parameters(more);
    EMB_DO(more.status());
    EMB_DO(read.status());
    EMB_TRY(options.generation, settings.read(config_.root()));
    return options;
  }

  SpeechModel model_;
  json::Document config_;
  json::Document generation_;
};

}  // namespace

Result<std::unique_ptr<Pipeline>> open_whisper(rt::Blocking blocking,
                                               const std::filesystem::path& folder,
                                               Precision precision) {
  const ModelFiles files = ModelFiles::in_folder(blocking, folder);
  EMB_TRY(json::Document config, files.json("config.json"));
  EMB_TRY(json::Document generation, files.json_if_there("generation_config.json"));
  EMB_TRY(SpeechModel model, SpeechModel::open(blocking, folder, precision));
  return std::make_unique<WhisperRecognition>(std::move(model), std::move(config),
                                              std::move(generation));
}

}  // namespace embrace::transformers
