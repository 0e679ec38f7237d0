#include "transformers/pipelines/text_pipeline.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "base/strings.h"
#include "json/view.h"
#include "transformers/models/encoder.h"
#include "transformers/models/encoder_head.h"
#include "transformers/pipelines/entities.h"
#include "transformers/tokenizers/tokenizer.h"

namespace embrace::transformers {

namespace {

constexpr std::size_t kMasksMax = 64;        // in one text
constexpr std::size_t kChoicesMax = 1000;    // for one mask
constexpr std::size_t kCandidatesMax = 256;  // labels of one question

std::vector<double> softmax_of(std::span<const float> logits) {
  double highest = logits[0];
  for (const float logit : logits) highest = std::max<double>(highest, logit);
  std::vector<double> scores;
  double sum = 0;
  for (const float logit : logits) sum += scores.emplace_back(std::exp(logit - highest));
  for (double& score : scores) score /= sum;
  return scores;
}

// The highest score first; of equal ones the earlier.
std::vector<LabelScore> sorted(const std::vector<LabelScore>& all) {
  std::vector<std::size_t> order(all.size());
  std::iota(order.begin(), order.end(), 0);
  std::ranges::sort(order, [&](std::size_t a, std::size_t b) {
    return all[a].score != all[b].score ? all[a].score > all[b].score : a < b;
  });
  std::vector<LabelScore> made;
  for (const std::size_t i : order) made.push_back(all[i]);
  return made;
}

// "mask_token": "[MASK]", or {"content": "[MASK]", ...}.
std::optional<std::string> special_token(json::View config, std::string_view key) {
  const json::View value = config[key];
  const auto text = value.is_object() ? value["content"].text() : value.text();
  return text ? std::optional(std::string(*text)) : std::nullopt;
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

  Result<Encoding> encode(TextPair text) const {
    EMB_TRY(Encoding encoding, tokenizer->encode(text));
    if (encoding.size() == 0) return fail(Code::InvalidArgument, "the text has no tokens");
    return encoding;
  }

  Result<Matrix> hidden(Team& team, std::span<const Encoding> encodings,
                        EncoderBatch& batch) const {
    for (const Encoding& one : encodings) {
      batch.add(std::vector<std::int32_t>(one.ids.begin(), one.ids.end()),
                std::vector<std::int32_t>(one.type_ids.begin(), one.type_ids.end()));
    }
    Matrix rows;
    EMB_DO(encoder->forward(team, batch, rows));
    return rows;
  }

  Result<Matrix> logits(Team& team, std::span<const Encoding> encodings, HeadKind kind) const {
    if (!head || head->kind() != kind)
      return fail(Code::InvalidArgument, "the model has not the head for this task");
    EncoderBatch batch;
    EMB_TRY(const Matrix rows, hidden(team, encodings, batch));
    Matrix out;
    head->apply(team, batch, rows, out);
    return out;
  }
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
  Truncation truncation;
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
  }
  impl->tokenizer->set_padding(std::nullopt);
  impl->tokenizer->set_truncation(truncation);
  return TextPipeline(std::move(impl));
}

Result<Matrix> TextPipeline::feature_extraction(Team& team, std::string_view text) const {
  EMB_TRY(const Encoding encoding, impl_->encode({text, std::nullopt}));
  EncoderBatch batch;
  return impl_->hidden(team, {&encoding, 1}, batch);
}

Result<std::vector<LabelScore>> TextPipeline::text_classification(
    Team& team, std::string_view text, std::optional<std::string_view> pair,
    ScoreFunction function) const {
  EMB_TRY(const Encoding encoding, impl_->encode({text, pair}));
  EMB_TRY(const Matrix logits,
          impl_->logits(team, {&encoding, 1}, HeadKind::SequenceClassification));
  const auto row = logits.row(0);
  if (function == ScoreFunction::Default) {
    const std::string problem = impl_->config.root().text_or("problem_type", "");
    function = problem == "regression" ? ScoreFunction::None
               : problem == "multi_label_classification" || row.size() == 1
                   ? ScoreFunction::Sigmoid
                   : ScoreFunction::Softmax;
  }
  std::vector<double> scores(row.begin(), row.end());
  if (function == ScoreFunction::Softmax) scores = softmax_of(row);
  if (function == ScoreFunction::Sigmoid) {
    for (double& score : scores) score = 1 / (1 + std::exp(-score));
  }
  std::vector<LabelScore> all;
  for (std::size_t i = 0; i < scores.size(); ++i) all.push_back({impl_->labels[i], scores[i]});
  return sorted(all);
}

Result<std::vector<std::vector<MaskChoice>>> TextPipeline::fill_mask(Team& team,
                                                                     std::string_view text,
                                                                     std::size_t count) const {
  if (!impl_->head || impl_->head->kind() != HeadKind::MaskedLm)
    return fail(Code::InvalidArgument, "the model has not the head for this task");
  if (!impl_->mask) return fail(Code::InvalidArgument, "the tokenizer names no mask token");
  if (count == 0 || count > kChoicesMax)
    return fail(Code::InvalidArgument, cat("a mask has 1 to ", kChoicesMax, " choices"));
  EMB_TRY(const Encoding encoding, impl_->encode({text, std::nullopt}));
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < encoding.size(); ++i) {
    if (encoding.ids[i] == *impl_->mask) places.push_back(i);
  }
  if (places.empty()) return fail(Code::InvalidArgument, "the text has no mask token");
  if (places.size() > kMasksMax)
    return fail(Code::TooLarge, cat("the text has more than ", kMasksMax, " mask tokens"));
  EncoderBatch batch;
  EMB_TRY(const Matrix hidden, impl_->hidden(team, {&encoding, 1}, batch));
  Matrix rows(places.size(), hidden.columns());
  for (std::size_t i = 0; i < places.size(); ++i)
    std::ranges::copy(hidden.row(places[i]), rows.row(i).begin());
  Matrix logits;
  impl_->head->apply_rows(team, rows, logits);

