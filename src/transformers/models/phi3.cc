// Phi-3 (Abdin et al. 2024), and Phi-4 mini, which is built like it: Llama with its products joined
// in the file, and angles that depend on the length of the text (longrope).
#include <utility>

#include "transformers/models/decoder_families.h"
#include "transformers/models/decoder_parts.h"

namespace embrace::transformers {

namespace {

struct Layer {
  std::vector<float> attention_norm, network_norm;
  CausalAttention attention;
  GatedNetwork network;
};

class Phi3 final : public CausalLm {
 public:
  using CausalLm::CausalLm;

  Status load_all(json::View config, Precision precision) {
    EMB_TRY(DecoderConfig numbers, DecoderConfig::read(weights_, config, {.epsilon = 1e-5}));
    ConfigReader read(config);
    EMB_DO(
        numbers.read_windows({}, read.has("sliding_window") ? read.size("sliding_window") : 0, 0));
    EMB_DO(read.status());
    EMB_TRY(rope_,
            Rope::parse(config, {.head_dim = numbers.shape.head_dim, .yarn_is_longrope = true}));
    shape_ = numbers.shape;
    shape_.recompute_from = shape_.angles_vary_from = rope_.vary_from();
    epsilon_ = numbers.epsilon;
    EMB_DO(load_words(numbers.prefix + "embed_tokens.weight", numbers.tied, precision));
    EMB_TRY(last_norm_, load_vector(weights_, numbers.prefix + "norm.weight", shape_.hidden));
    const std::size_t attended = shape_.heads * shape_.head_dim;
    const std::size_t kept = shape_.kv_heads * shape_.head_dim;
    for (std::size_t i = 0; i < shape_.layers; ++i) {
      const std::string at = numbers.prefix + "layers." + std::to_string(i) + ".";
      const auto load = [&](const char* part, std::size_t inputs, std::size_t outputs) {
        return Linear::load(weights_, at + part, inputs, outputs, precision);
      };
      Layer layer;
      EMB_TRY(layer.attention_norm,
              load_vector(weights_, at + "input_layernorm.weight", shape_.hidden));
      EMB_TRY(layer.network_norm,
              load_vector(weights_, at + "post_attention_layernorm.weight", shape_.hidden));
      layer.attention.take(numbers, i);
      EMB_TRY(layer.attention.qkv, load("self_attn.qkv_proj", shape_.hidden, attended + 2 * kept));
      EMB_TRY(layer.attention.out, load("self_attn.o_proj", attended, shape_.hidden));
      layer.network.activation = numbers.activation;
      EMB_TRY(layer.network.gate_up,
              load("mlp.gate_up_proj", shape_.hidden, 2 * numbers.intermediate));
      EMB_TRY(layer.network.down, load("mlp.down_proj", numbers.intermediate, shape_.hidden));
      layers_.push_back(std::move(layer));
    }
    return Done{};
  }

 private:
  Status run(Team& team, Workspace& work) const override {
    EMB_DO(embed(work.batch, 1, work.hidden));
    fill_angles(rope_, work.batch, work.angles);
    for (std::size_t i = 0; i < layers_.size(); ++i) {
      const Layer& layer = layers_[i];
      rms_norm(work.hidden, layer.attention_norm, epsilon_, work.normed);
      layer.attention.forward(team, i, work.angles, work.normed, work, work.projected);
      add(work.hidden, work.projected);
      rms_norm(work.hidden, layer.network_norm, epsilon_, work.normed);
      layer.network.forward(team, work.normed, work, work.projected);
      add(work.hidden, work.projected);
    }
    rms_norm(work.hidden, last_norm_, epsilon_, work.hidden);
    return Done{};
  }

  Rope rope_;
  float epsilon_ = 0;
  std::vector<Layer> layers_;
  std::vector<float> last_norm_;
};

}  // namespace

LoadedLm load_phi3(const Weights& weights, json::View config, Precision precision) {
  auto model = std::make_unique<Phi3>(weights);
  EMB_DO(model->load_all(config, precision));
  return model;
}

}  // namespace embrace::transformers
