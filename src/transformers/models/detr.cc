#include "transformers/models/detr.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <utility>
#include <vector>

#include "base/strings.h"
#include "transformers/kernels/attention.h"
#include "transformers/models/config.h"
#include "transformers/models/convolution.h"
#include "transformers/models/loadable.h"

namespace embrace::transformers {

namespace {

// The encoder's work grows with the square of the places.
constexpr std::size_t kPlacesMax = std::size_t{1} << 14;
constexpr double kNormEpsilon = 1e-5;
constexpr std::size_t kBoxLayers = 3;
// Rows that one thread attends to at a time.
constexpr std::size_t kPieceRows = 64;

// Whether places of the map are the image's or padding, from the nearest pixel before each.
std::size_t count_valid(std::size_t places, std::size_t pixels, std::size_t valid) {
  const float scale = static_cast<float>(pixels) / static_cast<float>(places);
  std::size_t count = 0;
  while (count < places && static_cast<std::size_t>(static_cast<float>(count) * scale) < valid)
    ++count;
  return count;
}

// Sines and cosines of where a place is, first of its height, then of its width, in the part of the
// map that is the image's; ever slower from column to column.
void write_positions(const Sides& sides, const Sides& valid, Matrix& places, std::size_t width) {
  constexpr float kEpsilon = 1e-6f;
  constexpr float kCircle = static_cast<float>(2 * std::numbers::pi);
  const std::size_t half = width / 2;
  std::vector<float> slower(half);
  for (std::size_t i = 0; i < half; ++i)
    slower[i] = std::pow(10000.0f, 2 * static_cast<float>(i / 2) / static_cast<float>(half));
  places.resize(sides.area(), width);
  for (std::size_t y = 0; y < sides.height; ++y) {
    for (std::size_t x = 0; x < sides.width; ++x) {
      // Behind the image's end stands the end; beside it nothing was counted.
      const std::size_t down = x < valid.width ? std::min(y + 1, valid.height) : 0;
      const std::size_t right = y < valid.height ? std::min(x + 1, valid.width) : 0;
      const std::size_t all_down = x < valid.width ? valid.height : 0;
      const std::size_t all_right = y < valid.height ? valid.width : 0;
      const float at[2] = {
          static_cast<float>(down) / (static_cast<float>(all_down) + kEpsilon) * kCircle,
          static_cast<float>(right) / (static_cast<float>(all_right) + kEpsilon) * kCircle};
      const auto into = places.row(y * sides.width + x);
      for (std::size_t i = 0; i < width; ++i) {
        const float angle = at[i / half] / slower[i % half];
        into[i] = i % half % 2 == 0 ? std::sin(angle) : std::cos(angle);
      }
    }
  }
}

Matrix sum_of(Team& team, const Matrix& a, const Matrix& b) {
  Matrix sum(a.rows(), a.columns());
  std::ranges::copy(a.all(), sum.all().begin());
  add(team, sum, b);
  return sum;
}

}  // namespace

// What queries may look at.
struct Detr::Keys {
  const Matrix& rows;
  const Matrix& places;
  const std::vector<float>& hidden_scores;  // minus infinity where a row is padding; may be empty
};

class Detr::Loader {
 public:
  Loader(const Weights& weights, Precision precision) : weights_(weights), precision_(precision) {}

  // Transformers 5 names two parts of a layer in another way than the files of before.
  Result<Layer> layer(const std::string& at, std::size_t width, std::size_t inner, bool across) {
    Layer made;
    EMB_TRY(made.itself, attention(at + "self_attn", width));
    if (across) {
      EMB_TRY(made.across, attention(at + "encoder_attn", width));
    }
    const std::string mlp = has(at + "mlp.fc1.weight") ? at + "mlp." : at;
    EMB_TRY(made.inner, Linear::load(weights_, mlp + "fc1", width, inner, precision_));
    EMB_TRY(made.outer, Linear::load(weights_, mlp + "fc2", inner, width, precision_));
    EMB_TRY(made.norm, Norm::load(weights_, at + "final_layer_norm", width, kNormEpsilon));
    return made;
  }

 private:
  bool has(const std::string& name) const { return weights_.find(name) != nullptr; }

  Result<Attention> attention(const std::string& at, std::size_t width) {
    Attention made;
    EMB_TRY(made.query, Linear::load(weights_, at + ".q_proj", width, width, precision_));
    EMB_TRY(made.key, Linear::load(weights_, at + ".k_proj", width, width, precision_));
    EMB_TRY(made.value, Linear::load(weights_, at + ".v_proj", width, width, precision_));
    const std::string out = has(at + ".o_proj.weight") ? ".o_proj" : ".out_proj";
    EMB_TRY(made.out, Linear::load(weights_, at + out, width, width, precision_));
    EMB_TRY(made.norm, Norm::load(weights_, at + "_layer_norm", width, kNormEpsilon));
    return made;
  }