  std::vector<std::vector<MaskChoice>> filled;
  for (std::size_t i = 0; i < places.size(); ++i) {
    const std::vector<double> scores = softmax_of(logits.row(i));
    std::vector<std::uint32_t> order(scores.size());
    std::iota(order.begin(), order.end(), 0u);
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
                                                               Aggregation aggregation) const {
  EMB_TRY(const Encoding encoding, impl_->encode({text, std::nullopt}));
  EMB_TRY(const Matrix logits, impl_->logits(team, {&encoding, 1}, HeadKind::TokenClassification));
  std::vector<std::vector<double>> scores;
  for (std::size_t i = 0; i < logits.rows(); ++i) scores.push_back(softmax_of(logits.row(i)));
  return impl_->entities.read(*impl_->tokenizer, text, encoding, scores, impl_->labels,
                              aggregation);
}

Result<std::vector<LabelScore>> TextPipeline::zero_shot(Team& team, std::string_view text,
                                                        std::span<const std::string> candidates,
                                                        const ZeroShotOptions& options) const {
  if (candidates.empty() || candidates.size() > kCandidatesMax)
    return fail(Code::InvalidArgument, cat("a question has 1 to ", kCandidatesMax, " labels"));
  const auto place = options.hypothesis.find("{}");
  if (place == std::string::npos)
    return fail(Code::InvalidArgument, "the hypothesis has no {} for the label");
  std::vector<Encoding> encodings;
  for (const std::string& candidate : candidates) {
    std::string hypothesis = options.hypothesis;
    hypothesis.replace(place, 2, candidate);
    EMB_TRY(Encoding encoding, impl_->encode({text, hypothesis}));
    encodings.push_back(std::move(encoding));
  }
  EMB_TRY(const Matrix logits, impl_->logits(team, encodings, HeadKind::SequenceClassification));
  std::size_t entails = logits.columns() - 1;
  for (std::size_t i = 0; i < impl_->labels.size(); ++i) {
    if (to_lower(impl_->labels[i]).starts_with("entail")) entails = i;
  }
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
  return sorted(all);
}

TextPipeline::TextPipeline(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
TextPipeline::TextPipeline(TextPipeline&&) noexcept = default;
TextPipeline& TextPipeline::operator=(TextPipeline&&) noexcept = default;
TextPipeline::~TextPipeline() = default;

}  // namespace embrace::transformers
