// Llama (Touvron et al. 2023) and those built like it: Mistral, whose layers look at a window;
// Qwen 2, with biases on queries, keys and values; Qwen 3, which norms queries and keys of each
// head.
#include <utility>

#include "transformers/models/decoder_families.h"
#include "transformers/models/pre_norm_lm.h"

namespace embrace::transformers {

namespace {

class Llama final : public PreNormLm {
 public:
  using PreNormLm::PreNormLm;

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
    const bool asked = read.flag_or("attention_bias", false);
    const bool attention_bias = (type == "llama" || type == "qwen3") && asked;
    const bool network_bias = read.flag_or("mlp_bias", false) && type == "llama";
    EMB_DO(read.status());
    EMB_TRY(Rope rope, Rope::parse(config, {.head_dim = numbers.shape.head_dim}));
    EMB_DO(load_frame(numbers, std::move(rope), precision));
    for (std::size_t i = 0; i < layers_.size(); ++i) {
      const std::string at = numbers.layer_prefix(i);
      CausalAttention& attention = layers_[i].attention;
      EMB_DO(attention.load(weights_, at + "self_attn.", shape_.hidden, precision,
                            {.inputs = type == "qwen2" || attention_bias, .out = attention_bias}));
      if (type == "qwen3") EMB_DO(attention.load_norms(weights_, at + "self_attn.", false));
      GatedNetwork network;
      EMB_DO(network.load(weights_, at + "mlp.", shape_.hidden, numbers.intermediate,
                          numbers.activation, precision, network_bias));
      networks_.push_back(std::move(network));
    }
    return Done{};
  }

 private:
  void add_network(Team& team, std::size_t index, const Matrix& in, Workspace& work,
                   Matrix& sum) const override {
    networks_[index].add_to(team, in, work, sum);
  }

  std::vector<GatedNetwork> networks_;
};

}  // namespace

LoadedLm load_llama(const Weights& weights, json::View config, Precision precision) {
  auto model = std::make_unique<Llama>(weights);
  EMB_DO(model->load_all(config, precision));
  return model;
}

}  // namespace embrace::transformers
