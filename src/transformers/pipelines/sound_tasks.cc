// Tasks on sounds: what is said, by letters (wav2vec 2.0; Whisper is in whisper_task.cc), and what
// kind of sound it is.
#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "base/strings.h"
#include "transformers/audio/sound.h"
#include "transformers/audio/speech_features.h"
#include "transformers/embeddings/model_files.h"
#include "transformers/models/config.h"
#include "transformers/models/ctc_tokenizer.h"
#include "transformers/models/encoder_head.h"
#include "transformers/models/wav2vec2.h"
#include "transformers/pipelines/parameters.h"
#include "transformers/pipelines/scores.h"
#include "transformers/pipelines/tasks.h"
#include "transformers/pipelines/whisper_task.h"

namespace embrace::transformers {

namespace {

// The samples of a WAV file as a model hears them.
Result<Matrix> hear(Team& team, const PipelineInput& input, const SpeechFeatures& features) {
  Sound sound;
  {
    EMB_TRY(const std::string file, file_of(input, "a WAV file"));
    EMB_TRY(sound, read_wave(std::as_bytes(std::span(file))));
  }
  EMB_TRY(sound, resample(team, std::move(sound), features.rate()));
  Matrix heard;
  EMB_DO(features.compute(team, sound.samples, heard));
  return heard;
}

// wav2vec 2.0 with the files that both tasks need.
struct Listener {
  json::Document config;
  SpeechFeatures features;
  std::unique_ptr<Wav2Vec2> model;
  std::size_t samples_of_row = 1;

  static Result<Listener> load(const ModelFiles& files, const Weights& weights,
                               Precision precision) {
    EMB_TRY(json::Document config, files.json("config.json"));
    EMB_TRY(const json::Document settings, files.json("preprocessor_config.json"));
    EMB_TRY(SpeechFeatures features, SpeechFeatures::parse(settings.root()));
    EMB_TRY(auto model, Wav2Vec2::load(weights, config.root(), precision));
    std::size_t samples = 1;
    for (const json::View stride : config.root()["conv_stride"].items())
      samples *= static_cast<std::size_t>(
          std::clamp<std::int64_t>(stride.integer().value_or(1), 1, 1 << 10));
    return Listener{std::move(config), std::move(features), std::move(model), samples};
  }
};

enum class Timestamps : std::uint8_t { None, Letters, Words };

// A letter or a word, and the rows that say it.
struct Heard {
  std::string text;
  std::size_t begin = 0;
  std::size_t end = 0;
};

class LetterRecognition : public Pipeline {
 public:
  LetterRecognition(Listener listener, Tokenizer tokenizer, std::string blank, std::string parting)
      : listener_(std::move(listener)),
        tokenizer_(std::move(tokenizer)),
        blank_(std::move(blank)),
        parting_(std::move(parting)) {}

  Result<std::string> run(Team& team, const PipelineInput& input,
                          json::View parameters) const override {
    Parameters read(parameters);
    const auto timestamps = read_timestamps(read, parameters);
    read.refuse("generation_parameters", "a model of letters writes no tokens one by one");
    EMB_DO(read.status());
    EMB_TRY(const Matrix samples, hear(team, input, listener_.features));
    Matrix hidden;
    Matrix logits;
    EMB_DO(listener_.model->forward(team, samples, hidden));
    EMB_DO(listener_.model->letters(team, hidden, logits));
    EMB_TRY(const std::string text, read_letters(tokenizer_, logits));
    json::Writer out;
    out.begin_object().field("text", trim(text));
    if (timestamps != Timestamps::None) {
      std::vector<Heard> heard = letters_of(likeliest(logits));
      if (timestamps == Timestamps::Words) heard = words_of(heard);
      const double seconds =
          static_cast<double>(listener_.samples_of_row) / listener_.features.rate();
      out.key("chunks").begin_array();
      for (const Heard& one : heard) {
        out.begin_object().field("text", one.text).key("timestamp").begin_array();
        out.value(static_cast<double>(one.begin) * seconds);
        out.value(static_cast<double>(one.end) * seconds).end_array().end_object();
      }
      out.end_array();
    }
    out.end_object();
    return out.take();
  }

 private:
  static Timestamps read_timestamps(Parameters& read, json::View parameters) {
    if (parameters["return_timestamps"].boolean()) {
      read.refuse("return_timestamps", "a model of letters has those of a \"char\" or a \"word\"");
      return Timestamps::None;
    }
    return read.choice_or<Timestamps>("return_timestamps", Timestamps::None,
                                      {{"char", Timestamps::Letters}, {"word", Timestamps::Words}});
  }

  // Rows that say the same are one letter; what says nothing is left out.
  std::vector<Heard> letters_of(const std::vector<std::uint32_t>& rows) const {
    std::vector<Heard> letters;
    for (std::size_t begin = 0; begin < rows.size();) {
      std::size_t end = begin;
      while (end < rows.size() && rows[end] == rows[begin]) ++end;
      const std::string token = tokenizer_.token_of(rows[begin]).value_or("");
      if (token != blank_) letters.push_back({token == parting_ ? " " : token, begin, end});
      begin = end;
    }
    return letters;
  }

