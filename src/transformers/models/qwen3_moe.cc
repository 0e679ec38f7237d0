// Qwen 3 and Mixtral with mixtures of experts (Shazeer et al. 2017; Jiang et al. 2024): a router
// sends each token to a few of a layer's gated networks and weighs what they give.
#include <algorithm>
#include <utility>

#include "base/strings.h"
#include "transformers/models/decoder_families.h"
#include "transformers/models/pre_norm_lm.h"

namespace embrace::transformers {

namespace {

constexpr std::size_t kExpertsMax = 1024;

// One matrix of a tensor that holds one for each expert.
Result<TensorView> slice(const Weights& weights, const std::string& name, std::size_t experts,
                         std::size_t rows, std::size_t columns, std::size_t index) {
  const auto n = static_cast<std::int64_t>(rows);
  const auto m = static_cast<std::int64_t>(columns);
  EMB_TRY(TensorView all, weights.get(name, {static_cast<std::int64_t>(experts), n, m}));
  const std::size_t bytes = all.bytes.size() / experts;
  return TensorView{all.dtype, {n, m}, all.bytes.subspan(index * bytes, bytes)};
}

struct Mixture {
  struct Numbers {
    std::size_t experts, chosen, hidden, intermediate;
    bool weights_sum_to_one;
    Activation activation;
  };
  Numbers numbers{};
  Linear router;
  std::vector<GatedNetwork> experts;

  // Experts in tensors of their own, under the names of either family, or all in one tensor.
  Status load(const Weights& weights, const std::string& layer, Precision precision) {
    const bool blocks = weights.find(layer + "block_sparse_moe.gate.weight") != nullptr;
    const std::string at = layer + (blocks ? "block_sparse_moe." : "mlp.");
    EMB_TRY(router, load_linear(weights, at + "gate", numbers.hidden, numbers.experts,
                                Precision::F32, false));
    const bool joined = weights.find(at + "experts.gate_up_proj") != nullptr;
    for (std::size_t i = 0; i < numbers.experts; ++i) {
      GatedNetwork expert;
      expert.activation = numbers.activation;
      const std::string own = at + "experts." + std::to_string(i) + ".";
      if (joined) {
        EMB_TRY(const TensorView gate_up,
                slice(weights, at + "experts.gate_up_proj", numbers.experts,
                      2 * numbers.intermediate, numbers.hidden, i));
        EMB_TRY(const TensorView down, slice(weights, at + "experts.down_proj", numbers.experts,
                                             numbers.hidden, numbers.intermediate, i));
        EMB_TRY(expert.gate_up, Linear::make(gate_up, nullptr, precision));
        EMB_TRY(expert.down, Linear::make(down, nullptr, precision));
      } else if (weights.find(own + "w1.weight") != nullptr) {
        const std::vector<std::int64_t> shape{static_cast<std::int64_t>(numbers.intermediate),
                                              static_cast<std::int64_t>(numbers.hidden)};
        EMB_TRY(const TensorView gate, weights.get(own + "w1.weight", shape));
        EMB_TRY(const TensorView up, weights.get(own + "w3.weight", shape));
        EMB_TRY(expert.gate_up, Linear::join({gate, up}, {nullptr, nullptr}, precision));
        EMB_TRY(expert.down, load_linear(weights, own + "w2", numbers.intermediate, numbers.hidden,
                                         precision, false));
      } else {
        EMB_DO(expert.load(weights, own, numbers.hidden, numbers.intermediate, numbers.activation,
                           precision, false));
      }
      experts.push_back(std::move(expert));
    }
    return Done{};
  }

  void add_to(Team& team, const Matrix& in, CausalLm::Workspace& work, Matrix& sum) const {
    router.apply(team, in, work.router);
    choose(work);
    for (std::size_t e = 0; e < experts.size(); ++e) {
      work.order.clear();
      for (std::size_t row = 0; row < in.rows(); ++row) {
        if (work.router.row(row)[e] > 0) work.order.push_back(static_cast<std::uint32_t>(row));
      }
      if (work.order.empty()) continue;
      work.gathered.resize(work.order.size(), in.columns());
      for (std::size_t i = 0; i < work.order.size(); ++i)
        std::ranges::copy(in.row(work.order[i]), work.gathered.row(i).begin());
      experts[e].widen(team, work.gathered, work.gated);
      experts[e].down.apply(team, work.gated, work.down);
      for (std::size_t i = 0; i < work.order.size(); ++i) {
        const float weight = work.router.row(work.order[i])[e];
        const auto share = work.down.row(i);
        const auto into = sum.row(work.order[i]);
        for (std::size_t k = 0; k < into.size(); ++k) into[k] += weight * share[k];
      }
    }
  }

