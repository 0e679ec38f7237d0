#include "transformers/pipelines/text_pipeline.h"

#include <algorithm>
#include <iterator>
#include <numeric>
#include <utility>

#include "base/strings.h"
#include "json/view.h"
#include "transformers/models/encoder.h"
#include "transformers/models/encoder_head.h"
#include "transformers/pipelines/answers.h"
#include "transformers/pipelines/cut_text.h"
#include "transformers/pipelines/entities.h"
#include "transformers/pipelines/tasks.h"
#include "transformers/tokenizers/tokenizer.h"

namespace embrace::transformers {

namespace {

constexpr std::size_t kMasksMax = 64;     // in one text
constexpr std::size_t kWindowsMax = 512;  // of one text
constexpr std::size_t kBatchRows = 1024;  // of one pass; longer texts go alone

// "mask_token": "[MASK]", or {"content": "[MASK]", ...}.
std::optional<std::string> special_token(json::View config, std::string_view key) {
  const json::View value = config[key];
  const auto text = value.is_object() ? value["content"].text() : value.text();
  return text ? std::optional(std::string(*text)) : std::nullopt;
}

std::string_view class_ending(HeadKind kind) {
  switch (kind) {
    case HeadKind::SequenceClassification:
      return "ForSequenceClassification";
    case HeadKind::TokenClassification:
      return "ForTokenClassification";
    case HeadKind::QuestionAnswering:
      return "ForQuestionAnswering";
    case HeadKind::MaskedLm:
      return "ForMaskedLM";
    case HeadKind::Pooler:
      break;
  }
  return "Model";
}

}  // namespace

struct TextPipeline::Impl {
  explicit Impl(json::Document document) : config(std::move(document)) {}

  json::Document config;
  std::optional<Tokenizer> tokenizer;
  std::unique_ptr<Encoder> encoder;
  std::optional<EncoderHead> head;
  std::vector<std::string> labels;
  std::optional<std::uint32_t> mask;
  EntityReader entities;
  std::optional<std::uint32_t> classifier;  // "[CLS]"
  bool pads_left = false;
  Truncation truncation;

  Result<Encoding> encode(TextPair text, std::optional<Truncation> cut = {}) const {
    EMB_TRY(Encoding encoding, tokenizer->encode(text, {.truncation = cut}));
    if (encoding.size() == 0) return fail(Code::InvalidArgument, "the text has no tokens");
    return encoding;
  }

  // A text in windows that share `stride` tokens.
  Result<std::vector<Encoding>> encode_windows(TextPair text, const Truncation& cut) const {
    std::vector<Encoding> windows;
    EMB_TRY(windows.emplace_back(), encode(text, cut));
    std::vector<Encoding> more = std::move(windows[0].overflowing);
    if (more.size() >= kWindowsMax)
      return fail(Code::TooLarge, cat("the text fills more than ", kWindowsMax, " windows"));
    std::ranges::move(more, std::back_inserter(windows));
    return windows;
  }

  Result<Matrix> run(Team& team, std::span<const Encoding> encodings, EncoderBatch& batch) const {
    for (const Encoding& one : encodings) {
      batch.add(std::vector<std::int32_t>(one.ids.begin(), one.ids.end()),
                std::vector<std::int32_t>(one.type_ids.begin(), one.type_ids.end()));
    }
    Matrix rows;
    EMB_DO(encoder->forward(team, batch, rows));
    return rows;
  }

  Status check_head(HeadKind kind, std::string_view task) const {
    if (head && head->kind() == kind) return Done{};
    return fail(Code::InvalidArgument, lacks_head(config.root(), task, class_ending(kind)));
  }

  // A row for each token or each text, those of all texts one after the other.
  Result<Matrix> logits(Team& team, std::span<const Encoding> encodings, HeadKind kind,
                        std::string_view task) const {
    EMB_DO(check_head(kind, task));
    const bool by_token =
        kind == HeadKind::TokenClassification || kind == HeadKind::QuestionAnswering;
    std::size_t total = 0;
    for (const Encoding& one : encodings) total += by_token ? one.size() : 1;
    Matrix all(total, head->outputs());
    std::size_t done = 0;
    while (!encodings.empty()) {
      std::size_t count = 0;
      for (std::size_t rows = 0; count < encodings.size(); ++count) {
        rows += encodings[count].size();
        if (count != 0 && rows > kBatchRows) break;
      }
      EncoderBatch batch;
      EMB_TRY(const Matrix rows, run(team, encodings.first(count), batch));
      Matrix out;
      head->apply(team, batch, rows, out);
      for (std::size_t i = 0; i < out.rows(); ++i)
        std::ranges::copy(out.row(i), all.row(done++).begin());
      encodings = encodings.subspan(count);
    }
    return all;
  }

