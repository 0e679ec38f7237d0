#include "transformers/models/pre_norm_lm.h"

#include <string>
#include <utility>

#include "transformers/kernels/ops.h"

namespace embrace::transformers {

Status PreNormLm::load_frame(const DecoderConfig& numbers, Rope rope, Precision precision) {
  shape_ = numbers.shape;
  epsilon_ = numbers.epsilon;
  rope_ = std::move(rope);
  shape_.angles_vary_from = rope_.vary_from();
  EMB_DO(load_words(numbers.prefix + "embed_tokens.weight", numbers.tied, precision));
  const auto norm = [&](const std::string& name) {
    return load_vector(weights_, name + ".weight", shape_.hidden);
  };
  EMB_TRY(last_norm_, norm(numbers.prefix + "norm"));
  for (std::size_t i = 0; i < shape_.layers; ++i) {
    const std::string at = numbers.layer_prefix(i);
    Layer layer;
    EMB_TRY(layer.attention_norm, norm(at + "input_layernorm"));
    EMB_TRY(layer.network_norm, norm(at + "post_attention_layernorm"));
    layer.attention.take(numbers, i);
    layers_.push_back(std::move(layer));
  }
  return Done{};
}

Status PreNormLm::run(Team& team, Workspace& work) const {
  EMB_DO(embed(work.batch, 1, work.hidden));
  fill_angles(rope_, work.batch, work.angles);
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    const Layer& layer = layers_[i];
    rms_norm(team, work.hidden, layer.attention_norm, epsilon_, work.normed);
    layer.attention.attend(team, i, work.angles, work.normed, work);
    layer.attention.out.add_to(team, work.attended, work.hidden);
    rms_norm(team, work.hidden, layer.network_norm, epsilon_, work.normed);
    add_network(team, i, work.normed, work, work.hidden);
  }
  rms_norm(team, work.hidden, last_norm_, epsilon_, work.hidden);
  return Done{};
}

}  // namespace embrace::transformers
