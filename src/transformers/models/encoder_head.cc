#include "transformers/models/encoder_head.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/strings.h"
#include "transformers/models/config.h"
#include "transformers/models/loadable.h"

namespace embrace::transformers {

namespace {

// Where a family's words stand, and what its weights are called in a model with a head.
struct Family {
  std::string_view type;
  std::string_view base;  // the encoder's own part of the prefix: "bert."
  std::string_view words = "embeddings.word_embeddings.weight";
};

constexpr Family kFamilies[] = {
    {"bert", "bert."},
    {"roberta", "roberta."},
    {"xlm-roberta", "roberta."},
    {"camembert", "roberta."},
    {"electra", "electra."},
    {"distilbert", "distilbert."},
    {"mpnet", "mpnet."},
    {"deberta-v2", "deberta."},
    {"modernbert", "model.", "embeddings.tok_embeddings.weight"},
};

}  // namespace

// Reads one head; each method is one kind, each branch one family.
class HeadLoader {
 public:
  HeadLoader(const Weights& weights, json::View config, Precision precision)
      : weights_(weights), read_(config), precision_(precision) {}

  Result<EncoderHead> load(HeadKind kind) {
    type_ = read_.text_or("model_type", "");
    const auto* const family = std::ranges::find(kFamilies, type_, &Family::type);
    if (family == std::end(kFamilies))
      return fail(Code::NotBuilt, cat("no head is built for model_type \"", type_, "\""));
    EMB_TRY(base_, find_prefix(weights_, family->words));
    words_ = base_ + std::string(family->words);
    at_ =
        base_.ends_with(family->base) ? base_.substr(0, base_.size() - family->base.size()) : base_;
    width_ = read_.size(type_ == "distilbert" ? "dim" : "hidden_size");
    epsilon_ = type_ == "distilbert"
                   ? 1e-12
                   : read_.number_or(type_ == "modernbert" ? "norm_eps" : "layer_norm_eps",
                                     type_ == "modernbert"   ? 1e-5
                                     : type_ == "deberta-v2" ? 1e-7
                                                             : 1e-12,
                                     0, 1);
    const std::string_view activation_key = type_ == "distilbert"   ? "activation"
                                            : type_ == "modernbert" ? "classifier_activation"
                                                                    : "hidden_act";
    EMB_TRY(activation_, parse_activation(read_.text_or(activation_key, "gelu")));
    EMB_DO(read_.status());
    head_.kind_ = kind;
    switch (kind) {
      case HeadKind::Pooler:
        EMB_DO(pooler());
        break;
      case HeadKind::SequenceClassification:
        EMB_DO(sequence_classification());
        break;
      case HeadKind::TokenClassification:
        if (type_ == "modernbert") EMB_DO(prediction_head());
        EMB_DO(labels("classifier", 0));
        break;
      case HeadKind::QuestionAnswering:
        if (type_ == "modernbert") EMB_DO(prediction_head());
        EMB_DO(labels(type_ == "modernbert" ? "classifier" : "qa_outputs", 2));
        break;
      case HeadKind::MaskedLm:
        EMB_DO(masked_lm());
        break;
    }
    return std::move(head_);
  }

 private:
  bool is_roberta() const {
    return type_ == "roberta" || type_ == "xlm-roberta" || type_ == "camembert";
  }

  Status square(const std::string& name, Activation activation, bool biased = true) {
    EncoderHead::Stage stage;
    EMB_TRY(stage.linear, load_linear(weights_, name, width_, width_, precision_, biased));
    stage.activation = activation;
    head_.stages_.push_back(std::move(stage));
    return Done{};
  }

  Status norm(const std::string& name) {
    EMB_TRY(head_.stages_.back().norm, Norm::load(weights_, name, width_, epsilon_));
    return Done{};
  }

