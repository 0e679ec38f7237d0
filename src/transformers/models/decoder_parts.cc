#include "transformers/models/decoder_parts.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/check.h"
#include "base/strings.h"

namespace embrace::transformers {

Result<DecoderConfig> DecoderConfig::read(const Weights& weights, json::View config,
                                          const Habits& habits) {
  ConfigReader read(config);
  const auto size = [&](std::string_view key, std::size_t otherwise) {
    return otherwise == 0 ? read.size(key) : read.size_or(key, otherwise);
  };
  DecoderConfig all;
  CausalLm::Shape& shape = all.shape;
  shape.vocabulary = size("vocab_size", habits.vocabulary);
  shape.hidden = read.size("hidden_size");
  shape.layers = read.size("num_hidden_layers");
  shape.heads = size("num_attention_heads", habits.heads);
  shape.kv_heads =
      read.size_or("num_key_value_heads", habits.kv_heads == 0 ? shape.heads : habits.kv_heads);
  const std::size_t even = std::max<std::size_t>(1, shape.hidden / shape.heads);
  shape.head_dim = read.size_or("head_dim", habits.head_dim == 0 ? even : habits.head_dim);
  shape.positions = read.size_or("max_position_embeddings", 2048);
  all.intermediate = read.size("intermediate_size");
  all.epsilon = static_cast<float>(read.number_or("rms_norm_eps", habits.epsilon, 0, 1));
  all.tied = read.flag_or("tie_word_embeddings", habits.tied);
  const std::string name = read.text_or(habits.activation_key, habits.activation);
  // A row of what flows between layers, and a page of keys, must stay small beside their model.
  if (shape.hidden > kWidthMax || all.intermediate > kWidthMax || shape.head_dim > kHeadDimMax ||
      shape.layers > kLayersMax) {
    read.complain(cat("widths above ", kWidthMax, ", heads above ", kHeadDimMax, " and more than ",
                      kLayersMax, " layers are not built"));
  }
  if (shape.heads % shape.kv_heads != 0)
    read.complain("num_key_value_heads must divide num_attention_heads");
  if (shape.heads / shape.kv_heads > kHeadsPerKeyMax)
    read.complain(cat("more than ", kHeadsPerKeyMax, " heads share one of keys"));
  EMB_DO(read.status());
  EMB_TRY(all.activation, parse_activation(name));

  // Bare models' files have no prefix, and models that also see keep their text part in one.
  for (const std::string_view prefix :
       {"model.", "", "language_model.model.", "model.language_model."}) {
    if (weights.find(cat(prefix, "embed_tokens.weight")) == nullptr) continue;
    all.prefix = prefix;
    all.windows.assign(shape.layers, 0);
    return all;
  }
  return fail(Code::InvalidArgument, "there is no tensor model.embed_tokens.weight");
}

std::string DecoderConfig::layer_prefix(std::size_t layer) const {
  return cat(prefix, "layers.", layer, ".");
}

std::size_t DecoderConfig::window_of(ConfigReader& read, std::size_t otherwise) {
  if (read.object()["sliding_window"].is_null()) return 0;
  return read.size_or("sliding_window", otherwise);
}

Status DecoderConfig::read_windows(json::View config, std::size_t window, std::size_t first) {
  if (window == 0) return Done{};
  if (config["layer_types"].is_array()) return read_windows_by_pattern(config, window, 1);
  for (std::size_t i = first; i < windows.size(); ++i) windows[i] = window;
  return Done{};
}

Status DecoderConfig::read_windows_by_pattern(json::View config, std::size_t window,
                                              std::size_t pattern) {
  if (!config["layer_types"].is_array()) {
    for (std::size_t i = 0; i < windows.size(); ++i) {
      if ((i + 1) % pattern != 0) windows[i] = window;
    }
    return Done{};
  }
  const auto types = config["layer_types"].items();
  if (types.size() != windows.size())
    return fail(Code::InvalidArgument, "config.json: layer_types does not name every layer");
  for (std::size_t i = 0; i < types.size(); ++i) {
    const auto type = types[i].text().value_or("");
    if (type == "sliding_attention") {
      windows[i] = window;
    } else if (type != "full_attention") {
      return fail(Code::NotBuilt, cat("layers of type ", type, " are not built"));
    }
  }
  return Done{};
}

Result<std::vector<float>> load_vector(const Weights& weights, std::string_view name,
                                       std::size_t size, bool plus_one) {
  EMB_TRY(const TensorView view, weights.get(name, {static_cast<std::int64_t>(size)}));
  EMB_TRY(std::vector<float> values, read_all(view));
  if (plus_one) {
    for (float& x : values) x += 1;
  }
  return values;
}

Status GatedNetwork::load(const Weights& weights, const std::string& prefix, std::size_t hidden,
                          std::size_t intermediate, Activation kind, Precision precision,
                          bool biased) {
  activation = kind;
  const std::vector<std::int64_t> shape{static_cast<std::int64_t>(intermediate),
                                        static_cast<std::int64_t>(hidden)};
  EMB_TRY(const TensorView gate, weights.get(prefix + "gate_proj.weight", shape));
  EMB_TRY(const TensorView up, weights.get(prefix + "up_proj.weight", shape));
  const auto bias = [&](const char* name) {
    return biased ? weights.find(prefix + name) : nullptr;
  };
  EMB_TRY(gate_up,
          Linear::join({gate, up}, {bias("gate_proj.bias"), bias("up_proj.bias")}, precision));
  EMB_TRY(down,
          load_linear(weights, prefix + "down_proj", intermediate, hidden, precision, biased));
  return Done{};
}

void GatedNetwork::widen(Team& team, const Matrix& in, Matrix& gated) const {
  gate_up.apply_gated(team, in, activation, gated);
}

void GatedNetwork::add_to(Team& team, const Matrix& in, CausalLm::Workspace& work,
                          Matrix& sum) const {
  widen(team, in, work.gated);
  down.add_to(team, work.gated, sum);
}

void fill_angles(const Rope& rope, const CausalLm::Batch& batch, Matrix& angles) {
  angles.resize(batch.tokens.size(), rope.rotary());
  for (const auto& part : batch.parts)
    rope.angles(part.position, part.text_length, part.row, part.rows, angles);
}

}  // namespace embrace::transformers
