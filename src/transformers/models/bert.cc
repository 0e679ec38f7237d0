// BERT (Devlin et al. 2018) and the models that differ from it in names and embeddings alone:
// RoBERTa, XLM-R and CamemBERT (positions from pad + 1), ELECTRA (narrow embeddings), DistilBERT
// (no token types), MPNet (no token types, and a learned number for each head and distance).
#include <algorithm>
#include <cmath>
#include <utility>

#include "base/strings.h"
#include "transformers/models/config.h"
#include "transformers/models/encoder_families.h"
#include "transformers/models/post_norm.h"

namespace embrace::transformers {

namespace {

constexpr std::string_view kWords = "embeddings.word_embeddings.weight";

const PostNormNames kBertNames{
    "encoder.layer",        "attention.self.query",   "attention.self.key",
    "attention.self.value", "attention.output.dense", "attention.output.LayerNorm",
    "intermediate.dense",   "output.dense",           "output.LayerNorm"};
const PostNormNames kDistilNames{"transformer.layer", "attention.q_lin",   "attention.k_lin",
                                 "attention.v_lin",   "attention.out_lin", "sa_layer_norm",
                                 "ffn.lin1",          "ffn.lin2",          "output_layer_norm"};
const PostNormNames kMpnetNames{"encoder.layer",      "attention.attn.q", "attention.attn.k",
                                "attention.attn.v",   "attention.attn.o", "attention.LayerNorm",
                                "intermediate.dense", "output.dense",     "output.LayerNorm"};

// MPNet counts distances as T5 does, with numbers that no file names.
constexpr std::size_t kMpnetBuckets = 32;
constexpr std::size_t kMpnetFarthest = 128;

class Bert final : public Encoder {
 public:
  Bert(EncoderShape shape, Weights weights) : Encoder(shape), weights_(std::move(weights)) {}

  Status load(ConfigReader& read, const std::string& type, Precision precision) {
    EMB_TRY(const std::string prefix, find_prefix(weights_, kWords));
    PostNormNames names = type == "distilbert" ? kDistilNames
                          : type == "mpnet"    ? kMpnetNames
                                               : kBertNames;
    names.layers = prefix + names.layers;
    const bool distil = type == "distilbert";
    PostNormConfig config;
    config.width = shape().width;
    config.inner = read.size(distil ? "hidden_dim" : "intermediate_size");
    config.layers = read.size(distil ? "n_layers" : "num_hidden_layers");
    config.heads = read.size(distil ? "n_heads" : "num_attention_heads");
    config.epsilon = distil ? 1e-12 : read.number_or("layer_norm_eps", 1e-12, 0, 1);
    const std::size_t narrow =
        type == "electra" ? read.size_or("embedding_size", config.width) : config.width;
    const std::size_t positions = read.size("max_position_embeddings");
    EMB_TRY(config.activation,
            parse_activation(read.text_or(distil ? "activation" : "hidden_act", "gelu")));
    const std::string kind = read.text_or("position_embedding_type", "absolute");
    EMB_DO(read.status());
    if (kind != "absolute")
      return fail(Code::NotBuilt, cat("position_embedding_type ", kind, " is not built"));
    if (config.width % config.heads != 0)
      return fail(Code::InvalidArgument, "config.json: the width is not a multiple of the heads");
    attention_.heads = config.heads;
    attention_.head_size = config.width / config.heads;
    attention_.scale = 1.0f / std::sqrt(static_cast<float>(attention_.head_size));

    const std::string at = prefix + "embeddings.";
    EMB_TRY(embeddings_.words,
            Table::load(weights_, prefix + std::string(kWords), shape().vocabulary, narrow));
    EMB_TRY(embeddings_.positions,
            Table::load(weights_, at + "position_embeddings.weight", positions, narrow));
    if (shape().types != 0) {
      EMB_TRY(embeddings_.types,
              Table::load(weights_, at + "token_type_embeddings.weight", shape().types, narrow));
    }
    EMB_TRY(embeddings_.norm, Norm::load(weights_, at + "LayerNorm", narrow, config.epsilon));
    if (narrow != config.width) {
      EMB_TRY(embeddings_.widen, Linear::load(weights_, prefix + "embeddings_project", narrow,
                                              config.width, precision));
    }
    if (type == "mpnet") {
      EMB_TRY(const TensorView bias,
              weights_.get(prefix + "encoder.relative_attention_bias.weight",
                           {kMpnetBuckets, static_cast<std::int64_t>(config.heads)}));
      EMB_TRY(distance_scores_, read_all(bias));
    }
    EMB_TRY(layers_, PostNormLayers::load(weights_, names, config, precision));
    return Done{};
  }

  void count_positions_from(std::int32_t pad) { embeddings_.pad = pad; }

 private:
  void run(Team& team, const EncoderBatch& batch, Matrix& hidden) const override {
    embeddings_.run(team, batch, hidden);
    PostNormLayers::Extra extra;
    if (!distance_scores_.empty()) {
      extra = [this](std::size_t, const Matrix&) -> AddScores {
        return [this](std::size_t head, std::size_t query, std::size_t first_key,
                      std::span<float> scores) {
          for (std::size_t i = 0; i < scores.size(); ++i) {
            const auto apart =
                static_cast<std::int64_t>(first_key + i) - static_cast<std::int64_t>(query);
            scores[i] +=
                distance_scores_[distance_bucket(apart, kMpnetBuckets, kMpnetFarthest, true) *
                                     attention_.heads +
                                 head];
          }
        };
      };
    }
    layers_.run(team, batch, attention_, extra, hidden);
  }

  Weights weights_;  // of which embeddings_ has views
  PostNormEmbeddings embeddings_;
  PostNormLayers layers_;
  AttentionShape attention_;
  std::vector<float> distance_scores_;  // MPNet: [bucket][head]
};

}  // namespace

Result<std::unique_ptr<Encoder>> load_bert(const Weights& weights, json::View config,
                                           Precision precision) {
  ConfigReader read(config);
  const std::string type = read.text_or("model_type", "bert");
  const bool roberta = type == "roberta" || type == "xlm-roberta" || type == "camembert";
  const bool types = type != "distilbert" && type != "mpnet";
  EncoderShape shape;
  shape.width = read.size(type == "distilbert" ? "dim" : "hidden_size");
  shape.vocabulary = read.size("vocab_size");
  shape.types = types ? read.size_or("type_vocab_size", 2) : 0;
  shape.length_max = read.size("max_position_embeddings");
  std::int64_t pad = -1;
  if (roberta) pad = read.integer_or("pad_token_id", 1, 0, ConfigReader::kSizeMax);
  if (type == "mpnet") pad = 1;  // whatever config.json says
  EMB_DO(read.status());
  if (static_cast<std::int64_t>(shape.length_max) <= pad + 1)
    return fail(Code::InvalidArgument, "config.json: max_position_embeddings leaves no room");
  shape.length_max -= static_cast<std::size_t>(pad + 1);
  auto model = std::make_unique<Bert>(shape, weights);
  if (pad >= 0) model->count_positions_from(static_cast<std::int32_t>(pad));
  EMB_DO(model->load(read, type, precision));
  return model;
}

}  // namespace embrace::transformers