  Result<std::vector<std::uint32_t>> ids_of(std::span<const std::string> targets) const;
};

Result<TextPipeline> TextPipeline::load(const ModelFiles& files, Precision precision) {
  EMB_TRY(const std::string config_text, files.text("config.json"));
  EMB_TRY(json::Document config, json::Document::parse(config_text));
  auto impl = std::make_unique<Impl>(std::move(config));
  const json::View root = impl->config.root();
  EMB_TRY(const Weights weights, files.weights(""));
  EMB_TRY(impl->encoder, load_encoder(weights, root, precision));
  if (const auto kind = EncoderHead::kind_of(root)) {
    EMB_TRY(impl->head, EncoderHead::load(*kind, weights, root, precision));
    impl->labels = labels_of(root, impl->head->outputs());
  }

  EMB_TRY(const std::string tokenizer_text, files.text("tokenizer.json"));
  EMB_TRY(impl->tokenizer, Tokenizer::parse(tokenizer_text));
  Truncation& truncation = impl->truncation;
  truncation.length_max = impl->encoder->shape().length_max;
  EMB_TRY(const json::Document parts, json::Document::parse(tokenizer_text));
  impl->entities.by_prefix =
      !parts.root()["model"].text_or("continuing_subword_prefix", "").empty();
  if (const auto words = files.text("tokenizer_config.json")) {
    EMB_TRY(const json::Document settings, json::Document::parse(*words));
    if (const auto most = settings.root()["model_max_length"].number();
        most && *most >= 1 && *most < static_cast<double>(truncation.length_max))
      truncation.length_max = static_cast<std::size_t>(*most);
    if (const auto token = special_token(settings.root(), "mask_token"))
      impl->mask = impl->tokenizer->id_of(*token);
    if (const auto token = special_token(settings.root(), "unk_token"))
      impl->entities.unknown = impl->tokenizer->id_of(*token);
    if (const auto token = special_token(settings.root(), "cls_token"))
      impl->classifier = impl->tokenizer->id_of(*token);
    impl->pads_left = settings.root().text_or("padding_side", "right") == "left";
  }
  impl->tokenizer->set_padding(std::nullopt);
  impl->tokenizer->set_truncation(truncation);
  return TextPipeline(std::move(impl));
}

Result<Matrix> TextPipeline::feature_extraction(Team& team, std::string_view text) const {
  EMB_TRY(const Encoding encoding, impl_->encode({text, std::nullopt}));
  EncoderBatch batch;
  return impl_->run(team, {&encoding, 1}, batch);
}

Result<std::vector<LabelScore>> TextPipeline::text_classification(
    Team& team, std::string_view text, std::optional<std::string_view> pair,
    ScoreFunction function) const {
  EMB_TRY(const Encoding encoding, impl_->encode({text, pair}));
  EMB_TRY(const Matrix logits, impl_->logits(team, {&encoding, 1}, HeadKind::SequenceClassification,
                                             "text-classification"));
  const auto row = logits.row(0);
  if (function == ScoreFunction::Default) {
    const std::string problem = impl_->config.root().text_or("problem_type", "");
    function = problem == "regression" ? ScoreFunction::None
               : problem == "multi_label_classification" || row.size() == 1
                   ? ScoreFunction::Sigmoid
                   : ScoreFunction::Softmax;
  }
  return label_scores(row, impl_->labels, function);
}

// The tokens that may fill a mask, each once.
Result<std::vector<std::uint32_t>> TextPipeline::Impl::ids_of(
    std::span<const std::string> targets) const {
  std::vector<std::uint32_t> ids;
  for (const std::string& target : targets) {
    auto id = tokenizer->id_of(target);
    if (!id) {
      EMB_TRY(const Encoding pieces,
              tokenizer->encode(target, {.add_special_tokens = false, .offsets = false}));
      if (pieces.size() == 0) continue;
      id = pieces.ids[0];
    }
    if (std::ranges::find(ids, *id) == ids.end()) ids.push_back(*id);
  }
  if (ids.empty()) return fail(Code::InvalidArgument, "no target is a token of the model");
  return ids;
}

Result<std::vector<std::vector<MaskChoice>>> TextPipeline::fill_mask(
    Team& team, std::string_view text, std::size_t count,
    std::span<const std::string> targets) const {
  EMB_DO(impl_->check_head(HeadKind::MaskedLm, "fill-mask"));
  if (!impl_->mask) return fail(Code::InvalidArgument, "the tokenizer names no mask token");
  if (count == 0 || count > kChoicesMax || targets.size() > kChoicesMax)
    return fail(Code::InvalidArgument, cat("a mask has 1 to ", kChoicesMax, " choices"));
  std::vector<std::uint32_t> allowed(impl_->head->outputs());
  std::iota(allowed.begin(), allowed.end(), 0u);
  if (!targets.empty()) {
    EMB_TRY(allowed, impl_->ids_of(targets));
  }
  for (const std::uint32_t id : allowed) {
    if (id >= impl_->head->outputs())
      return fail(Code::InvalidArgument, "a target is no word of the model's head");
  }
  EMB_TRY(const Encoding encoding, impl_->encode({text, std::nullopt}));
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < encoding.size(); ++i) {
    if (encoding.ids[i] == *impl_->mask) places.push_back(i);
  }
  if (places.empty()) return fail(Code::InvalidArgument, "the text has no mask token");
  if (places.size() > kMasksMax)
    return fail(Code::TooLarge, cat("the text has more than ", kMasksMax, " mask tokens"));
  const std::size_t filled_each = places.size() * encoding.size();
  if (std::min(count, allowed.size()) > kFilledTokensMax / filled_each) {
    return fail(Code::TooLarge, cat("a text of ", encoding.size(), " tokens with ", places.size(),
                                    " masks is filled in ", kFilledTokensMax / filled_each,
                                    " ways at most for each of them: give a smaller top_k"));
  }
  EncoderBatch batch;
  EMB_TRY(const Matrix hidden, impl_->run(team, {&encoding, 1}, batch));
  Matrix rows(places.size(), hidden.columns());
  for (std::size_t i = 0; i < places.size(); ++i)
    std::ranges::copy(hidden.row(places[i]), rows.row(i).begin());
  Matrix logits;
  impl_->head->apply_rows(team, rows, logits);

