// DeBERTa-v2 and -v3 (He et al. 2020, 2021): a BERT whose attention also compares what a token says
// with how far the other is, and the other way round. Distances up to half the buckets count
// exactly, larger ones by their logarithm.
#include <algorithm>
#include <cmath>
#include <utility>

#include "base/strings.h"
#include "transformers/models/config.h"
#include "transformers/models/encoder_families.h"
#include "transformers/models/post_norm.h"

namespace embrace::transformers {

namespace {

constexpr double kDistanceFloatsMax = 1 << 28;

constexpr std::string_view kWords = "embeddings.word_embeddings.weight";
// Without a table of positions nothing bounds a sequence but the work, which grows by its square.
constexpr std::size_t kLengthMax = 1 << 14;

class Deberta final : public Encoder {
 public:
  Deberta(EncoderShape shape, Weights weights) : Encoder(shape), weights_(std::move(weights)) {}

  Status load(ConfigReader& read, Precision precision) {
    EMB_TRY(const std::string prefix, find_prefix(weights_, kWords));
    const std::size_t width = shape().width;
    PostNormConfig config;
    config.width = width;
    config.inner = read.size("intermediate_size");
    config.layers = read.size("num_hidden_layers");
    config.heads = read.size("num_attention_heads");
    config.epsilon = read.number_or("layer_norm_eps", 1e-7, 0, 1);
    EMB_TRY(config.activation, parse_activation(read.text_or("hidden_act", "gelu")));
    const bool positioned = read.flag_or("position_biased_input", true);
    const std::size_t positions = read.size("max_position_embeddings");
    const std::size_t narrow = read.size_or("embedding_size", width);
    const std::int64_t convolution = read.integer_or("conv_kernel_size", 0, 0, 1 << 10);
    EMB_DO(read.status());
    if (convolution > 0)
      return fail(Code::NotBuilt, "DeBERTa's convolution (conv_kernel_size) is not built");
    if (narrow != width)
      return fail(Code::NotBuilt, "DeBERTa's embedding_size other than hidden_size is not built");
    if (width % config.heads != 0)
      return fail(Code::InvalidArgument, "config.json: the width is not a multiple of the heads");
    attention_.heads = config.heads;
    attention_.head_size = width / config.heads;

    const std::string at = prefix + "embeddings.";
    EMB_TRY(embeddings_.words,
            Table::load(weights_, prefix + std::string(kWords), shape().vocabulary, width));
    if (positioned) {
      EMB_TRY(embeddings_.positions,
              Table::load(weights_, at + "position_embeddings.weight", positions, width));
    }
    if (shape().types != 0) {
      EMB_TRY(embeddings_.types,
              Table::load(weights_, at + "token_type_embeddings.weight", shape().types, width));
    }
    EMB_TRY(embeddings_.norm, Norm::load(weights_, at + "LayerNorm", width, config.epsilon));
    const PostNormNames names{prefix + "encoder.layer",  "attention.self.query_proj",
                              "attention.self.key_proj", "attention.self.value_proj",
                              "attention.output.dense",  "attention.output.LayerNorm",
                              "intermediate.dense",      "output.dense",
                              "output.LayerNorm"};
    EMB_TRY(layers_, PostNormLayers::load(weights_, names, config, precision));
    return load_distances(read, prefix, config, positions);
  }

 private:
  // What a layer makes of every distance: rows of keys and of queries, empty where not compared.
  struct Distances {
    Matrix keys;
    Matrix queries;
  };

  Status load_distances(ConfigReader& read, const std::string& prefix, const PostNormConfig& config,
                        std::size_t positions) {
    bool to_position = false;
    bool from_position = false;
    for (const std::string_view kind : kinds_of(read.object()["pos_att_type"])) {
      to_position |= kind == "c2p";
      from_position |= kind == "p2c";
    }
    const auto parts = 1.0f + (to_position ? 1.0f : 0.0f) + (from_position ? 1.0f : 0.0f);
    attention_.scale = 1.0f / std::sqrt(static_cast<float>(attention_.head_size) * parts);
    if (!read.flag_or("relative_attention", false)) return read.status();

    const std::int64_t farthest =
        read.integer_or("max_relative_positions", -1, -1, ConfigReader::kSizeMax);
    const std::int64_t buckets = read.integer_or("position_buckets", -1, -1, 1 << 15);
    const bool shared = read.flag_or("share_att_key", false);
    const bool normed =
        read.text_or("norm_rel_ebd", "none").find("layer_norm") != std::string::npos;
    EMB_DO(read.status());
    farthest_ = farthest < 1 ? static_cast<std::int64_t>(positions) : farthest;
    buckets_ = std::max<std::int64_t>(buckets, 0);
    span_ = buckets_ > 0 ? buckets_ : farthest_;
    if (span_ > (1 << 15))
      return fail(Code::InvalidArgument, "config.json: more relative positions than 32768");
    if (buckets_ > 0 && (buckets_ < 4 || farthest_ - 1 <= buckets_ / 2))
      return fail(Code::InvalidArgument, "config.json: position_buckets do not fit the distances");

    const std::size_t width = config.width;
    // They are projected for each layer, which a small file can name many of.
    const std::size_t kinds = (to_position ? 1 : 0) + (from_position ? 1 : 0);
    const auto floats = static_cast<double>(2 * span_) * static_cast<double>(width) *
                        static_cast<double>(kinds * config.layers);
    if (floats > kDistanceFloatsMax)
      return fail(Code::InvalidArgument, "config.json: tables of distances take over a gigabyte");
    EMB_TRY(const Table stored, Table::load(weights_, prefix + "encoder.rel_embeddings.weight",
                                            static_cast<std::size_t>(2 * span_), width));
    Matrix table(static_cast<std::size_t>(2 * span_), width);
    for (std::size_t row = 0; row < table.rows(); ++row) stored.copy_row(row, table.row(row));
    Team alone(1);
    if (normed) {
      EMB_TRY(const Norm norm,
              Norm::load(weights_, prefix + "encoder.LayerNorm", width, config.epsilon));
      norm.apply(alone, table, table);
    }
    const std::string key = shared ? "key_proj" : "pos_key_proj";
    const std::string query = shared ? "query_proj" : "pos_query_proj";
    for (std::size_t i = 0; i < config.layers; ++i) {
      const std::string at = cat(prefix, "encoder.layer.", i, ".attention.self.");
      Distances distances;
      if (to_position) {
        EMB_TRY(const Linear project,
                Linear::load(weights_, at + key, width, width, Precision::F32));
        project.apply(alone, table, distances.keys);
      }
      if (from_position) {
        EMB_TRY(const Linear project,
                Linear::load(weights_, at + query, width, width, Precision::F32));
        project.apply(alone, table, distances.queries);
      }
      distances_.push_back(std::move(distances));
    }
    return Done{};
  }

