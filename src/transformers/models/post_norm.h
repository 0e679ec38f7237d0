#pragma once
// What BERT and its kin share: embeddings that are summed and normed, and layers with the norm
// behind each sum (Devlin et al. 2018). The files of the families know names and settings.
//
// Threads: as an Encoder.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "transformers/kernels/linear.h"
#include "transformers/kernels/ops.h"
#include "transformers/models/encoder.h"
#include "transformers/models/encoder_parts.h"

namespace embrace::transformers {

struct PostNormConfig {
  std::size_t width = 0;
  std::size_t inner = 0;  // features between the two products behind attention
  std::size_t layers = 0;
  std::size_t heads = 0;
  Activation activation = Activation::Gelu;
  double epsilon = 1e-12;
};

// Names behind "`layers`.0."; all parts of one layer.
struct PostNormNames {
  std::string layers;
  std::string query;
  std::string key;
  std::string value;
  std::string attention_out;
  std::string attention_norm;
  std::string inner;
  std::string outer;
  std::string outer_norm;
};

class PostNormLayers {
 public:
  // Attention's AddScores for a layer whose queries, keys and values are in the matrix; the matrix
  // outlives its use.
  using Extra = std::function<AddScores(std::size_t layer, const Matrix& qkv)>;

  static Result<PostNormLayers> load(const Weights& weights, const PostNormNames& names,
                                     const PostNormConfig& config, Precision precision);
  // All layers, in place. `attention` has heads and head_size.
  void run(Team& team, const EncoderBatch& batch, const AttentionShape& attention,
           const Extra& extra, Matrix& hidden) const;

 private:
  struct Layer {
    Linear qkv;
    Linear attention_out;
    Norm attention_norm;
    Linear inner;
    Linear outer;
    Norm outer_norm;
  };
  std::vector<Layer> layers_;
  Activation activation_ = Activation::Gelu;
};

// Word + position + type, normed, and widened where they are narrower than the layers.
struct PostNormEmbeddings {
  Table words;
  std::optional<Table> positions;
  std::optional<Table> types;
  Norm norm;
  std::optional<Linear> widen;
  // RoBERTa counts positions from pad + 1, and leaves padding tokens in the text at pad.
  std::optional<std::int32_t> pad;

  void run(Team& team, const EncoderBatch& batch, Matrix& hidden) const;
};

}  // namespace embrace::transformers
