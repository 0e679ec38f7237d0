#include "transformers/models/post_norm.h"

#include <utility>

#include "base/strings.h"

namespace embrace::transformers {

Result<PostNormLayers> PostNormLayers::load(const Weights& weights, const PostNormNames& names,
                                            const PostNormConfig& config, Precision precision) {
  PostNormLayers made;
  made.activation_ = config.activation;
  const std::size_t width = config.width;
  for (std::size_t i = 0; i < config.layers; ++i) {
    const std::string at = cat(names.layers, ".", i, ".");
    Layer layer;
    EMB_TRY(layer.qkv, load_joined(weights, {at + names.query, at + names.key, at + names.value},
                                   width, width, precision));
    EMB_TRY(layer.attention_out,
            Linear::load(weights, at + names.attention_out, width, width, precision));
    EMB_TRY(layer.attention_norm,
            Norm::load(weights, at + names.attention_norm, width, config.epsilon));
    EMB_TRY(layer.inner, Linear::load(weights, at + names.inner, width, config.inner, precision));
    EMB_TRY(layer.outer, Linear::load(weights, at + names.outer, config.inner, width, precision));
    EMB_TRY(layer.outer_norm, Norm::load(weights, at + names.outer_norm, width, config.epsilon));
    made.layers_.push_back(std::move(layer));
  }
  return made;
}

void PostNormLayers::run(Team& team, const EncoderBatch& batch, const AttentionShape& attention,
                         const Extra& extra, Matrix& hidden) const {
  Matrix qkv;
  Matrix context;
  Matrix inner;
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    const Layer& layer = layers_[i];
    layer.qkv.apply(team, hidden, qkv);
    attend(team, batch, qkv, attention, extra ? extra(i, qkv) : AddScores(), context);
    layer.attention_out.add_to(team, context, hidden);
    layer.attention_norm.apply(team, hidden, hidden);
    layer.inner.apply(team, hidden, inner);
    activate(team, activation_, inner);
    layer.outer.add_to(team, inner, hidden);
    layer.outer_norm.apply(team, hidden, hidden);
  }
}

void PostNormEmbeddings::run(Team& team, const EncoderBatch& batch, Matrix& hidden) const {
  Matrix narrow;
  Matrix& sum = widen ? narrow : hidden;
  sum.resize(batch.rows(), norm.weight.size());
  for (std::size_t sequence = 0; sequence < batch.sequences(); ++sequence) {
    std::size_t position = pad ? static_cast<std::size_t>(*pad) + 1 : 0;
    for (std::size_t row = batch.starts[sequence]; row < batch.starts[sequence + 1]; ++row) {
      const auto into = sum.row(row);
      words.copy_row(static_cast<std::size_t>(batch.ids[row]), into);
      if (types) types->add_row(static_cast<std::size_t>(batch.types[row]), into);
      const bool padding = pad && batch.ids[row] == *pad;
      if (positions) positions->add_row(padding ? static_cast<std::size_t>(*pad) : position, into);
      if (!padding) ++position;
    }
  }
  norm.apply(team, sum, sum);
  if (widen) widen->apply(team, sum, hidden);
}

}  // namespace embrace::transformers
