// Phi-3 (Abdin et al. 2024), and Phi-4 mini, which is built like it: Llama with its products joined
// in the file, and angles that depend on the length of the text (longrope).
#include <utility>

#include "transformers/models/decoder_families.h"
#include "transformers/models/pre_norm_lm.h"

namespace embrace::transformers {

namespace {

class Phi3 final : public PreNormLm {
 public:
  using PreNormLm::PreNormLm;

  Status load_all(json::View config, Precision precision) {
    EMB_TRY(DecoderConfig numbers, DecoderConfig::read(weights_, config, {.epsilon = 1e-5}));
    ConfigReader read(config);
    EMB_DO(
        numbers.read_windows({}, read.has("sliding_window") ? read.size("sliding_window") : 0, 0));
    EMB_DO(read.status());
    EMB_TRY(Rope rope,
            Rope::parse(config,
                        {.head_dim = numbers.shape.head_dim, .is_partial = true, .is_phi = true}));
    EMB_DO(load_frame(numbers, std::move(rope), precision));
    shape_.recompute_from = shape_.angles_vary_from;
    const std::size_t attended = shape_.heads * shape_.head_dim;
    const std::size_t kept = shape_.kv_heads * shape_.head_dim;
    for (std::size_t i = 0; i < layers_.size(); ++i) {
      const std::string at = numbers.layer_prefix(i);
      const auto load = [&](const char* part, std::size_t inputs, std::size_t outputs) {
        return load_linear(weights_, at + part, inputs, outputs, precision, false);
      };
      CausalAttention& attention = layers_[i].attention;
      EMB_TRY(attention.qkv, load("self_attn.qkv_proj", shape_.hidden, attended + 2 * kept));
      EMB_TRY(attention.out, load("self_attn.o_proj", attended, shape_.hidden));
      GatedNetwork network;
      network.activation = numbers.activation;
      EMB_TRY(network.gate_up, load("mlp.gate_up_proj", shape_.hidden, 2 * numbers.intermediate));
      EMB_TRY(network.down, load("mlp.down_proj", numbers.intermediate, shape_.hidden));
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

LoadedLm load_phi3(const Weights& weights, json::View config, Precision precision) {
  auto model = std::make_unique<Phi3>(weights);
  EMB_DO(model->load_all(config, precision));
  return model;
}

}  // namespace embrace::transformers