  std::vector<std::vector<MaskChoice>> filled;
  for (std::size_t i = 0; i < places.size(); ++i) {
    const std::vector<double> scores = softmax_of(logits.row(i));
    std::vector<std::uint32_t> order = allowed;
    const std::size_t kept = std::min(count, order.size());
    std::ranges::partial_sort(order, order.begin() + static_cast<std::ptrdiff_t>(kept),
                              [&](auto a, auto b) { return scores[a] > scores[b]; });
    std::vector<MaskChoice> choices;
    for (const std::uint32_t token : std::span(order).first(kept)) {
      std::vector<std::uint32_t> ids = encoding.ids;
      ids[places[i]] = token;
      MaskChoice choice{scores[token], static_cast<std::int32_t>(token), "", ""};
      EMB_TRY(choice.token_text, impl_->tokenizer->decode({&token, 1}, false));
      // With several masks the others are to stay in sight.
      EMB_TRY(choice.sequence, impl_->tokenizer->decode(ids, places.size() == 1));
      choices.push_back(std::move(choice));
    }
    filled.push_back(std::move(choices));
  }
  return filled;
}

Result<std::vector<Entity>> TextPipeline::token_classification(Team& team, std::string_view text,
                                                               const EntityOptions& options) const {
  Truncation truncation = impl_->truncation;
  std::vector<Encoding> windows;
  if (options.stride) {
    if (options.aggregation == Aggregation::None) {
      return fail(Code::InvalidArgument,
                  "windows (stride) are for entities of several tokens: choose an aggregation");
    }
    truncation.stride = *options.stride;
    EMB_TRY(windows, impl_->encode_windows({text, std::nullopt}, truncation));
  } else {
    EMB_TRY(windows.emplace_back(), impl_->encode({text, std::nullopt}));
  }
  EMB_TRY(const Matrix logits,
          impl_->logits(team, windows, HeadKind::TokenClassification, "token-classification"));
  std::vector<Entity> entities;
  std::size_t row = 0;
  for (const Encoding& window : windows) {
    std::vector<std::vector<double>> scores;
    for (std::size_t i = 0; i < window.size(); ++i) scores.push_back(softmax_of(logits.row(row++)));
    EMB_TRY(std::vector<Entity> found,
            impl_->entities.read(*impl_->tokenizer, text, window, scores, impl_->labels, options));
    std::ranges::move(found, std::back_inserter(entities));
  }
  if (windows.size() > 1) entities = without_overlaps(std::move(entities));
  return entities;
}

