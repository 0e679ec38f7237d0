// Gemma (Gemma Team 2024 and 2025): norms kept less one, embeddings scaled by the root of their
// width. Gemma 2 norms what each part of a layer gives, too, caps scores and logits, and lets every
// other layer look at a window; Gemma 3 caps nothing, norms queries and keys, and has five layers
// with a window, and angles of their own, for each one without. The text part alone, also of files
// that hold one for pictures.
#include <cmath>
#include <utility>

#include "transformers/models/decoder_families.h"
#include "transformers/models/decoder_parts.h"

namespace embrace::transformers {

namespace {

struct Layer {
  std::vector<float> attention_norm, after_attention, network_norm, after_network;
  CausalAttention attention;
  GatedNetwork network;
};

class Gemma final : public CausalLm {
 public:
  using CausalLm::CausalLm;

  Status load_all(json::View config, Precision precision) {
    const std::string type = config.text_or("model_type", "");
    if (type == "gemma3" && config["text_config"].is_object()) config = config["text_config"];
    const bool second = type == "gemma2";
    const bool third = type == "gemma3" || type == "gemma3_text";
    ConfigReader read(config);
    DecoderConfig::Habits habits{.activation_key = "hidden_activation",
                                 .activation = "gelu_pytorch_tanh",
                                 .tied = true,
                                 .head_dim = 256};
    if (!second && !third)
      habits.activation_key = read.has("hidden_activation") ? "hidden_activation" : "hidden_act";
    if (third) {  // files name what differs from the first Gemma 3 alone
      habits.vocabulary = 262208;
      habits.heads = 8;
      habits.kv_heads = 4;
    }
    EMB_TRY(DecoderConfig numbers, DecoderConfig::read(weights_, config, habits));
    if (read.flag_or("use_bidirectional_attention", false))
      return fail(Code::NotBuilt, "Gemma that looks both ways is not built");
    const bool biased = read.flag_or("attention_bias", false);
    const double divisor = read.number_or("query_pre_attn_scalar", 256, 1e-3, 1e6);
    double score_cap = 0;
    if (second || third) {
      const std::size_t window = DecoderConfig::window_of(read, 4096);
      const std::size_t pattern = second ? 2 : read.size_or("sliding_window_pattern", 6);
      EMB_DO(numbers.read_windows_by_pattern(config, window, pattern));
      score_cap = cap(read, "attn_logit_softcapping", second ? 50 : 0);
      logit_softcap_ = static_cast<float>(cap(read, "final_logit_softcapping", second ? 30 : 0));
    }
    EMB_DO(read.status());
    shape_ = numbers.shape;
    epsilon_ = numbers.epsilon;
    Rope::Where where{.head_dim = shape_.head_dim};
    if (third) where.theta = 1e6, where.layer_type = "full_attention";
    EMB_TRY(rope_, Rope::parse(config, where));
    if (third) {
      EMB_TRY(local_rope_, Rope::parse(config, {.head_dim = shape_.head_dim,
                                                .layer_type = "sliding_attention",
                                                .theta_key = "rope_local_base_freq",
                                                .reads_old_scaling = false}));
    }
    shape_.angles_vary_from = rope_.vary_from();
    EMB_DO(load_words(numbers.prefix + "embed_tokens.weight", numbers.tied, precision));
    const auto norm = [&](const std::string& name) {
      return load_vector(weights_, name + ".weight", shape_.hidden, true);
    };
    EMB_TRY(last_norm_, norm(numbers.prefix + "norm"));
    for (std::size_t i = 0; i < shape_.layers; ++i) {
      const std::string at = numbers.prefix + "layers." + std::to_string(i) + ".";
      Layer layer;
      EMB_TRY(layer.attention_norm, norm(at + "input_layernorm"));
      if (second || third) {
        EMB_TRY(layer.after_attention, norm(at + "post_attention_layernorm"));
        EMB_TRY(layer.network_norm, norm(at + "pre_feedforward_layernorm"));
        EMB_TRY(layer.after_network, norm(at + "post_feedforward_layernorm"));
      } else {
        EMB_TRY(layer.network_norm, norm(at + "post_attention_layernorm"));
      }
      layer.attention.take(numbers, i);
      if (second || third) layer.attention.scale = static_cast<float>(1 / std::sqrt(divisor));
      layer.attention.softcap = static_cast<float>(score_cap);
      EMB_DO(layer.attention.load(weights_, at + "self_attn.", shape_.hidden, precision,
                                  {.inputs = biased, .out = biased}));
      if (third) EMB_DO(layer.attention.load_norms(weights_, at + "self_attn.", true));
      EMB_DO(layer.network.load(weights_, at + "mlp.", shape_.hidden, numbers.intermediate,
                                numbers.activation, precision, false));
      layers_.push_back(std::move(layer));
    }
    return Done{};
  }

 private:
  // null means none; a file that does not say means the family's own.
  static double cap(ConfigReader& read, std::string_view key, double otherwise) {
    if (read.object()[key].exists() && !read.has(key)) return 0;
    return read.number_or(key, otherwise, 0, 1e6);
  }

  Status run(Team& team, Workspace& work) const override {
    EMB_DO(embed(work.batch, std::sqrt(static_cast<float>(shape_.hidden)), work.hidden));
    fill_angles(rope_, work.batch, work.angles);
    if (local_rope_.rotary() > 0) fill_angles(local_rope_, work.batch, work.local_angles);
    for (std::size_t i = 0; i < layers_.size(); ++i) {
      const Layer& layer = layers_[i];
      const bool local = layer.attention.window > 0 && local_rope_.rotary() > 0;
      rms_norm(team, work.hidden, layer.attention_norm, epsilon_, work.normed);
      layer.attention.attend(team, i, local ? work.local_angles : work.angles, work.normed, work);
      add_share(team, layer.attention.out, work.attended, layer.after_attention, work);
      rms_norm(team, work.hidden, layer.network_norm, epsilon_, work.normed);
      layer.network.widen(team, work.normed, work.gated);
      add_share(team, layer.network.down, work.gated, layer.after_network, work);
    }
    rms_norm(team, work.hidden, last_norm_, epsilon_, work.hidden);
    return Done{};
  }

  // A layer's share is normed before it is added, where there is a norm for it.
  void add_share(Team& team, const Linear& product, const Matrix& in,
                 const std::vector<float>& norm, Workspace& work) const {
    if (norm.empty()) return product.add_to(team, in, work.hidden);
    product.apply(team, in, work.projected);
    rms_norm(team, work.projected, norm, epsilon_, work.projected);
    add(team, work.hidden, work.projected);
  }

  Rope rope_, local_rope_;
  float epsilon_ = 0;
  std::vector<Layer> layers_;
  std::vector<float> last_norm_;
};

}  // namespace

LoadedLm load_gemma(const Weights& weights, json::View config, Precision precision) {
  auto model = std::make_unique<Gemma>(weights);
  EMB_DO(model->load_all(config, precision));
  return model;
}

}  // namespace embrace::transformers
