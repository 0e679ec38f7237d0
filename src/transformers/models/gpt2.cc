// GPT-2 (Radford et al. 2019): learned positions, layer norms with biases, and weights that lie
// with inputs as rows.
#include <algorithm>
#include <cmath>
#include <utility>

#include "base/strings.h"
#include "transformers/models/decoder_families.h"
#include "transformers/models/decoder_parts.h"

namespace embrace::transformers {

namespace {

struct Norm {
  std::vector<float> weight, bias;

  Status load(const Weights& weights, const std::string& name, std::size_t size) {
    EMB_TRY(weight, load_vector(weights, name + ".weight", size));
    EMB_TRY(bias, load_vector(weights, name + ".bias", size));
    return Done{};
  }
};

struct Layer {
  Norm attention_norm, network_norm;
  CausalAttention attention;
  Linear up, down;
};

class Gpt2 final : public CausalLm {
 public:
  using CausalLm::CausalLm;

  Status load_all(json::View config, Precision precision) {
    ConfigReader read(config);
    shape_.vocabulary = read.size("vocab_size");
    shape_.hidden = read.size("n_embd");
    shape_.layers = read.size("n_layer");
    shape_.heads = shape_.kv_heads = read.size("n_head");
    shape_.positions = read.size("n_positions");
    shape_.positions_are_limited = true;
    epsilon_ = static_cast<float>(read.number_or("layer_norm_epsilon", 1e-5, 0, 1));
    const std::size_t inner = read.size_or("n_inner", 4 * shape_.hidden);
    const bool scaled = read.flag_or("scale_attn_weights", true);
    const bool by_layer = read.flag_or("scale_attn_by_inverse_layer_idx", false);
    const bool tied = read.flag_or("tie_word_embeddings", true);
    const std::string name = read.text_or("activation_function", "gelu_new");
    if (read.flag_or("add_cross_attention", false))
      return fail(Code::NotBuilt, "GPT-2 with cross attention is not built");
    if (shape_.hidden % shape_.heads != 0) read.complain("n_head must divide n_embd");
    EMB_DO(read.status());
    EMB_TRY(activation_, parse_activation(name));
    shape_.head_dim = shape_.hidden / shape_.heads;

    const std::string root =
        weights_.find("transformer.wte.weight") != nullptr ? "transformer." : "";
    EMB_DO(load_words(root + "wte.weight", tied, precision));
    EMB_TRY(const TensorView places,
            weights_.get(root + "wpe.weight", {static_cast<std::int64_t>(shape_.positions),
                                               static_cast<std::int64_t>(shape_.hidden)}));
    EMB_TRY(places_, read_all(places));
    EMB_DO(last_norm_.load(weights_, root + "ln_f", shape_.hidden));
    for (std::size_t i = 0; i < shape_.layers; ++i) {
      const std::string at = root + "h." + std::to_string(i) + ".";
      Layer layer;
      EMB_DO(layer.attention_norm.load(weights_, at + "ln_1", shape_.hidden));
      EMB_DO(layer.network_norm.load(weights_, at + "ln_2", shape_.hidden));
      layer.attention.heads = layer.attention.kv_heads = shape_.heads;
      layer.attention.head_dim = shape_.head_dim;
      layer.attention.scale =
          (scaled ? 1.0f / std::sqrt(static_cast<float>(shape_.head_dim)) : 1.0f) /
          (by_layer ? static_cast<float>(i + 1) : 1.0f);
      const auto load = [&](const char* part, std::size_t inputs, std::size_t outputs) {
        return Linear::load(weights_, at + part, inputs, outputs, precision, Layout::InOut);
      };
      EMB_TRY(layer.attention.qkv, load("attn.c_attn", shape_.hidden, 3 * shape_.hidden));
      EMB_TRY(layer.attention.out, load("attn.c_proj", shape_.hidden, shape_.hidden));
      EMB_TRY(layer.up, load("mlp.c_fc", shape_.hidden, inner));
      EMB_TRY(layer.down, load("mlp.c_proj", inner, shape_.hidden));
      layers_.push_back(std::move(layer));
    }
    return Done{};
  }

 private:
  Status run(Team& team, Workspace& work) const override {
    EMB_DO(embed(work.batch, 1, work.hidden));
    for (const Batch::Part& part : work.batch.parts) {
      for (std::size_t i = 0; i < part.rows; ++i) {
        const float* place = places_.data() + (part.position + i) * shape_.hidden;
        const auto row = work.hidden.row(part.row + i);
        for (std::size_t k = 0; k < row.size(); ++k) row[k] += place[k];
      }
    }
    work.angles.resize(work.batch.tokens.size(), 0);
    for (std::size_t i = 0; i < layers_.size(); ++i) {
      const Layer& layer = layers_[i];
      norm(team, layer.attention_norm, work.hidden, work.normed);
      layer.attention.attend(team, i, work.angles, work.normed, work);
      layer.attention.out.add_to(team, work.attended, work.hidden);
      norm(team, layer.network_norm, work.hidden, work.normed);
      layer.up.apply(team, work.normed, work.gated);
      activate(team, activation_, work.gated);
      layer.down.add_to(team, work.gated, work.hidden);
    }
    norm(team, last_norm_, work.hidden, work.hidden);
    return Done{};
  }

  void norm(Team& team, const Norm& by, const Matrix& in, Matrix& out) const {
    layer_norm(team, in, by.weight, by.bias, epsilon_, out);
  }

  float epsilon_ = 0;
  Activation activation_ = Activation::GeluTanh;
  std::vector<float> places_;
  std::vector<Layer> layers_;
  Norm last_norm_;
};

}  // namespace

LoadedLm load_gpt2(const Weights& weights, json::View config, Precision precision) {
  auto model = std::make_unique<Gpt2>(weights);
  EMB_DO(model->load_all(config, precision));
  return model;
}

}  // namespace embrace::transformers
