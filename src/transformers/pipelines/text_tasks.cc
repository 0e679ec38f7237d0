// The tasks of a TextPipeline in the Hub's JSON.
#include <algorithm>
#include <cmath>
#include <utility>

#include "base/strings.h"
#include "transformers/pipelines/parameters.h"
#include "transformers/pipelines/stable_order.h"
#include "transformers/pipelines/tasks.h"
#include "transformers/pipelines/text_pipeline.h"

namespace embrace::transformers {

namespace {

using TextTask = ModelTask<TextPipeline>;

// How refusals of inputs begin that have parts.
constexpr std::string_view kTakesPairs =
    "text-classification takes a text, or {\"text\", \"text_pair\"}: ";
constexpr std::string_view kTakesQuestions =
    "question-answering takes {\"question\", \"context\"}: ";
constexpr std::string_view kTakesTexts = "text-ranking takes {\"query\", \"texts\"}: ";

// One text's labels stand in a list of their own, as the API has them.
class TextClassification : public TextTask {
 public:
  using TextTask::TextTask;
  Result<std::string> run(Team& team, const PipelineInput& input,
                          json::View parameters) const override {
    Parameters read(parameters);
    const std::size_t count = read.integer_or("top_k", SIZE_MAX, 1, INT64_MAX);
    const ScoreFunction function = score_function(read);
    EMB_DO(read.status());
    EMB_TRY(
        std::string answers, answer_each(input, [&](json::View one, json::Writer& out) -> Status {
          const bool is_pair = one.is_object();
          EMB_TRY(const std::string_view text, is_pair
                                                   ? text_of(one["text"], cat(kTakesPairs, "text"))
                                                   : text_of(one, cat(kTakesPairs, "an input")));
          std::optional<std::string_view> pair;
          if (is_pair && one["text_pair"].exists()) {
            EMB_TRY(pair, text_of(one["text_pair"], cat(kTakesPairs, "text_pair")));
          }
          EMB_TRY(const auto labels, model().text_classification(team, text, pair, function));
          write_labels(labels, count, out);
          return Done{};
        }));
    return input.json.is_array() ? answers : cat("[", answers, "]");
  }
};

class TokenClassification : public TextTask {
 public:
  using TextTask::TextTask;
  Result<std::string> run(Team& team, const PipelineInput& input,
                          json::View parameters) const override {
    Parameters read(parameters);
    EntityOptions options;
    // As the API does when nothing is said, though the official package's default is "none".
    options.aggregation = read.choice_or<Aggregation>("aggregation_strategy", Aggregation::Simple,
                                                      {{"none", Aggregation::None},
                                                       {"simple", Aggregation::Simple},
                                                       {"first", Aggregation::First},
                                                       {"average", Aggregation::Average},
                                                       {"max", Aggregation::Max}});
    if (auto ignored = read.texts("ignore_labels")) options.ignored = *std::move(ignored);
    if (read.has("stride")) options.stride = read.integer_or("stride", 0, 0, 1 << 20);
    EMB_DO(read.status());
    return answer_each(input, [&](json::View one, json::Writer& out) -> Status {
      EMB_TRY(const std::string_view text, text_of(one, "an input"));
      EMB_TRY(const auto entities, model().token_classification(team, text, options));
      const bool single = options.aggregation == Aggregation::None;
      out.begin_array();
      for (const Entity& entity : entities) {
        out.begin_object().field(single ? "entity" : "entity_group", entity.entity);
        out.field("score", entity.score);
        if (single) out.field("index", entity.index);
        out.field("word", entity.word).field("start", entity.start).field("end", entity.end);
        out.end_object();
      }
      out.end_array();
      return Done{};
    });
  }
};

class ZeroShotClassification : public TextTask {
 public:
  using TextTask::TextTask;
  Result<std::string> run(Team& team, const PipelineInput& input,
                          json::View parameters) const override {
    Parameters read(parameters);
    const auto candidates = read.texts("candidate_labels");
    ZeroShotOptions options;
    options.multi_label = read.flag_or("multi_label", false);
    if (auto words = read.text("hypothesis_template")) options.hypothesis = *std::move(words);
    EMB_DO(read.status());
    if (!candidates)
      return fail(Code::InvalidArgument, "the task takes the parameter candidate_labels");
    return answer_each(input, [&](json::View one, json::Writer& out) -> Status {
      EMB_TRY(const std::string_view text, text_of(one, "an input"));
      EMB_TRY(const auto labels, model().zero_shot(team, text, *candidates, options));
      write_labels(labels, SIZE_MAX, out);
      return Done{};
    });
  }
};

class FillMask : public TextTask {
 public:
  using TextTask::TextTask;
  Result<std::string> run(Team& team, const PipelineInput& input,
                          json::View parameters) const override {
    Parameters read(parameters);
    const std::size_t count = read.integer_or("top_k", 5, 1, TextPipeline::kChoicesMax);
    const auto targets = read.texts("targets");
    EMB_DO(read.status());
    if (targets && targets->empty()) return fail(Code::InvalidArgument, "targets is empty");
    return answer_each(input, [&](json::View one, json::Writer& out) -> Status {
      EMB_TRY(const std::string_view text, text_of(one, "an input"));
      EMB_TRY(const auto masks,
              model().fill_mask(team, text, count, targets.value_or(std::vector<std::string>())));
      if (masks.size() > 1) out.begin_array();
      for (const std::vector<MaskChoice>& choices : masks) {
        out.begin_array();
        for (const MaskChoice& choice : choices) {
          out.begin_object().field("score", choice.score).field("token", choice.token);
          out.field("token_str", choice.token_text).field("sequence", choice.sequence);
          out.end_object();
        }
        out.end_array();
      }
      if (masks.size() > 1) out.end_array();
      return Done{};
    });
  }
};

class QuestionAnswering : public TextTask {
 public:
  using TextTask::TextTask;
  Result<std::string> run(Team& team, const PipelineInput& input,
                          json::View parameters) const override {
    constexpr std::int64_t kTokensMax = 1 << 20;
    Parameters read(parameters);
    QuestionOptions options;
    options.count = read.integer_or("top_k", 1, 1, TextPipeline::kAnswersMax);
    options.answer_tokens_max = read.integer_or("max_answer_len", 15, 1, kTokensMax);
    const auto tokens = [&](std::string_view name) -> std::optional<std::size_t> {
      const auto given = read.integer(name, 1, kTokensMax);
      return given ? std::optional(static_cast<std::size_t>(*given)) : std::nullopt;
    };
    options.window_tokens = tokens("max_seq_len");
    options.stride = tokens("doc_stride");
    options.question_tokens_max = tokens("max_question_len");
    options.may_be_unanswerable = read.flag_or("handle_impossible_answer", false);
    options.align_to_words = read.flag_or("align_to_words", true);
    EMB_DO(read.status());
    return answer_each(input, [&](json::View one, json::Writer& out) -> Status {
      EMB_TRY(const std::string_view question,
              text_of(one["question"], cat(kTakesQuestions, "question")));
      EMB_TRY(const std::string_view context,
              text_of(one["context"], cat(kTakesQuestions, "context")));
      EMB_TRY(const auto answers, model().question_answering(team, question, context, options));
      // One answer stands alone, as in the official package.
      if (answers.size() != 1) out.begin_array();
      for (const Answer& answer : answers) {
        out.begin_object().field("score", answer.score).field("start", answer.start);
        out.field("end", answer.end).field("answer", answer.answer).end_object();
      }
      if (answers.size() != 1) out.end_array();
      return Done{};
    });
  }
};

// In the shape of TEI's /rerank; the Hub's types have none.
class TextRanking : public TextTask {
 public:
  using TextTask::TextTask;
  Result<std::string> run(Team& team, const PipelineInput& input,
                          json::View parameters) const override {
    Parameters read(parameters);
    const bool raw = read.flag_or("raw_scores", false);
    const bool with_text = read.flag_or("return_text", false);
    const std::size_t count = read.integer_or("top_k", SIZE_MAX, 1, INT64_MAX);
    EMB_DO(read.status());
    EMB_TRY(const std::string_view query, text_of(input.json["query"], cat(kTakesTexts, "query")));
    std::vector<std::pair<std::size_t, double>> ranks;
    const auto texts = input.json["texts"].items();
    if (texts.empty() || texts.size() > kInputsMax)
      return fail(Code::InvalidArgument,
                  cat(kTakesTexts, "texts must be a list of 1 to ", kInputsMax, " texts"));
    for (const json::View one : texts) {
      EMB_TRY(const std::string_view text, text_of(one, cat(kTakesTexts, "each of texts")));
      EMB_TRY(const auto scores,
              model().text_classification(team, query, text,
                                          raw ? ScoreFunction::None : ScoreFunction::Sigmoid));
      if (scores.size() != 1)
        return fail(Code::InvalidArgument, "a model that ranks has one label");
      ranks.emplace_back(ranks.size(), scores[0].score);
    }
    sort_stably(ranks, [](const auto& a, const auto& b) { return a.second > b.second; });
    json::Writer out;
    out.begin_array();
    for (const auto& [index, score] : std::span(ranks).first(std::min(count, ranks.size()))) {
      out.begin_object().field("index", index);
      if (with_text) out.field("text", texts[index].text().value_or(""));
      out.field("score", score).end_object();
    }
    out.end_array();
    return out.take();
  }
};

}  // namespace

std::span<const Pipeline::Task> text_tasks() {
  static constexpr Pipeline::Task kTasks[] = {
      {"text-classification", "a text, or {\"text\", \"text_pair\"}", false,
       open_task<TextClassification>},
      {"token-classification", "a text", false, open_task<TokenClassification>},
      {"zero-shot-classification", "a text; the parameter candidate_labels", false,
       open_task<ZeroShotClassification>},
      {"fill-mask", "a text with the model's mask token", false, open_task<FillMask>},
      {"question-answering", "{\"question\", \"context\"}", false, open_task<QuestionAnswering>},
      {"text-ranking", "{\"query\", \"texts\"}", false, open_task<TextRanking>},
  };
  return kTasks;
}

}  // namespace embrace::transformers