  static std::vector<Heard> words_of(const std::vector<Heard>& letters) {
    std::vector<Heard> words;
    bool in_word = false;
    for (const Heard& letter : letters) {
      const bool was_in_word = std::exchange(in_word, letter.text != " ");
      if (!in_word) continue;
      if (!was_in_word) words.push_back({"", letter.begin, letter.end});
      words.back().text += letter.text;
      words.back().end = letter.end;
    }
    return words;
  }

  Listener listener_;
  Tokenizer tokenizer_;
  std::string blank_;
  std::string parting_;
};

// A label by the mean of all rows, projected (Wav2Vec2ForSequenceClassification).
class AudioClassification : public Pipeline {
 public:
  AudioClassification(Listener listener, Linear projector, Linear classifier)
      : listener_(std::move(listener)),
        projector_(std::move(projector)),
        classifier_(std::move(classifier)),
        labels_(labels_of(listener_.config.root(), classifier_.outputs())) {}

  Result<std::string> run(Team& team, const PipelineInput& input,
                          json::View parameters) const override {
    Parameters read(parameters);
    const std::size_t count = read.integer_or("top_k", 5, 1, INT64_MAX);
    ScoreFunction function = score_function(read);
    if (function == ScoreFunction::Default) function = ScoreFunction::Softmax;
    EMB_DO(read.status());
    EMB_TRY(const Matrix samples, hear(team, input, listener_.features));
    Matrix hidden;
    Matrix rows;
    EMB_DO(listener_.model->forward(team, samples, hidden));
    projector_.apply(team, hidden, rows);
    Matrix mean(1, rows.columns());
    for (std::size_t column = 0; column < rows.columns(); ++column) {
      double sum = 0;
      for (std::size_t row = 0; row < rows.rows(); ++row) sum += rows.row(row)[column];
      mean.row(0)[column] = static_cast<float>(sum / static_cast<double>(rows.rows()));
    }
    Matrix logits;
    classifier_.apply(team, mean, logits);
    json::Writer out;
    write_labels(label_scores(logits.row(0), labels_, function), count, out);
    return out.take();
  }

 private:
  Listener listener_;
  Linear projector_;
  Linear classifier_;
  std::vector<std::string> labels_;
};

Result<std::unique_ptr<Pipeline>> open_recognition(rt::Blocking blocking,
                                                   const std::filesystem::path& folder,
                                                   Precision precision) {
  const ModelFiles files = ModelFiles::in_folder(blocking, folder);
  EMB_TRY(const json::Document config, files.json("config.json"));
  if (config.root().text_or("model_type", "") == "whisper")
    return open_whisper(blocking, folder, precision);
  EMB_TRY(const Weights weights, files.weights(""));
  EMB_TRY(Listener listener, Listener::load(files, weights, precision));
  if (listener.model->letters_known() == 0) {
    return fail(Code::InvalidArgument,
                lacks_head(config.root(), "automatic-speech-recognition", "ForCTC"));
  }
  EMB_TRY(const json::Document words, files.json_if_there("tokenizer_config.json"));
  // "<pad>", or {"content": "<pad>", ...}.
  const auto token = [&](std::string_view key, std::string_view otherwise) {
    const json::View value = words.root()[key];
    return std::string((value.is_object() ? value["content"] : value).text().value_or(otherwise));
  };
  auto text = files.text("tokenizer.json");
  if (!text && text.error().code() != Code::NotFound) return fail(text.error());
  auto tokenizer = Tokenizer::parse(text.value_or(""));
  if (!text) {
    EMB_TRY(const json::Document letters, files.json("vocab.json"));
    tokenizer = make_ctc_tokenizer(letters.root(), words.root());
  }
  if (!tokenizer) return fail(tokenizer.error());
  return std::make_unique<LetterRecognition>(std::move(listener), *std::move(tokenizer),
                                             token("pad_token", "<pad>"),
                                             token("word_delimiter_token", "|"));
}

Result<std::unique_ptr<Pipeline>> open_classification(rt::Blocking blocking,
                                                      const std::filesystem::path& folder,
                                                      Precision precision) {
  const ModelFiles files = ModelFiles::in_folder(blocking, folder);
  EMB_TRY(const Weights weights, files.weights(""));
  EMB_TRY(Listener listener, Listener::load(files, weights, precision));
  ConfigReader read(listener.config.root());
  if (read.flag_or("use_weighted_layer_sum", false))
    return fail(Code::NotBuilt, "a weighted sum of layers is not built");
  const std::size_t width = read.size_or("classifier_proj_size", 256);
  EMB_DO(read.status());
  EMB_TRY(Linear projector,
          Linear::load(weights, "projector", listener.model->width(), width, precision));
  const TensorView* last = weights.find("classifier.weight");
  if (last == nullptr || last->shape.size() != 2 || last->shape[0] < 1)
    return fail(Code::InvalidArgument, lacks_head(listener.config.root(), "audio-classification",
                                                  "ForSequenceClassification"));
  EMB_TRY(Linear classifier, Linear::load(weights, "classifier", width,
                                          static_cast<std::size_t>(last->shape[0]), precision));
  return std::make_unique<AudioClassification>(std::move(listener), std::move(projector),
                                               std::move(classifier));
}

}  // namespace

std::span<const Pipeline::Task> sound_tasks() {
  static constexpr Pipeline::Task kTasks[] = {
      {"automatic-speech-recognition", "a WAV file", true, open_recognition},
      {"audio-classification", "a WAV file", true, open_classification},
  };
  return kTasks;
}

}  // namespace embrace::transformers
