#include "transformers/models/vision_tower.h"

#include <algorithm>
#include <utility>

#include "base/strings.h"

namespace embrace::transformers {

namespace {

// A number for both sides, or [height, width].
Sides read_sides(ConfigReader& read, std::string_view key, std::size_t otherwise) {
  constexpr std::int64_t kSideMax = 1 << 14;
  const json::View value = read.object()[key];
  if (!value.is_array()) {
    const auto side = static_cast<std::size_t>(
        read.integer_or(key, static_cast<std::int64_t>(otherwise), 1, kSideMax));
    return {side, side};
  }
  std::vector<std::size_t> sides;
  for (const json::View item : value.items()) {
    const auto side = item.integer();
    if (side && *side >= 1 && *side <= kSideMax) sides.push_back(static_cast<std::size_t>(*side));
  }
  if (sides.size() == 2 && value.items().size() == 2) return {sides[0], sides[1]};
  read.complain(cat("", key, " must be one side or two"));
  return {1, 1};
}

Result<std::vector<float>> read_numbers(const Weights& weights, const std::string& name,
                                        std::size_t count) {
  const TensorView* view = weights.find(name);
  if (view == nullptr)
    return fail(Code::InvalidArgument, cat("the model's files hold no tensor ", name));
  if (view->elements() != static_cast<std::int64_t>(count)) {
    return fail(Code::InvalidArgument, cat("tensor ", name, " is ", render_shape(view->shape),
                                           ", which is not ", count, " numbers"));
  }
  return read_all(*view);
}

}  // namespace

Result<VisionTower> VisionTower::load(const Weights& weights, const VisionNames& names,
                                      ConfigReader& read, const PreNormConfig& defaults,
                                      std::size_t patch_default, Precision precision) {
  VisionTower made;
  PreNormConfig& config = made.config_;
  config.width = read.size_or("hidden_size", defaults.width);
  config.inner = read.size_or("intermediate_size", defaults.inner);
  config.layers = static_cast<std::size_t>(
      read.integer_or("num_hidden_layers", static_cast<std::int64_t>(defaults.layers), 0, 1024));
  config.heads = read.size_or("num_attention_heads", defaults.heads);
  config.epsilon = read.number_or("layer_norm_eps", defaults.epsilon, 0, 1);
  made.image_ = read_sides(read, "image_size", 224);
  const Sides patch = read_sides(read, "patch_size", patch_default);
  const std::size_t channels = read.size_or("num_channels", 3);
  const std::string activation = read.text_or("hidden_act", "");
  EMB_DO(read.status());
  config.activation = defaults.activation;
  if (!activation.empty()) {
    EMB_TRY(config.activation, parse_activation(activation));
  }
  if (channels != 3) return fail(Code::NotBuilt, "vision models of other than three channels");
  const Sides patches{made.image_.height / patch.height, made.image_.width / patch.width};
  if (patches.area() == 0)
    return fail(Code::InvalidArgument, "config.json: patch_size is larger than image_size");
  if (patches.area() >= Encoder::kLengthMax)
    return fail(Code::TooLarge, cat("an image of ", patches.area(), " patches"));

  EMB_TRY(made.first_token_, read_numbers(weights, names.first_token, config.width));
  EMB_TRY(made.positions_,
          read_numbers(weights, names.positions, (patches.area() + 1) * config.width));
  ImageConvolutionShape shape;
  shape.inputs = channels;
  shape.outputs = config.width;
  shape.kernel = patch;
  shape.stride = patch;
  EMB_TRY(made.patches_, ImageConvolution::load(weights, names.patches, shape, nullptr, precision));
  if (!names.norm_before.empty()) {
    EMB_TRY(made.norm_before_,
            Norm::load(weights, names.norm_before, config.width, config.epsilon));
  }
  EMB_TRY(made.layers_, PreNormLayers::load(weights, names.layers, config, precision));
  return made;
}

Status VisionTower::forward(Team& team, const PixelMap& image, Matrix& hidden) const {
  if (image.sides != image_ || image.values.columns() != 3 ||
      image.values.rows() != image_.area()) {
    return fail(Code::InvalidArgument,
                cat("the image is ", image.sides.width, " x ", image.sides.height,
                    ", and the model sees ", image_.width, " x ", image_.height));
  }
  Matrix patches;
  patches_.apply(team, image.values, image.sides, patches);
  hidden.resize(tokens(), width());
  std::ranges::copy(first_token_, hidden.row(0).begin());
  std::ranges::copy(patches.all(), hidden.all().begin() + static_cast<std::ptrdiff_t>(width()));
  const auto numbers = hidden.all();
  for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] += positions_[i];
  if (norm_before_) norm_before_->apply(team, hidden, hidden);
  EncoderBatch batch;
  batch.starts.push_back(tokens());
  layers_.run(team, batch, hidden);
  return Done{};
}

}  // namespace embrace::transformers
