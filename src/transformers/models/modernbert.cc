// ModernBERT (Warner et al. 2024): norms before each step, positions by rotation, gated inner
// products, and two layers in three that look only at tokens nearby.
#include <algorithm>
#include <cmath>
#include <utility>

#include "base/strings.h"
#include "transformers/kernels/ops.h"
#include "transformers/models/config.h"
#include "transformers/models/encoder_families.h"
#include "transformers/models/encoder_parts.h"
#include "transformers/models/loadable.h"

namespace embrace::transformers {

namespace {

constexpr std::string_view kWords = "embeddings.tok_embeddings.weight";

// Turns each head's features i and i + half by the angle position * theta^(-i / half) (Su et al.
// 2021), in queries and keys.
void rotate(Team& team, const EncoderBatch& batch, std::size_t heads, std::size_t head_size,
            double theta, Matrix& qkv) {
  const std::size_t half = head_size / 2;
  const std::size_t longest = batch.longest();
  Matrix cosines(longest, half);
  Matrix sines(longest, half);
  for (std::size_t i = 0; i < half; ++i) {
    const double power = 2.0 * static_cast<double>(i) / static_cast<double>(head_size);
    const auto turn = static_cast<float>(1.0 / std::pow(theta, power));
    for (std::size_t position = 0; position < longest; ++position) {
      const float angle = static_cast<float>(position) * turn;
      cosines.row(position)[i] = std::cos(angle);
      sines.row(position)[i] = std::sin(angle);
    }
  }
  team.run(batch.sequences(), [&](std::size_t sequence) {
    for (std::size_t row = batch.starts[sequence]; row < batch.starts[sequence + 1]; ++row) {
      const auto c = cosines.row(row - batch.starts[sequence]);
      const auto s = sines.row(row - batch.starts[sequence]);
      for (std::size_t head = 0; head < 2 * heads; ++head) {  // queries, then keys
        const auto x = qkv.row(row).subspan(head * head_size, head_size);
        for (std::size_t i = 0; i < half; ++i) {
          const float a = x[i];
          const float b = x[i + half];
          x[i] = a * c[i] - b * s[i];
          x[i + half] = b * c[i] + a * s[i];
        }
      }
    }
  });
}

class ModernBert final : public Encoder {
 public:
  ModernBert(EncoderShape shape, Weights weights) : Encoder(shape), weights_(std::move(weights)) {}

  Status load(ConfigReader& read, Precision precision) {
    EMB_TRY(const std::string prefix, find_prefix(weights_, kWords));
    const std::size_t width = shape().width;
    const std::size_t inner = read.size("intermediate_size");
    const std::size_t layers = read.size("num_hidden_layers");
    const double epsilon = read.number_or("norm_eps", 1e-5, 0, 1);
    heads_ = read.size("num_attention_heads");
    EMB_TRY(activation_, parse_activation(read.text_or("hidden_activation", "gelu")));
    window_ = static_cast<std::size_t>(
        read.integer_or("local_attention", 128, 0, ConfigReader::kSizeMax) / 2);
    const std::int64_t every = read.integer_or("global_attn_every_n_layers", 3, 1, 1 << 20);
    wide_theta_ = theta_of(read, "full_attention", "global_rope_theta", 160000);
    near_theta_ = theta_of(read, "sliding_attention", "local_rope_theta", 10000);
    const bool attention_bias = read.flag_or("attention_bias", false);
    const bool network_bias = read.flag_or("mlp_bias", false);
    const bool norm_bias = read.flag_or("norm_bias", false);
    EMB_DO(read.status());
    if (width % heads_ != 0 || width / heads_ % 2 != 0)
      return fail(Code::InvalidArgument, "config.json: the width does not fit the heads");

    // Biases of a file count where the config has them, and nowhere else.
    const auto norm = [&](const std::string& name) {
      auto made = Norm::load(weights_, name, width, epsilon);
      if (made && !norm_bias) made->bias.clear();
      return made;
    };
    const auto product = [&](const std::string& name, std::size_t inputs, std::size_t outputs,
                             bool biased) {
      return load_linear(weights_, name, inputs, outputs, precision, biased);
    };
    EMB_TRY(words_, Table::load(weights_, prefix + std::string(kWords), shape().vocabulary, width));
    EMB_TRY(embedding_norm_, norm(prefix + "embeddings.norm"));
    EMB_TRY(final_norm_, norm(prefix + "final_norm"));
    const auto kinds = read.object()["layer_types"].items();
    for (std::size_t i = 0; i < layers; ++i) {
      const std::string at = cat(prefix, "layers.", i, ".");
      Layer layer;
      layer.near = i < kinds.size() ? kinds[i].text() == "sliding_attention"
                                    : i % static_cast<std::size_t>(every) != 0;
      if (i != 0) {
        EMB_TRY(layer.attention_norm, norm(at + "attn_norm"));
      }
      EMB_TRY(layer.qkv, product(at + "attn.Wqkv", width, 3 * width, attention_bias));
      EMB_TRY(layer.attention_out, product(at + "attn.Wo", width, width, attention_bias));
      EMB_TRY(layer.inner_norm, norm(at + "mlp_norm"));
      EMB_TRY(layer.inner, product(at + "mlp.Wi", width, 2 * inner, network_bias));
      EMB_TRY(layer.outer, product(at + "mlp.Wo", inner, width, network_bias));
      layers_.push_back(std::move(layer));
    }
    return Done{};
  }

