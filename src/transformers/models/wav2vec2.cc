#include "transformers/models/wav2vec2.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/check.h"
#include "base/strings.h"
#include "transformers/models/config.h"
#include "transformers/models/loadable.h"

namespace embrace::transformers {

namespace {

constexpr std::size_t kStepsMax = 64;

// The list of as many numbers as the convolutions are.
std::vector<std::size_t> read_list(ConfigReader& read, std::string_view key,
                                   std::vector<std::size_t> otherwise, std::int64_t max) {
  if (!read.has(key)) return otherwise;
  std::vector<std::size_t> all;
  for (const json::View item : read.object()[key].items()) {
    const auto value = item.integer();
    if (!value || *value < 1 || *value > max) {
      read.complain(cat("", key, " must hold whole numbers from 1 to ", max));
      return otherwise;
    }
    all.push_back(static_cast<std::size_t>(*value));
  }
  if (all.empty() || all.size() > kStepsMax)
    read.complain(cat("", key, " must hold 1 to ", kStepsMax, " numbers"));
  return all;
}

// (x - mean) / sqrt(variance + epsilon) * weight + bias of each column (a group norm with a group
// for each channel).
void norm_over_time(Team& team, const Norm& norm, Matrix& rows) {
  team.split(rows.columns(), 16, [&](std::size_t begin, std::size_t end) {
    const std::size_t count = end - begin;
    std::vector<double> means(count);
    std::vector<double> squares(count);
    for (std::size_t row = 0; row < rows.rows(); ++row) {
      for (std::size_t i = 0; i < count; ++i)
        means[i] += static_cast<double>(rows.row(row)[begin + i]);
    }
    for (double& mean : means) mean /= static_cast<double>(rows.rows());
    for (std::size_t row = 0; row < rows.rows(); ++row) {
      for (std::size_t i = 0; i < count; ++i) {
        const double apart = static_cast<double>(rows.row(row)[begin + i]) - means[i];
        squares[i] += apart * apart;
      }
    }
    for (std::size_t i = 0; i < count; ++i) {
      const double scale = static_cast<double>(norm.weight[begin + i]) /
                           std::sqrt(squares[i] / static_cast<double>(rows.rows()) +
                                     static_cast<double>(norm.epsilon));
      const double bias = norm.bias.empty() ? 0 : static_cast<double>(norm.bias[begin + i]);
      for (std::size_t row = 0; row < rows.rows(); ++row) {
        float& value = rows.row(row)[begin + i];
        value = static_cast<float>((static_cast<double>(value) - means[i]) * scale + bias);
      }
    }
  });
}

}  // namespace

Result<std::unique_ptr<Wav2Vec2>> Wav2Vec2::load(const Weights& weights, json::View config,
                                                 Precision precision) {
  EMB_DO(check_loadable(weights, config));
  ConfigReader read(config);
  const std::string type = read.text_or("model_type", "");
  if (type != "wav2vec2")
    return fail(Code::NotBuilt, cat("no speech encoder is built for model_type \"", type, "\""));
  if (read.flag_or("add_adapter", false) || read.has("adapter_attn_dim"))
    return fail(Code::NotBuilt, "wav2vec2 with adapters behind or between its layers");
  auto made = std::make_unique<Wav2Vec2>();
  made->width_ = read.size_or("hidden_size", 768);
  const std::size_t inner = read.size_or("intermediate_size", 3072);
  const auto layers = static_cast<std::size_t>(read.integer_or("num_hidden_layers", 12, 0, 1024));
  const std::size_t heads = read.size_or("num_attention_heads", 12);
  const double epsilon = read.number_or("layer_norm_eps", 1e-5, 0, 1);
  made->stable_ = read.flag_or("do_stable_layer_norm", false);
  const std::string activation = read.text_or("hidden_act", "gelu");
  EMB_DO(read.status());
  EMB_TRY(made->activation_, parse_activation(activation));
  const std::size_t width = made->width_;
  if (width % heads != 0)
    return fail(Code::InvalidArgument, "config.json: heads do not divide hidden_size");
  made->attention_.heads = heads;
  made->attention_.head_size = width / heads;
  made->attention_.scale = 1 / std::sqrt(static_cast<float>(width / heads));

  EMB_TRY(const std::string prefix, find_prefix(weights, "feature_projection.projection.weight"));
  EMB_DO(made->load_steps(weights, prefix, config, precision));
  const std::string projection = prefix + "feature_projection.";
  const auto* view = weights.find(projection + "projection.weight");
  EMB_CHECK(view != nullptr, "the prefix was found by it");
  const auto from = static_cast<std::size_t>(view->columns());
  if (from != made->steps_.back().convolution.channels_out())
    return fail(Code::InvalidArgument, "feature_projection does not fit conv_dim");
  EMB_TRY(made->projection_norm_, Norm::load(weights, projection + "layer_norm", from, epsilon));
  EMB_TRY(made->projection_,
          Linear::load(weights, projection + "projection", from, width, precision));
  EMB_DO(made->load_positions(weights, prefix, config, precision));
  EMB_TRY(made->norm_, Norm::load(weights, prefix + "encoder.layer_norm", width, epsilon));
  for (std::size_t i = 0; i < layers; ++i) {
    const std::string at = cat(prefix, "encoder.layers.", i, ".");
    const std::string attention = at + "attention.";
    Layer layer;
    EMB_TRY(layer.qkv,
            load_joined(weights, {attention + "q_proj", attention + "k_proj", attention + "v_proj"},
                        width, width, precision));
    EMB_TRY(layer.attention_out,
            Linear::load(weights, attention + "out_proj", width, width, precision));
    EMB_TRY(layer.norm, Norm::load(weights, at + "layer_norm", width, epsilon));
    EMB_TRY(layer.inner,
            Linear::load(weights, at + "feed_forward.intermediate_dense", width, inner, precision));
    EMB_TRY(layer.outer,
            Linear::load(weights, at + "feed_forward.output_dense", inner, width, precision));
    EMB_TRY(layer.final_norm, Norm::load(weights, at + "final_layer_norm", width, epsilon));
    made->layers_.push_back(std::move(layer));
  }
  if (const TensorView* head = weights.find("lm_head.weight")) {
    if (head->shape.size() != 2) return fail(Code::InvalidArgument, "lm_head.weight is no matrix");
    EMB_TRY(made->head_, Linear::load(weights, "lm_head", width,
                                      static_cast<std::size_t>(head->rows()), precision));
  }
  return made;
}

Status Wav2Vec2::load_steps(const Weights& weights, const std::string& prefix, json::View config,
                            Precision precision) {
  ConfigReader read(config);
  const auto channels = read_list(read, "conv_dim", std::vector<std::size_t>(7, 512), 4096);
  const auto strides = read_list(read, "conv_stride", {5, 2, 2, 2, 2, 2, 2}, 4096);
  const auto kernels = read_list(read, "conv_kernel", {10, 3, 3, 3, 3, 2, 2}, 4096);
  const std::string norm = read.text_or("feat_extract_norm", "group");
  const std::string activation = read.text_or("feat_extract_activation", "gelu");
  if (strides.size() != channels.size() || kernels.size() != channels.size())
    read.complain("conv_dim, conv_stride and conv_kernel must be of one length");
  if (norm != "group" && norm != "layer")
    read.complain("feat_extract_norm must be \"group\" or \"layer\"");
  EMB_DO(read.status());
  EMB_TRY(step_activation_, parse_activation(activation));
  over_time_ = norm == "group";
  for (std::size_t i = 0; i < channels.size(); ++i) {
    const std::string at = cat(prefix, "feature_extractor.conv_layers.", i, ".");
    ConvolutionShape shape;
    shape.inputs = i == 0 ? 1 : channels[i - 1];
    shape.outputs = channels[i];
    shape.kernel = kernels[i];
    shape.stride = strides[i];
    Step step;
    EMB_TRY(step.convolution, Convolution::load(weights, at + "conv", shape, precision));
    if (i == 0 || !over_time_) {
      EMB_TRY(step.norm, Norm::load(weights, at + "layer_norm", channels[i], 1e-5));
    }
    steps_.push_back(std::move(step));
  }
  return Done{};
}

// Its weight is kept as a direction and a length for each place of the kernel (weight
// normalization, Salimans and Kingma 2016), under names old or new, or as it is.
Status Wav2Vec2::load_positions(const Weights& weights, const std::string& prefix,
                                json::View config, Precision precision) {
  ConfigReader read(config);
  ConvolutionShape shape;
  shape.inputs = width_;
  shape.outputs = width_;
  shape.kernel = static_cast<std::size_t>(read.integer_or("num_conv_pos_embeddings", 128, 1, 4096));
  shape.groups = read.size_or("num_conv_pos_embedding_groups", 16);
  EMB_DO(read.status());
  if (width_ % shape.groups != 0)
    return fail(Code::InvalidArgument, "config.json: groups do not divide hidden_size");
  shape.before = shape.kernel / 2;
  shape.after = shape.kernel - 1 - shape.before;
  const std::string at = prefix + "encoder.pos_conv_embed.conv";
  const bool old = weights.find(at + ".weight_g") != nullptr;
  const std::string lengths_name = at + (old ? ".weight_g" : ".parametrizations.weight.original0");
  if (weights.find(lengths_name) == nullptr) {
    EMB_TRY(positions_, Convolution::load(weights, at, shape, precision));
    return Done{};
  }
  const auto side = [](std::size_t count) { return static_cast<std::int64_t>(count); };
  EMB_TRY(const TensorView lengths_view, weights.get(lengths_name, {1, 1, side(shape.kernel)}));
  EMB_TRY(const TensorView weight_view,
          weights.get(at + (old ? ".weight_v" : ".parametrizations.weight.original1"),
                      {side(width_), side(width_ / shape.groups), side(shape.kernel)}));
  EMB_TRY(const TensorView bias_view, weights.get(at + ".bias", {side(width_)}));
  EMB_TRY(const std::vector<float> lengths, read_all(lengths_view));
  EMB_TRY(std::vector<float> weight, read_all(weight_view));
  EMB_TRY(std::vector<float> bias, read_all(bias_view));
  std::vector<double> scales(shape.kernel);
  for (std::size_t i = 0; i < weight.size(); ++i)
    scales[i % shape.kernel] += static_cast<double>(weight[i]) * static_cast<double>(weight[i]);
  for (std::size_t k = 0; k < shape.kernel; ++k)
    scales[k] = scales[k] == 0 ? 0 : static_cast<double>(lengths[k]) / std::sqrt(scales[k]);
  for (std::size_t i = 0; i < weight.size(); ++i)
    weight[i] = static_cast<float>(static_cast<double>(weight[i]) * scales[i % shape.kernel]);
  EMB_TRY(positions_, Convolution::make(std::move(weight), std::move(bias), shape, precision));
  return Done{};
}

std::size_t Wav2Vec2::rows_out(std::size_t samples) const {
  for (const Step& step : steps_) samples = step.convolution.rows_out(samples);
  return samples;
}

Status Wav2Vec2::forward(Team& team, const Matrix& samples, Matrix& hidden) const {
  EMB_CHECK(samples.columns() == 1, "a row has one sample");
  const std::size_t rows = rows_out(samples.rows());
  if (rows == 0) {
    return fail(Code::InvalidArgument,
                cat("a sound of ", samples.rows(), " samples is too short for the model"));
  }
  // Between the samples and the rows lie the first steps' features, far more of them.
  std::size_t wide = samples.rows();
  bool fits = rows <= kRowsMax;
  for (const Step& step : steps_) {
    wide = step.convolution.rows_out(wide);
    fits = fits && wide <= kFeaturesMax / step.convolution.channels_out();
  }
  if (!fits)
    return fail(Code::TooLarge, cat("a sound of ", samples.rows(), " samples is too long"));
  Matrix features;
  Matrix next;
  for (std::size_t i = 0; i < steps_.size(); ++i) {
    steps_[i].convolution.apply(team, i == 0 ? samples : features, next);
    std::swap(features, next);
    if (steps_[i].norm && over_time_) norm_over_time(team, *steps_[i].norm, features);
    if (steps_[i].norm && !over_time_) steps_[i].norm->apply(team, features, features);
    activate(team, step_activation_, features);
  }
  projection_norm_.apply(team, features, features);
  projection_.apply(team, features, hidden);
  positions_.apply(team, hidden, next);
  activate(team, step_activation_, next);
  add(team, hidden, next);
  if (!stable_) norm_.apply(team, hidden, hidden);
  for (const Layer& layer : layers_) run_layer(team, layer, hidden);
  if (stable_) norm_.apply(team, hidden, hidden);
  return Done{};
}

void Wav2Vec2::run_layer(Team& team, const Layer& layer, Matrix& hidden) const {
  EncoderBatch batch;
  batch.starts = {0, hidden.rows()};
  Matrix normed;
  Matrix wide;
  if (stable_) layer.norm.apply(team, hidden, normed);
  layer.qkv.apply(team, stable_ ? normed : hidden, wide);
  attend(team, batch, wide, attention_, {}, normed);
  layer.attention_out.add_to(team, normed, hidden);
  if (stable_) {
    layer.final_norm.apply(team, hidden, normed);
  } else {
    layer.norm.apply(team, hidden, hidden);
  }
  layer.inner.apply(team, stable_ ? normed : hidden, wide);
  activate(team, activation_, wide);
  layer.outer.add_to(team, wide, hidden);
  if (!stable_) layer.final_norm.apply(team, hidden, hidden);
}

Status Wav2Vec2::letters(Team& team, const Matrix& hidden, Matrix& logits) const {
  if (!head_) return fail(Code::NotFound, "the model has no head for letters");
  head_->apply(team, hidden, logits);
  return Done{};
}

std::vector<std::uint32_t> likeliest(const Matrix& logits) {
  std::vector<std::uint32_t> all;
  for (std::size_t row = 0; row < logits.rows(); ++row) {
    const auto scores = logits.row(row);
    all.push_back(static_cast<std::uint32_t>(std::ranges::max_element(scores) - scores.begin()));
  }
  return all;
}

Result<std::string> read_letters(const Tokenizer& tokenizer, const Matrix& logits) {
  // What says nothing is a special token, and stands between letters that are said twice.
  return tokenizer.decode(likeliest(logits), /*skip_special_tokens=*/false);
}

}  // namespace embrace::transformers
