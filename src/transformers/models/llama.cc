// Llama (Touvron et al. 2023) and those built like it: Mistral, whose layers look at a window;
// Qwen 2, with biases on queries, keys and values; Qwen 3, which norms queries and keys of each
// head.
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

class Llama final : public CausalLm {
 public:
  using CausalLm::CausalLm;

  Status load_all(json::View config, Precision precision) {
    ConfigReader read(config);
    const std::string type = read.text_or("model_type", "");
    DecoderConfig::Habits habits;
    if (type == "qwen3") habits.head_dim = 128;
    EMB_TRY(DecoderConfig numbers, DecoderConfig::read(weights_, config, habits));
    const bool qwen = type == "qwen2" || type == "qwen3";
    if (type == "mistral" || (qwen && read.flag_or("use_sliding_window", false))) {
      const std::size_t window = DecoderConfig::window_of(read, 4096);
      const auto first =
          static_cast<std::size_t>(read.integer_or("max_window_layers", qwen ? 28 : 0, 0, 1 << 20));
      EMB_DO(numbers.read_windows(qwen ? config : json::View(), window, qwen ? first : 0));
    }
    EMB_DO(read.status());
    shape_ = numbers.shape;
    epsilon_ = numbers.epsilon;
    EMB_TRY(rope_, Rope::parse(config, {.head_dim = shape_.head_dim}));
    shape_.angles_vary_from = rope_.vary_from();
    EMB_DO(load_words(numbers.prefix + "embed_tokens.weight", numbers.tied, precision));
    EMB_TRY(last_norm_, load_vector(weights_, numbers.prefix + "norm.weight", shape_.hidden));
    for (std::size_t i = 0; i < shape_.layers; ++i) {
      const std::string at = numbers.prefix + "layers." + std::to_string(i) + ".";
      Layer layer;
      EMB_TRY(layer.attention_norm,
              load_vector(weights_, at + "input_layernorm.weight", shape_.hidden));
      EMB_TRY(layer.network_norm,
              load_vector(weights_, at + "post_attention_layernorm.weight", shape_.hidden));
      layer.attention.take(numbers, i);
      EMB_DO(layer.attention.load(weights_, at + "self_attn.", shape_.hidden, precision));
      if (type == "qwen3") EMB_DO(layer.attention.load_norms(weights_, at + "self_attn.", false));
      EMB_DO(layer.network.load(weights_, at + "mlp.", shape_.hidden, numbers.intermediate,
                                numbers.activation, precision));
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

LoadedLm load_llama(const Weights& weights, json::View config, Precision precision) {
  auto model = std::make_unique<Llama>(weights);
  EMB_DO(model->load_all(config, precision));
  return model;
}

}  // namespace embrace::transformers