 private:
  struct Layer {
    bool near = false;
    std::optional<Norm> attention_norm;
    Linear qkv;
    Linear attention_out;
    Norm inner_norm;
    Linear inner;
    Linear outer;
  };

  // New files keep it for each kind of layer, old ones under a name of its own.
  static double theta_of(ConfigReader& read, std::string_view kind, std::string_view old_name,
                         double otherwise) {
    const json::View scaling = read.object()["rope_scaling"];
    if ((scaling.exists() && !scaling.is_null()) ||
        read.object()["rope_parameters"]["rope_type"].text().value_or("default") != "default") {
      read.complain("rope_scaling is not built for this model");
    }
    const json::View rope = read.object()["rope_parameters"][kind];
    if (rope.text_or("rope_type", "default") != "default")
      read.complain("a rope_type other than default is not built");
    const auto theta = rope["rope_theta"].number();
    if (!theta) return read.number_or(old_name, otherwise, 1, 1e12);
    if (*theta < 1 || *theta > 1e12) read.complain("rope_theta is out of bounds");
    return *theta;
  }

  void run(Team& team, const EncoderBatch& batch, Matrix& hidden) const override {
    for (std::size_t row = 0; row < batch.rows(); ++row)
      words_.copy_row(static_cast<std::size_t>(batch.ids[row]), hidden.row(row));
    embedding_norm_.apply(team, hidden, hidden);
    Matrix normed;
    Matrix qkv;
    Matrix context;
    Matrix gated;
    AttentionShape attention;
    attention.heads = heads_;
    attention.head_size = shape().width / heads_;
    attention.scale = 1.0f / std::sqrt(static_cast<float>(attention.head_size));
    const std::size_t everything = attention.window;
    for (const Layer& layer : layers_) {
      if (layer.attention_norm) layer.attention_norm->apply(team, hidden, normed);
      layer.qkv.apply(team, layer.attention_norm ? normed : hidden, qkv);
      rotate(team, batch, heads_, attention.head_size, layer.near ? near_theta_ : wide_theta_, qkv);
      attention.window = layer.near ? window_ : everything;
      attend(team, batch, qkv, attention, {}, context);
      layer.attention_out.add_to(team, context, hidden);
      layer.inner_norm.apply(team, hidden, normed);
      layer.inner.apply_gated(team, normed, activation_, gated);
      layer.outer.add_to(team, gated, hidden);
    }
    final_norm_.apply(team, hidden, hidden);
  }

  Weights weights_;  // of which words_ is a view
  Table words_;
  Norm embedding_norm_;
  Norm final_norm_;
  std::vector<Layer> layers_;
  Activation activation_ = Activation::Gelu;
  std::size_t heads_ = 1;
  std::size_t window_ = 0;
  double wide_theta_ = 0;
  double near_theta_ = 0;
};

}  // namespace

Result<std::unique_ptr<Encoder>> load_modernbert(const Weights& weights, json::View config,
                                                 Precision precision) {
  ConfigReader read(config);
  EncoderShape shape;
  shape.width = read.size("hidden_size");
  shape.vocabulary = read.size("vocab_size");
  shape.length_max = read.size("max_position_embeddings");
  EMB_DO(read.status());
  auto model = std::make_unique<ModernBert>(shape, weights);
  EMB_DO(model->load(read, precision));
  return model;
}

}  // namespace embrace::transformers
