#pragma once
// What decoders are made of: the numbers of their config.json, attention over pages of keys and
// values, and the two kinds of gated networks after it. A family's file puts them together.
//
// Names of tensors are those of safetensors files; `prefix` ends in a dot.
//
// Threads: as CausalLm; the parts are constant once loaded.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "transformers/kernels/linear.h"
#include "transformers/kernels/ops.h"
#include "transformers/models/causal_lm.h"
#include "transformers/models/config.h"
#include "transformers/models/loadable.h"
#include "transformers/models/rope.h"

namespace embrace::transformers {

// Heads of queries for each head of keys; bounds the memory of one task of attention.
inline constexpr std::size_t kHeadsPerKeyMax = 128;
inline constexpr std::size_t kWidthMax = std::size_t{1} << 18;
inline constexpr std::size_t kHeadDimMax = 4096;
inline constexpr std::size_t kLayersMax = 4096;

// The numbers that all families but GPT-2 name alike.
struct DecoderConfig {
  CausalLm::Shape shape;
  std::size_t intermediate = 0;
  float epsilon = 1e-6f;
  Activation activation = Activation::Silu;
  bool tied = false;
  // For each layer, how many tokens it looks back, itself among them; 0 is all.
  std::vector<std::size_t> windows;
  std::string prefix;  // of all tensors but the head: "model."

  // "model.layers.3."
  std::string layer_prefix(std::size_t layer) const;

  // Where families differ in what a file leaves out, or in its spelling.
  struct Habits {
    std::string_view activation_key = "hidden_act";
    std::string_view activation = "silu";
    double epsilon = 1e-6;
    bool tied = false;
    // 0: the file must say, or the width of a head is that of all by their number.
    std::size_t vocabulary = 0, heads = 0, kv_heads = 0, head_dim = 0;
  };
  static Result<DecoderConfig> read(const Weights& weights, json::View config,
                                    const Habits& habits);
  // sliding_window: null is none (0), and a file that does not say means `otherwise`.
  static std::size_t window_of(ConfigReader& read, std::size_t otherwise);
  // The same window for all layers from `first` on, unless layer_types says which.
  Status read_windows(json::View config, std::size_t window, std::size_t first);
  // Which layers look at a window, from layer_types or else every one but each pattern-th.
  Status read_windows_by_pattern(json::View config, std::size_t window, std::size_t pattern);
};

// A vector of the file as f32; plus_one for norms that are kept less one (Gemma).
Result<std::vector<float>> load_vector(const Weights& weights, std::string_view name,
                                       std::size_t size, bool plus_one = false);

// Causal attention of grouped heads (Ainslie et al. 2023) over a sequence's pages.
struct CausalAttention {
  std::size_t heads = 0;
  std::size_t kv_heads = 0;
  std::size_t head_dim = 0;
  float scale = 1;
  float softcap = 0;       // scores become cap * tanh(score / cap); 0: they stay
  std::size_t window = 0;  // tokens looked back to, itself among them; 0: all
  float epsilon = 1e-6f;
  std::vector<float> query_norm, key_norm;  // empty, or head_dim weights (Qwen 3, Gemma 3)

  Linear qkv;  // queries, keys, values, one after the other
  Linear out;

  // Shapes and scale from the config.
  void take(const DecoderConfig& config, std::size_t layer);
  struct Biases {
    bool inputs = false;  // of queries, keys and values
    bool out = false;
  };
  // q_proj, k_proj, v_proj and o_proj under `prefix`.
  Status load(const Weights& weights, const std::string& prefix, std::size_t hidden,
              Precision precision, Biases biases);
  // q_norm and k_norm.
  Status load_norms(const Weights& weights, const std::string& prefix, bool plus_one);

  // work.attended becomes what each row of `in` saw: `out` makes the layer's share of it. `angles`
  // has a row for each row of `in`, or none where positions are not turned. Writes keys and values
  // of layer `layer`.
  void attend(Team& team, std::size_t layer, const Matrix& angles, const Matrix& in,
              CausalLm::Workspace& work) const;
};

// down(activation(gate(x)) * up(x)), gate and up in one product.
struct GatedNetwork {
  Activation activation = Activation::Silu;
  Linear gate_up;
  Linear down;

  // gate_proj, up_proj and down_proj under `prefix`.
  Status load(const Weights& weights, const std::string& prefix, std::size_t hidden,
              std::size_t intermediate, Activation kind, Precision precision, bool biased);
  // gated becomes activation(gate(in)) * up(in), which `down` takes.
  void widen(Team& team, const Matrix& in, Matrix& gated) const;
  // sum += the network of each row of `in`.
  void add_to(Team& team, const Matrix& in, CausalLm::Workspace& work, Matrix& sum) const;
};

// The angles of all rows of a batch.
void fill_angles(const Rope& rope, const CausalLm::Batch& batch, Matrix& angles);

}  // namespace embrace::transformers
