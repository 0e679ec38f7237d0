#include "transformers/models/pre_norm.h"

#include <cmath>
#include <limits>
#include <utility>

#include "base/strings.h"
#include "transformers/models/convolution.h"

namespace embrace::transformers {

Result<PreNormLayers> PreNormLayers::load(const Weights& weights, const PreNormNames& names,
                                          const PreNormConfig& config, Precision precision) {
  const std::size_t width = config.width;
  if (config.heads == 0 || width % config.heads != 0)
    return fail(Code::InvalidArgument, "config.json: the width is not a multiple of the heads");
  PreNormLayers made;
  made.activation_ = config.activation;
  made.causal_ = config.causal;
  made.attention_.heads = config.heads;
  made.attention_.head_size = width / config.heads;
  made.attention_.scale = 1.0f / std::sqrt(static_cast<float>(made.attention_.head_size));
  for (std::size_t i = 0; i < config.layers; ++i) {
    const std::string at = cat(names.layers, ".", i, ".");
    Layer layer;
    EMB_TRY(layer.attention_norm,
            Norm::load(weights, at + names.attention_norm, width, config.epsilon));
    EMB_TRY(layer.qkv, load_joined(weights, {at + names.query, at + names.key, at + names.value},
                                   width, width, precision));
    EMB_TRY(layer.attention_out,
            Linear::load(weights, at + names.attention_out, width, width, precision));
    EMB_TRY(layer.inner_norm, Norm::load(weights, at + names.inner_norm, width, config.epsilon));
    EMB_TRY(layer.inner, Linear::load(weights, at + names.inner, width, config.inner, precision));
    EMB_TRY(layer.outer, Linear::load(weights, at + names.outer, config.inner, width, precision));
    made.layers_.push_back(std::move(layer));
  }
  return made;
}

void PreNormLayers::run(Team& team, const EncoderBatch& batch, Matrix& hidden) const {
  AddScores extra;
  if (causal_) {
    extra = [](std::size_t, std::size_t query, std::size_t first_key, std::span<float> scores) {
      for (std::size_t i = query + 1 - first_key; i < scores.size(); ++i)
        scores[i] = -std::numeric_limits<float>::infinity();
    };
  }
  Matrix normed(hidden.rows(), hidden.columns());
  Matrix qkv;
  Matrix context;
  Matrix inner;
  for (const Layer& layer : layers_) {
    layer.attention_norm.apply(team, hidden, normed);
    layer.qkv.apply(team, normed, qkv);
    attend(team, batch, qkv, attention_, extra, context);
    layer.attention_out.add_to(team, context, hidden);
    layer.inner_norm.apply(team, hidden, normed);
    layer.inner.apply(team, normed, inner);
    activate(team, activation_, inner);
    layer.outer.add_to(team, inner, hidden);
  }
}

}  // namespace embrace::transformers