  // The last product; as many labels as the file has when `outputs` is 0.
  Status labels(std::string_view name, std::size_t outputs) {
    const std::string full = at_ + std::string(name);
    if (outputs == 0) {
      const TensorView* found = weights_.find(full + ".weight");
      if (found == nullptr || found->shape.size() != 2 || found->shape[0] < 1)
        return fail(Code::InvalidArgument, cat("the model's files hold no matrix ", full));
      outputs = static_cast<std::size_t>(found->shape[0]);
    }
    EncoderHead::Stage stage;
    EMB_TRY(stage.linear, Linear::load(weights_, full, width_, outputs, precision_));
    head_.stages_.push_back(std::move(stage));
    return Done{};
  }

  // Scores of the vocabulary: by `name`.weight, or by the words' own table when files leave it out.
  Status vocabulary(const std::string& name, const std::string& bias_name, bool biased = true) {
    const std::size_t count = read_.size("vocab_size");
    EMB_DO(read_.status());
    const bool own = weights_.find(name + ".weight") != nullptr;
    EMB_TRY(const TensorView weight,
            weights_.get(own ? name + ".weight" : words_,
                         {static_cast<std::int64_t>(count), static_cast<std::int64_t>(width_)}));
    const TensorView* bias = weights_.find(bias_name);
    if (bias == nullptr) bias = weights_.find(name + ".bias");
    EncoderHead::Stage stage;
    EMB_TRY(stage.linear, Linear::make(weight, biased ? bias : nullptr, precision_));
    head_.stages_.push_back(std::move(stage));
    return Done{};
  }

  Status prediction_head() {  // ModernBERT's, before everything
    const bool norm_bias = read_.flag_or("norm_bias", false);
    EMB_DO(square(at_ + "head.dense", activation_, read_.flag_or("classifier_bias", false)));
    EMB_DO(norm(at_ + "head.norm"));
    if (!norm_bias) head_.stages_.back().norm->bias.clear();
    return read_.status();
  }

  Status pooler() {
    if (type_ == "deberta-v2") {  // it belongs to the classifier there
      EMB_TRY(const Activation activation,
              parse_activation(read_.text_or("pooler_hidden_act", "gelu")));
      return square(at_ + "pooler.dense", activation);
    }
    if (type_ == "distilbert" || type_ == "modernbert" || type_ == "electra")
      return fail(Code::NotBuilt, cat(type_, " has no pooler"));
    return square(base_ + "pooler.dense", Activation::Tanh);
  }

  Status sequence_classification() {
    if (type_ == "bert" || type_ == "deberta-v2") {
      EMB_DO(pooler());
      return labels("classifier", 0);
    }
    if (type_ == "distilbert") {
      EMB_DO(square(at_ + "pre_classifier", Activation::Relu));
      return labels("classifier", 0);
    }
    if (type_ == "modernbert") {
      head_.mean_ = read_.text_or("classifier_pooling", "cls") == "mean";
      EMB_DO(prediction_head());
      return labels("classifier", 0);
    }
    EMB_DO(
        square(at_ + "classifier.dense", type_ == "electra" ? Activation::Gelu : Activation::Tanh));
    return labels("classifier.out_proj", 0);
  }

  Status masked_lm() {
    if (is_roberta() || type_ == "mpnet") {
      EMB_DO(square(at_ + "lm_head.dense", Activation::Gelu));
      EMB_DO(norm(at_ + "lm_head.layer_norm"));
      return vocabulary(at_ + "lm_head.decoder", at_ + "lm_head.bias");
    }
    if (type_ == "distilbert") {
      EMB_DO(square(at_ + "vocab_transform", activation_));
      EMB_DO(norm(at_ + "vocab_layer_norm"));
      return vocabulary(at_ + "vocab_projector", at_ + "vocab_projector.bias");
    }
    if (type_ == "modernbert") {
      EMB_DO(prediction_head());
      return vocabulary(at_ + "decoder", at_ + "decoder.bias", read_.flag_or("decoder_bias", true));
    }
    if (type_ == "electra")
      return fail(Code::NotBuilt, "ELECTRA's head for masked words is not built");
    if (type_ == "deberta-v2" && !read_.flag_or("legacy", true)) {
      EMB_DO(square(at_ + "lm_predictions.lm_head.dense", activation_));
      EMB_DO(norm(at_ + "lm_predictions.lm_head.LayerNorm"));
      return vocabulary(words_, at_ + "lm_predictions.lm_head.bias");
    }
    EMB_DO(square(at_ + "cls.predictions.transform.dense", activation_));
    EMB_DO(norm(at_ + "cls.predictions.transform.LayerNorm"));
    return vocabulary(at_ + "cls.predictions.decoder", at_ + "cls.predictions.bias");
  }