  const Weights& weights_;
  const Precision precision_;
};

Result<std::unique_ptr<Detr>> Detr::load(const Weights& weights, json::View config,
                                         Precision precision) {
  EMB_DO(check_loadable(weights, config));
  ConfigReader read(config);
  const std::string type = read.text_or("model_type", "");
  if (type != "detr")
    return fail(Code::NotBuilt, cat("no detector is built for model_type \"", type, "\""));
  auto made = std::make_unique<Detr>();
  const std::size_t width = made->width_ = read.size_or("d_model", 256);
  const auto layers = [&](std::string_view key) {
    return static_cast<std::size_t>(read.integer_or(key, 6, 0, 1024));
  };
  const std::size_t encoder_layers = layers("encoder_layers");
  const std::size_t decoder_layers = layers("decoder_layers");
  const std::size_t encoder_inner = read.size_or("encoder_ffn_dim", 2048);
  const std::size_t decoder_inner = read.size_or("decoder_ffn_dim", 2048);
  const std::size_t questions = read.size_or("num_queries", 100);
  made->encoder_heads_ = read.size_or("encoder_attention_heads", 8);
  made->decoder_heads_ = read.size_or("decoder_attention_heads", 8);
  const std::string activation = read.text_or("activation_function", "relu");
  const std::string positions = read.text_or("position_embedding_type", "sine");
  const bool dilation = read.flag_or("dilation", false);
  const json::View parts = config["backbone_config"];
  ConfigReader read_backbone(parts);
  const std::string backbone =
      read.text_or("backbone", read_backbone.text_or("backbone", "resnet"));
  ResnetConfig resnet;
  resnet.first_stage_steps = read_backbone.flag_or("downsample_in_first_stage", false);
  resnet.narrow_convolution_steps = read_backbone.flag_or("downsample_in_bottleneck", false);
  EMB_DO(read.status());
  EMB_DO(read_backbone.status());
  EMB_TRY(made->activation_, parse_activation(activation));
  if (positions != "sine") return fail(Code::NotBuilt, "detr with learned positions is not built");
  if (dilation) return fail(Code::NotBuilt, "detr with dilated convolutions is not built");
  if (!backbone.starts_with("resnet"))
    return fail(Code::NotBuilt, cat("detr over the backbone \"", backbone, "\" is not built"));
  if (width % made->encoder_heads_ != 0 || width % made->decoder_heads_ != 0 || width % 4 != 0)
    return fail(Code::InvalidArgument, "config.json: the heads, or four, do not divide d_model");

  const std::string at = "model.";
  const std::string old = at + "backbone.conv_encoder.model.";
  const auto first = weights.all().lower_bound(old);
  const bool is_old = first != weights.all().end() && first->first.starts_with(old);
  EMB_TRY(made->backbone_,
          Resnet::load(weights, is_old ? old : at + "backbone.model.", resnet, precision));
  // A convolution of one place is a product.
  const std::size_t channels = made->backbone_.channels_out();
  EMB_TRY(TensorView projection,
          weights.get(at + "input_projection.weight", {static_cast<std::int64_t>(width),
                                                       static_cast<std::int64_t>(channels), 1, 1}));
  projection.shape.resize(2);
  EMB_TRY(made->projection_,
          Linear::make(projection, weights.find(at + "input_projection.bias"), precision));
  EMB_TRY(const TensorView rows,
          weights.get(at + "query_position_embeddings.weight",
                      {static_cast<std::int64_t>(questions), static_cast<std::int64_t>(width)}));
  made->questions_.resize(questions, width);
  EMB_DO(read_elements(rows, 0, made->questions_.all()));
  Loader loader(weights, precision);
  for (std::size_t i = 0; i < encoder_layers; ++i) {
    EMB_TRY(Layer layer,
            loader.layer(cat(at, "encoder.layers.", i, "."), width, encoder_inner, false));
    made->encoder_.push_back(std::move(layer));
  }
  for (std::size_t i = 0; i < decoder_layers; ++i) {
    EMB_TRY(Layer layer,
            loader.layer(cat(at, "decoder.layers.", i, "."), width, decoder_inner, true));
    made->decoder_.push_back(std::move(layer));
  }
  EMB_TRY(made->decoder_norm_, Norm::load(weights, at + "decoder.layernorm", width, kNormEpsilon));
  const TensorView* classes = weights.find("class_labels_classifier.weight");
  if (classes == nullptr || classes->shape.size() != 2 || classes->rows() < 2)
    return fail(Code::InvalidArgument, "class_labels_classifier.weight must have two rows or more");
  EMB_TRY(made->classes_, Linear::load(weights, "class_labels_classifier", width,
                                       static_cast<std::size_t>(classes->rows()), precision));
  for (std::size_t i = 0; i < kBoxLayers; ++i) {
    EMB_TRY(Linear layer, Linear::load(weights, cat("bbox_predictor.layers.", i), width,
                                       i + 1 < kBoxLayers ? width : 4, precision));
    made->boxes_.push_back(std::move(layer));
  }
  return made;
}

void Detr::attend_to(Team& team, const Attention& attention, std::size_t heads, const Keys& keys,
                     const Matrix& places, Matrix& hidden) const {
  Matrix queries;
  Matrix matched;
  Matrix values;
  attention.query.apply(team, sum_of(team, hidden, places), queries);
  attention.key.apply(team, sum_of(team, keys.rows, keys.places), matched);
  attention.value.apply(team, keys.rows, values);
  const std::size_t size = width_ / heads;
  const HeadShape shape{size, 1 / std::sqrt(static_cast<float>(size)), 0};
  const std::size_t places_count = keys.rows.rows();
  ScoreExtra extra;
  if (!keys.hidden_scores.empty()) {
    extra = [&](std::size_t, std::size_t first, std::span<float> scores) {
      for (std::size_t i = 0; i < scores.size(); ++i) scores[i] += keys.hidden_scores[first + i];
    };
  }
  Matrix context(hidden.rows(), width_);
  const std::size_t pieces = (hidden.rows() + kPieceRows - 1) / kPieceRows;
  team.run(pieces * heads, [&](std::size_t part) {
    const std::size_t at = part % heads * size;
    const std::size_t first = part / heads * kPieceRows;
    std::vector<Query> asked;
    for (std::size_t row = first; row < std::min(first + kPieceRows, hidden.rows()); ++row) {
      asked.push_back(
          {queries.row(row).data() + at, context.row(row).data() + at, 0, places_count});
    }
    const KeyStretch<float> all{matched.all().data() + at, values.all().data() + at, places_count};
    attend_queries(shape, asked, SeenKeys<float>{{&all, 1}, width_}, extra);
  });
  attention.out.add_to(team, context, hidden);
  attention.norm.apply(team, hidden, hidden);
}

void Detr::think(Team& team, const Layer& layer, Matrix& hidden) const {
  Matrix inner;
  layer.inner.apply(team, hidden, inner);
  activate(team, activation_, inner);
  layer.outer.add_to(team, inner, hidden);
  layer.norm.apply(team, hidden, hidden);
}

Sides Detr::features(Team& team, const PixelMap& image, Matrix& map) const {
  return backbone_.apply(team, image, map);
}

Status Detr::forward(Team& team, const PixelMap& image, DetrOutput& out) const {
  if (image.sides.area() == 0 || image.valid.area() == 0 || image.values.columns() != 3 ||
      image.values.rows() != image.sides.area() || image.valid.height > image.sides.height ||
      image.valid.width > image.sides.width)
    return fail(Code::InvalidArgument, "a detector wants the three colours of some pixels");
  if (image.sides.height / 32 > kPlacesMax / (image.sides.width / 32 + 1)) {
    return fail(Code::TooLarge,
                cat("an image of ", image.sides.width, " x ", image.sides.height, " pixels"));
  }
  Matrix map;
  const Sides sides = features(team, image, map);
  const Sides valid{count_valid(sides.height, image.sides.height, image.valid.height),
                    count_valid(sides.width, image.sides.width, image.valid.width)};
  std::vector<float> hidden_scores;
  if (valid != sides) {
    hidden_scores.resize(sides.area());
    for (std::size_t i = 0; i < hidden_scores.size(); ++i) {
      if (i / sides.width >= valid.height || i % sides.width >= valid.width)
        hidden_scores[i] = -std::numeric_limits<float>::infinity();
    }
  }
  Matrix places;
  write_positions(sides, valid, places, width_);
  Matrix seen;
  projection_.apply(team, map, seen);
  for (const Layer& layer : encoder_) {
    attend_to(team, layer.itself, encoder_heads_, {seen, places, hidden_scores}, places, seen);
    think(team, layer, seen);
  }
  Matrix hidden(questions_.rows(), width_);
  std::ranges::fill(hidden.all(), 0.0f);
  const std::vector<float> all_seen;
  for (const Layer& layer : decoder_) {
    attend_to(team, layer.itself, decoder_heads_, {hidden, questions_, all_seen}, questions_,
              hidden);
    attend_to(team, layer.across, decoder_heads_, {seen, places, hidden_scores}, questions_,
              hidden);
    think(team, layer, hidden);
  }
  decoder_norm_.apply(team, hidden, hidden);
  classes_.apply(team, hidden, out.logits);
  for (std::size_t i = 0; i < boxes_.size(); ++i) {
    boxes_[i].apply(team, hidden, out.boxes);
    if (i + 1 < boxes_.size()) {
      activate(Activation::Relu, out.boxes.all());
      std::swap(out.boxes, hidden);
    }
  }
  activate(Activation::Sigmoid, out.boxes.all());
  return Done{};
}

}  // namespace embrace::transformers
