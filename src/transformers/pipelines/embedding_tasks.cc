// Texts as numbers: a row for each token, a row for each text, or how near texts are.
#include <utility>

#include "base/strings.h"
#include "transformers/embeddings/sentence_model.h"
#include "transformers/models/encoder_parts.h"
#include "transformers/pipelines/parameters.h"
#include "transformers/pipelines/tasks.h"
#include "transformers/pipelines/text_pipeline.h"

namespace embrace::transformers {

namespace {

// What both kinds of features have in one way alone.
void check_format(Parameters& read) {
  if (read.text("truncation_direction").value_or("right") != "right")
    read.complain(Code::NotBuilt, "truncation_direction \"left\" is not built");
  if (read.text("encoding_format").value_or("float") != "float")
    read.complain(Code::NotBuilt, "an encoding_format other than \"float\" is not built");
}

// A model with files of sentence-transformers gives a row for each text.
class SentenceFeatures : public ModelTask<SentenceModel> {
 public:
  using ModelTask::ModelTask;
  Result<std::string> run(Team& team, const PipelineInput& input,
                          json::View parameters) const override {
    Parameters read(parameters);
    EmbedOptions options;
    options.normalize = read.flag_or("normalize", false);
    options.prompt_name = read.text("prompt_name");
    options.truncate = read.flag_or("truncate", true);
    if (const auto width = read.integer("dimensions", 1, 1 << 20))
      options.width = static_cast<std::size_t>(*width);
    check_format(read);
    EMB_DO(read.status());
    std::vector<std::string_view> texts;
    if (input.json.is_array()) {
      for (const json::View one : input.json.items()) {
        EMB_TRY(texts.emplace_back(), text_of(one, "an input"));
      }
    } else {
      EMB_TRY(texts.emplace_back(), text_of(input.json, "an input"));
    }
    if (texts.empty() || texts.size() > kInputsMax)
      return fail(Code::InvalidArgument, cat("a list has 1 to ", kInputsMax, " inputs"));
    EMB_TRY(const Matrix rows, model().embed(team, texts, options));
    json::Writer out;
    out.begin_array();
    for (std::size_t i = 0; i < rows.rows(); ++i) write_row(rows.row(i), out);
    out.end_array();
    return out.take();
  }
};

// Any other encoder gives a row for each token, as the official package's pipeline does.
class TokenFeatures : public ModelTask<TextPipeline> {
 public:
  using ModelTask::ModelTask;
  Result<std::string> run(Team& team, const PipelineInput& input,
                          json::View parameters) const override {
    Parameters read(parameters);
    constexpr std::string_view kWhy = "the model has no pooling (modules.json)";
    read.refuse("normalize", kWhy);
    read.refuse("prompt_name", kWhy);
    read.refuse("dimensions", kWhy);
    if (!read.flag_or("truncate", true))
      read.complain(Code::NotBuilt, "truncate false is not built where there is no modules.json");
    check_format(read);
    EMB_DO(read.status());
    return answer_each(input, [&](json::View one, json::Writer& out) -> Status {
      EMB_TRY(const std::string_view text, text_of(one, "an input"));
      EMB_TRY(const Matrix rows, model().feature_extraction(team, text));
      out.begin_array().begin_array();
      for (std::size_t i = 0; i < rows.rows(); ++i) write_row(rows.row(i), out);
      out.end_array().end_array();
      return Done{};
    });
  }
};

constexpr std::string_view kTakesSentences =
    "sentence-similarity takes {\"source_sentence\", \"sentences\"}: ";

// Cosines of the angles between one sentence and others.
class SentenceSimilarity : public ModelTask<SentenceModel> {
 public:
  using ModelTask::ModelTask;
  Result<std::string> run(Team& team, const PipelineInput& input,
                          json::View parameters) const override {
    Parameters read(parameters);
    EmbedOptions options;
    options.normalize = true;
    options.prompt_name = read.text("prompt_name");
    options.truncate = read.flag_or("truncate", true);
    EMB_DO(read.status());
    std::vector<std::string_view> texts;
    EMB_TRY(texts.emplace_back(),
            text_of(input.json["source_sentence"], cat(kTakesSentences, "source_sentence")));
    for (const json::View one : input.json["sentences"].items()) {
      EMB_TRY(texts.emplace_back(), text_of(one, cat(kTakesSentences, "each of sentences")));
    }
    if (texts.size() < 2 || texts.size() > kInputsMax + 1)
      return fail(Code::InvalidArgument,
                  cat(kTakesSentences, "sentences must be a list of 1 to ", kInputsMax, " texts"));
    EMB_TRY(const Matrix rows, model().embed(team, texts, options));
    std::vector<float> cosines;
    for (std::size_t i = 1; i < rows.rows(); ++i) cosines.push_back(dot(rows.row(0), rows.row(i)));
    json::Writer out;
    write_row(cosines, out);
    return out.take();
  }
};

Result<std::unique_ptr<Pipeline>> open_features(rt::Blocking blocking,
                                                const std::filesystem::path& folder,
                                                Precision precision) {
  const bool has_pooling = ModelFiles::in_folder(blocking, folder).text("modules.json").has_value();
  return (has_pooling ? open_task<SentenceFeatures> : open_task<TokenFeatures>)(blocking, folder,
                                                                                precision);
}

}  // namespace

std::span<const Pipeline::Task> embedding_tasks() {
  static constexpr Pipeline::Task kTasks[] = {
      {"feature-extraction", "a text", false, open_features},
      {"sentence-similarity", "{\"source_sentence\", \"sentences\"}", false,
       open_task<SentenceSimilarity>},
  };
  return kTasks;
}

}  // namespace embrace::transformers