  const Weights& weights_;
  ConfigReader read_;
  const Precision precision_;
  std::string type_;
  std::string base_;   // before the encoder's tensors
  std::string at_;     // before the head's
  std::string words_;  // the table of words
  std::size_t width_ = 0;
  double epsilon_ = 0;
  Activation activation_ = Activation::Gelu;
  EncoderHead head_;
};

Result<EncoderHead> EncoderHead::load(HeadKind kind, const Weights& weights, json::View config,
                                      Precision precision) {
  return HeadLoader(weights, config, precision).load(kind);
}

std::optional<HeadKind> EncoderHead::kind_of(json::View config) {
  static constexpr std::pair<std::string_view, HeadKind> kEndings[] = {
      {"ForSequenceClassification", HeadKind::SequenceClassification},
      {"ForTokenClassification", HeadKind::TokenClassification},
      {"ForQuestionAnswering", HeadKind::QuestionAnswering},
      {"ForMaskedLM", HeadKind::MaskedLm},
      {"ForPreTraining", HeadKind::MaskedLm},
  };
  for (const json::View name : config["architectures"].items()) {
    for (const auto& [ending, kind] : kEndings) {
      if (name.text().value_or("").ends_with(ending)) return kind;
    }
  }
  return std::nullopt;
}

void EncoderHead::apply_rows(Team& team, const Matrix& rows, Matrix& out) const {
  Matrix between;
  const Matrix* in = &rows;
  for (std::size_t i = 0; i < stages_.size(); ++i) {
    const Stage& stage = stages_[i];
    Matrix made;
    stage.linear.apply(team, *in, made);
    if (stage.activation != Activation::None) activate(stage.activation, made.all());
    if (stage.norm) stage.norm->apply(team, made, made);
    between = std::move(made);
    in = &between;
  }
  out = std::move(between);
}

void EncoderHead::apply(Team& team, const EncoderBatch& batch, const Matrix& hidden,
                        Matrix& out) const {
  EMB_CHECK(hidden.rows() == batch.rows(), "the rows are those of the batch");
  if (kind_ != HeadKind::SequenceClassification && kind_ != HeadKind::Pooler) {
    apply_rows(team, hidden, out);
    return;
  }
  Matrix rows(batch.sequences(), hidden.columns());
  for (std::size_t i = 0; i < batch.sequences(); ++i) {
    const auto into = rows.row(i);
    std::ranges::copy(hidden.row(batch.starts[i]), into.begin());
    if (!mean_) continue;
    for (std::size_t row = batch.starts[i] + 1; row < batch.starts[i + 1]; ++row) {
      for (std::size_t k = 0; k < into.size(); ++k) into[k] += hidden.row(row)[k];
    }
    for (float& value : into) value /= static_cast<float>(batch.length(i));
  }
  apply_rows(team, rows, out);
}

std::vector<std::string> labels_of(json::View config, std::size_t count) {
  std::vector<std::string> labels;
  for (std::size_t i = 0; i < count; ++i) {
    const std::string id = std::to_string(i);
    labels.push_back(config["id2label"].text_or(id, "LABEL_" + id));
  }
  return labels;
}

}  // namespace embrace::transformers