  // A list, or words with bars between them.
  static std::vector<std::string_view> kinds_of(json::View setting) {
    std::vector<std::string_view> kinds;
    if (const auto text = setting.text()) {
      for (const std::string_view kind : split(*text, '|')) kinds.push_back(trim(kind));
    }
    for (const json::View item : setting.items()) kinds.push_back(item.text().value_or(""));
    return kinds;
  }

  // The row of a table of distances for a query that is `apart` tokens behind its key.
  std::size_t row_of(std::int64_t apart) const {
    const std::int64_t middle = buckets_ / 2;
    std::int64_t bucket = apart;
    if (buckets_ > 0 && std::abs(apart) > middle) {
      const auto mid = static_cast<float>(middle);
      const float far = std::log(static_cast<float>(farthest_ - 1) / mid);
      const float log = std::ceil(std::log(static_cast<float>(std::abs(apart)) / mid) / far *
                                  static_cast<float>(middle - 1));
      bucket = static_cast<std::int64_t>(log) + middle;
      if (apart < 0) bucket = -bucket;
    }
    return static_cast<std::size_t>(std::clamp<std::int64_t>(bucket + span_, 0, 2 * span_ - 1));
  }

  void run(Team& team, const EncoderBatch& batch, Matrix& hidden) const override {
    embeddings_.run(team, batch, hidden);
    const auto longest = static_cast<std::int64_t>(batch.longest());
    std::vector<std::size_t> rows;  // for distances from 1 - longest
    if (!distances_.empty()) {
      for (std::int64_t apart = 1 - longest; apart < longest; ++apart)
        rows.push_back(row_of(apart));
    }
    const auto score = [&](std::size_t layer, const Matrix& qkv) -> AddScores {
      return [&, layer](std::size_t head, std::size_t query, std::size_t first_key,
                        std::span<float> scores) {
        const Distances& distances = distances_[layer];
        const std::size_t width = shape().width;
        const std::size_t size = attention_.head_size;
        const auto q = qkv.row(query).subspan(head * size, size);
        for (std::size_t i = 0; i < scores.size(); ++i) {
          const std::size_t row =
              rows[query + static_cast<std::size_t>(longest) - 1 - (first_key + i)];
          float sum = 0;
          if (distances.keys.rows() != 0)
            sum += dot(q, distances.keys.row(row).subspan(head * size, size));
          if (distances.queries.rows() != 0) {
            sum += dot(qkv.row(first_key + i).subspan(width + head * size, size),
                       distances.queries.row(row).subspan(head * size, size));
          }
          scores[i] += sum * attention_.scale;
        }
      };
    };
    layers_.run(team, batch, attention_,
                distances_.empty() ? PostNormLayers::Extra() : PostNormLayers::Extra(score),
                hidden);
  }

  Weights weights_;  // of which embeddings_ has views
  PostNormEmbeddings embeddings_;
  PostNormLayers layers_;
  AttentionShape attention_;
  std::vector<Distances> distances_;  // one for each layer, or none at all
  std::int64_t farthest_ = 0;
  std::int64_t buckets_ = 0;  // 0: every distance counts exactly
  std::int64_t span_ = 0;     // rows for distances of one sign
};

}  // namespace

Result<std::unique_ptr<Encoder>> load_deberta(const Weights& weights, json::View config,
                                              Precision precision) {
  ConfigReader read(config);
  EncoderShape shape;
  shape.width = read.size("hidden_size");
  shape.vocabulary = read.size("vocab_size");
  shape.types =
      static_cast<std::size_t>(read.integer_or("type_vocab_size", 0, 0, ConfigReader::kSizeMax));
  shape.length_max = read.flag_or("position_biased_input", true)
                         ? read.size("max_position_embeddings")
                         : kLengthMax;
  EMB_DO(read.status());
  auto model = std::make_unique<Deberta>(shape, weights);
  EMB_DO(model->load(read, precision));
  return model;
}

}  // namespace embrace::transformers