  // Scores become the weights of the chosen experts, and 0 for all others. Of equal scores the
  // first ones count.
  void choose(CausalLm::Workspace& work) const {
    for (std::size_t row = 0; row < work.router.rows(); ++row) {
      const auto scores = work.router.row(row);
      softmax(scores);
      work.order.resize(scores.size());
      for (std::size_t i = 0; i < scores.size(); ++i) work.order[i] = static_cast<std::uint32_t>(i);
      const auto end = work.order.begin() + static_cast<std::ptrdiff_t>(numbers.chosen);
      std::partial_sort(work.order.begin(), end, work.order.end(), [&](auto a, auto b) {
        return scores[a] != scores[b] ? scores[a] > scores[b] : a < b;
      });
      float sum = 0;
      for (auto at = work.order.begin(); at != end; ++at) sum += scores[*at];
      for (auto at = end; at != work.order.end(); ++at) scores[*at] = 0;
      if (!numbers.weights_sum_to_one) continue;
      for (auto at = work.order.begin(); at != end; ++at) scores[*at] /= sum;
    }
  }
};

class MixtureLm final : public PreNormLm {
 public:
  using PreNormLm::PreNormLm;

  Status load_all(json::View config, Precision precision) {
    ConfigReader read(config);
    const bool qwen = read.text_or("model_type", "") == "qwen3_moe";
    EMB_TRY(DecoderConfig numbers,
            DecoderConfig::read(weights_, config, {.epsilon = qwen ? 1e-6 : 1e-5}));
    Mixture::Numbers mixture{};
    mixture.experts =
        read.has("num_experts") ? read.size("num_experts") : read.size_or("num_local_experts", 8);
    if (mixture.experts > kExpertsMax)
      read.complain(cat("more than ", kExpertsMax, " experts are not built"));
    mixture.chosen = read.size_or("num_experts_per_tok", qwen ? 8 : 2);
    mixture.hidden = numbers.shape.hidden;
    mixture.intermediate = qwen ? read.size("moe_intermediate_size") : numbers.intermediate;
    mixture.weights_sum_to_one = qwen ? read.flag_or("norm_topk_prob", false) : true;
    mixture.activation = numbers.activation;
    const std::size_t step = qwen ? read.size_or("decoder_sparse_step", 1) : 1;
    std::vector<bool> plain(numbers.shape.layers);
    for (const json::View item : config["mlp_only_layers"].items()) {
      const auto layer = item.integer().value_or(-1);
      if (layer >= 0 && static_cast<std::size_t>(layer) < plain.size())
        plain[static_cast<std::size_t>(layer)] = true;
    }
    if (mixture.chosen > mixture.experts)
      read.complain("num_experts_per_tok is more than there are");
    const bool biased = qwen && read.flag_or("attention_bias", false);
    const bool windows = qwen ? read.flag_or("use_sliding_window", false) : true;
    const std::size_t window = DecoderConfig::window_of(read, qwen ? 4096 : 0);
    EMB_DO(numbers.read_windows({}, windows ? window : 0, 0));
    EMB_DO(read.status());
    EMB_TRY(Rope rope,
            Rope::parse(config, {.head_dim = numbers.shape.head_dim, .theta = qwen ? 1e4 : 1e6}));
    EMB_DO(load_frame(numbers, std::move(rope), precision));
    for (std::size_t i = 0; i < layers_.size(); ++i) {
      const std::string at = numbers.layer_prefix(i);
      CausalAttention& attention = layers_[i].attention;
      EMB_DO(attention.load(weights_, at + "self_attn.", shape_.hidden, precision,
                            {.inputs = biased, .out = biased}));
      if (qwen) EMB_DO(attention.load_norms(weights_, at + "self_attn.", false));
      Network network;
      if (plain[i] || (i + 1) % step != 0) {
        EMB_DO(network.plain.load(weights_, at + "mlp.", shape_.hidden, numbers.intermediate,
                                  numbers.activation, precision, false));
      } else {
        network.mixture.numbers = mixture;
        EMB_DO(network.mixture.load(weights_, at, precision));
      }
      networks_.push_back(std::move(network));
    }
    return Done{};
  }

 private:
  struct Network {
    GatedNetwork plain;  // of the layers without experts
    Mixture mixture;
  };

  void add_network(Team& team, std::size_t index, const Matrix& in, Workspace& work,
                   Matrix& sum) const override {
    const Network& network = networks_[index];
    if (network.mixture.experts.empty()) {
      network.plain.add_to(team, in, work, sum);
    } else {
      network.mixture.add_to(team, in, work, sum);
    }
  }

  std::vector<Network> networks_;
};

}  // namespace

LoadedLm load_mixture(const Weights& weights, json::View config, Precision precision) {
  auto model = std::make_unique<MixtureLm>(weights);
  EMB_DO(model->load_all(config, precision));
  return model;
}

}  // namespace embrace::transformers