Result<std::vector<LabelScore>> TextPipeline::zero_shot(Team& team, std::string_view text,
                                                        std::span<const std::string> candidates,
                                                        const ZeroShotOptions& options) const {
  if (candidates.empty() || candidates.size() > kCandidatesMax)
    return fail(Code::InvalidArgument, cat("a question has 1 to ", kCandidatesMax, " labels"));
  const auto place = options.hypothesis.find("{}");
  if (place == std::string::npos)
    return fail(Code::InvalidArgument, "the hypothesis has no {} for the label");
  // The hypothesis stays whole, or nothing could be asked.
  Truncation truncation = impl_->truncation;
  truncation.strategy = TruncationStrategy::OnlyFirst;
  std::vector<Encoding> encodings;
  for (const std::string& candidate : candidates) {
    std::string hypothesis = options.hypothesis;
    hypothesis.replace(place, 2, candidate);
    EMB_TRY(Encoding encoding, impl_->encode({text, hypothesis}, truncation));
    encodings.push_back(std::move(encoding));
  }
  EMB_TRY(const Matrix logits, impl_->logits(team, encodings, HeadKind::SequenceClassification,
                                             "zero-shot-classification"));
  std::size_t entails = logits.columns() - 1;
  const auto entailment = std::ranges::find_if(impl_->labels, [](const std::string& label) {
    return to_lower(label).starts_with("entail");
  });
  if (entailment != impl_->labels.end())
    entails = static_cast<std::size_t>(entailment - impl_->labels.begin());
  const std::size_t contradicts = entails == 0 ? logits.columns() - 1 : 0;
  std::vector<float> yes;
  for (std::size_t i = 0; i < logits.rows(); ++i) yes.push_back(logits.row(i)[entails]);
  std::vector<double> scores = softmax_of(yes);
  if (options.multi_label || candidates.size() == 1) {
    for (std::size_t i = 0; i < logits.rows(); ++i) {
      const float both[] = {logits.row(i)[contradicts], yes[i]};
      scores[i] = softmax_of(both)[1];
    }
  }
  std::vector<LabelScore> all;
  for (std::size_t i = 0; i < scores.size(); ++i) all.push_back({candidates[i], scores[i]});
  sort_scores(all);
  return all;
}

Result<std::vector<Answer>> TextPipeline::question_answering(Team& team, std::string_view question,
                                                             std::string_view context,
                                                             const QuestionOptions& options) const {
  EMB_DO(impl_->check_head(HeadKind::QuestionAnswering, "question-answering"));
  if (impl_->pads_left)
    return fail(Code::NotBuilt, "a tokenizer that pads on the left asks its questions last");
  if (options.count == 0 || options.count > kAnswersMax || options.answer_tokens_max == 0)
    return fail(Code::InvalidArgument, cat("there are 1 to ", kAnswersMax, " answers"));
  std::string shortened;
  if (options.question_tokens_max) {
    EncodeOptions cut{.add_special_tokens = false};
    cut.truncation = Truncation{.length_max = *options.question_tokens_max};
    EMB_TRY(const Encoding kept, impl_->tokenizer->encode(question, cut));
    shortened = CutText(question).cut(0, kept.size() == 0 ? 0 : kept.offsets.back().end);
    question = shortened;
  }
  Truncation windows = impl_->truncation;
  windows.strategy = TruncationStrategy::OnlySecond;
  windows.length_max =
      options.window_tokens.value_or(std::min<std::size_t>(384, windows.length_max));
  if (windows.length_max > impl_->truncation.length_max) {
    return fail(Code::InvalidArgument,
                cat("the model reads ", impl_->truncation.length_max, " tokens at a time"));
  }
  windows.stride = options.stride.value_or(std::min<std::size_t>(windows.length_max / 2, 128));
  EMB_TRY(const std::vector<Encoding> encodings,
          impl_->encode_windows({question, context}, windows));
  EMB_TRY(const Matrix logits,
          impl_->logits(team, encodings, HeadKind::QuestionAnswering, "question-answering"));
  if (logits.columns() != 2)
    return fail(Code::InvalidArgument, "the model's head has not a start and an end");
  return AnswerFinder{impl_->classifier}.find(context, encodings, logits, options);
}

TextPipeline::TextPipeline(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
TextPipeline::TextPipeline(TextPipeline&&) noexcept = default;
TextPipeline& TextPipeline::operator=(TextPipeline&&) noexcept = default;
TextPipeline::~TextPipeline() = default;

}  // namespace embrace::transformers
