#include "transformers/models/clip.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/strings.h"
#include "transformers/models/loadable.h"

namespace embrace::transformers {

namespace {

const PreNormNames kLayerNames{
    "encoder.layers",     "self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj",
    "self_attn.out_proj", "layer_norm1",      "mlp.fc1",          "mlp.fc2",
    "layer_norm2"};

// Files of before transformers 4.31 say 2, whatever their end of text is; it is then the highest id
// of a text.
constexpr std::int32_t kUnknownEnd = 2;

PreNormNames names_at(const std::string& prefix) {
  PreNormNames names = kLayerNames;
  names.layers = prefix + names.layers;
  return names;
}

}  // namespace

Result<std::unique_ptr<Clip>> Clip::load(const Weights& weights, json::View config,
                                         Precision precision) {
  EMB_DO(check_loadable(weights, config));
  ConfigReader read(config);
  const std::string type = read.text_or("model_type", "");
  if (type != "clip")
    return fail(Code::NotBuilt,
                cat("no model of images and texts is built for model_type \"", type, "\""));
  const std::size_t common = read.size_or("projection_dim", 512);
  EMB_DO(read.status());
  auto made = std::make_unique<Clip>();
  made->weights_ = weights;
  VisionNames names;
  const std::string at = "vision_model.";
  names.first_token = at + "embeddings.class_embedding";
  names.positions = at + "embeddings.position_embedding.weight";
  names.patches = at + "embeddings.patch_embedding";
  names.norm_before = at + "pre_layrnorm";  // its name indeed
  names.layers = names_at(at);
  const PreNormConfig defaults{768, 3072, 12, 12, Activation::GeluQuick, 1e-5, false};
  ConfigReader read_vision(config["vision_config"]);
  EMB_TRY(made->vision_, VisionTower::load(weights, names, read_vision, defaults, 32, precision));
  const std::size_t width = made->vision_.width();
  EMB_TRY(made->image_norm_,
          Norm::load(weights, at + "post_layernorm", width, made->vision_.config().epsilon));
  EMB_TRY(made->image_projection_,
          Linear::load(weights, "visual_projection", width, common, precision));
  EMB_DO(made->load_text(config, precision));
  const TensorView* scale = weights.find("logit_scale");
  if (scale == nullptr || scale->elements() != 1)
    return fail(Code::InvalidArgument, "logit_scale must be one number");
  EMB_TRY(const std::vector<float> number, read_all(*scale));
  made->scale_ = std::exp(number[0]);
  return made;
}

Status Clip::load_text(json::View config, Precision precision) {
  ConfigReader read(config["text_config"]);
  const std::string at = "text_model.";
  PreNormConfig layers;
  layers.width = read.size_or("hidden_size", 512);
  layers.inner = read.size_or("intermediate_size", 2048);
  layers.layers = static_cast<std::size_t>(read.integer_or("num_hidden_layers", 12, 0, 1024));
  layers.heads = read.size_or("num_attention_heads", 8);
  layers.epsilon = read.number_or("layer_norm_eps", 1e-5, 0, 1);
  layers.causal = true;
  text_shape_.width = layers.width;
  text_shape_.vocabulary = read.size_or("vocab_size", 49408);
  text_shape_.length_max = read.size_or("max_position_embeddings", 77);
  end_ =
      static_cast<std::int32_t>(read.integer_or("eos_token_id", 49407, 0, ConfigReader::kSizeMax));
  const std::string activation = read.text_or("hidden_act", "quick_gelu");
  EMB_DO(read.status());
  EMB_TRY(layers.activation, parse_activation(activation));
  EMB_TRY(words_, Table::load(weights_, at + "embeddings.token_embedding.weight",
                              text_shape_.vocabulary, layers.width));
  EMB_TRY(positions_, Table::load(weights_, at + "embeddings.position_embedding.weight",
                                  text_shape_.length_max, layers.width));
  EMB_TRY(text_layers_, PreNormLayers::load(weights_, names_at(at), layers, precision));
  EMB_TRY(text_norm_, Norm::load(weights_, at + "final_layer_norm", layers.width, layers.epsilon));
  EMB_TRY(text_projection_,
          Linear::load(weights_, "text_projection", layers.width, width(), precision));
  return Done{};
}

Status Clip::image_hidden(Team& team, const PixelMap& image, Matrix& hidden) const {
  return vision_.forward(team, image, hidden);
}

void Clip::pool_image(Team& team, const Matrix& hidden, Matrix& pooled) const {
  pooled.resize(1, hidden.columns());
  std::ranges::copy(hidden.row(0), pooled.all().begin());
  image_norm_.apply(team, pooled, pooled);
}

Status Clip::image_features(Team& team, const PixelMap& image, Matrix& features) const {
  Matrix hidden;
  Matrix pooled;
  EMB_DO(image_hidden(team, image, hidden));
  pool_image(team, hidden, pooled);
  image_projection_.apply(team, pooled, features);
  return Done{};
}

std::size_t Clip::last_row(const EncoderBatch& batch, std::size_t sequence) const {
  const auto begin = batch.ids.begin() + static_cast<std::ptrdiff_t>(batch.starts[sequence]);
  const auto end = batch.ids.begin() + static_cast<std::ptrdiff_t>(batch.starts[sequence + 1]);
  auto found = end_ == kUnknownEnd ? std::max_element(begin, end) : std::find(begin, end, end_);
  if (found == end) found = begin;
  return static_cast<std::size_t>(found - batch.ids.begin());
}

Status Clip::text_features(Team& team, const EncoderBatch& batch, Matrix& features) const {
  Matrix hidden(batch.rows(), text_shape_.width);
  for (std::size_t sequence = 0; sequence < batch.sequences(); ++sequence) {
    const std::size_t begin = batch.starts[sequence];
    const std::size_t length = batch.length(sequence);
    if (length == 0 || length > text_shape_.length_max)
      return fail(Code::InvalidArgument, cat("a text of ", length, " tokens; the model reads 1 to ",
                                             text_shape_.length_max));
    for (std::size_t i = 0; i < length; ++i) {
      const std::int32_t id = batch.ids[begin + i];
      if (id < 0 || static_cast<std::size_t>(id) >= text_shape_.vocabulary)
        return fail(Code::InvalidArgument, cat("token ", id, " is not the model's"));
      words_.copy_row(static_cast<std::size_t>(id), hidden.row(begin + i));
      positions_.add_row(i, hidden.row(begin + i));
    }
  }
  text_layers_.run(team, batch, hidden);
  Matrix ends(batch.sequences(), text_shape_.width);
  for (std::size_t sequence = 0; sequence < batch.sequences(); ++sequence)
    std::ranges::copy(hidden.row(last_row(batch, sequence)), ends.row(sequence).begin());
  text_norm_.apply(team, ends, ends);
  text_projection_.apply(team, ends, features);
  return Done{};
}

void Clip::compare(const Matrix& images, const Matrix& texts, Matrix& logits) const {
  logits.resize(images.rows(), texts.rows());
  for (std::size_t i = 0; i < images.rows(); ++i) {
    const float length = std::sqrt(dot(images.row(i), images.row(i)));
    for (std::size_t k = 0; k < texts.rows(); ++k) {
      const float other = std::sqrt(dot(texts.row(k), texts.row(k)));
      logits.row(i)[k] = scale_ * dot(images.row(i), texts.row(k)) / (length * other);
    }
  }
}

}  // namespace embrace::transformers
