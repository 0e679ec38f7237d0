#include "transformers/models/resnet.h"

#include <algorithm>
#include <utility>

#include "base/strings.h"
#include "transformers/kernels/ops.h"
#include "transformers/models/convolution.h"

namespace embrace::transformers {

// Each convolution has a name for its weight and one for its norm.
struct Resnet::Names {
  std::string prefix;
  bool timm = false;

  struct Pair {
    std::string convolution;
    std::string norm;
  };
  Pair stem() const {
    if (timm) return {prefix + "conv1", prefix + "bn1"};
    const std::string at = prefix + "embedder.embedder.";
    return {at + "convolution", at + "normalization"};
  }
  std::string layer(std::size_t stage, std::size_t layer) const {
    if (timm) return cat(prefix, "layer", stage + 1, ".", layer, ".");
    return cat(prefix, "encoder.stages.", stage, ".layers.", layer, ".");
  }
  Pair part(const std::string& layer, std::size_t part) const {
    if (timm) return {cat(layer, "conv", part + 1), cat(layer, "bn", part + 1)};
    return {cat(layer, "layer.", part, ".convolution"),
            cat(layer, "layer.", part, ".normalization")};
  }
  Pair shortcut(const std::string& layer) const {
    if (timm) return {layer + "downsample.0", layer + "downsample.1"};
    return {layer + "shortcut.convolution", layer + "shortcut.normalization"};
  }
};

namespace {

constexpr std::size_t kStages = 4;
constexpr std::size_t kLayersMax = 256;  // of a stage

// A convolution with its norm; the weight says how many channels, the caller how large it is.
template <class Pair>
Result<ImageConvolution> load_pair(const Weights& weights, const Pair& names, std::size_t inputs,
                                   std::size_t kernel, std::size_t stride, Precision precision) {
  const TensorView* weight = weights.find(names.convolution + ".weight");
  if (weight == nullptr) {
    return fail(Code::InvalidArgument,
                cat("the model's files hold no tensor ", names.convolution, ".weight"));
  }
  if (weight->shape.size() != 4 || weight->shape[0] < 1)
    return fail(Code::InvalidArgument, cat(names.convolution, ".weight is no convolution"));
  ImageConvolutionShape shape;
  shape.inputs = inputs;
  shape.outputs = static_cast<std::size_t>(weight->shape[0]);
  shape.kernel = {kernel, kernel};
  shape.stride = {stride, stride};
  shape.padding = kernel / 2;
  EMB_TRY(const ChannelScale scale, ChannelScale::load(weights, names.norm, shape.outputs));
  return ImageConvolution::load(weights, names.convolution, shape, &scale, precision);
}

// into = max(0, into + what)
void add_and_cut(Team& team, Matrix& into, const Matrix& what) {
  team.split(into.all().size(), 1 << 14, [&](std::size_t begin, std::size_t end) {
    float* a = into.all().data();
    const float* b = what.all().data();
    for (std::size_t i = begin; i < end; ++i) a[i] = std::max(0.0f, a[i] + b[i]);
  });
}

}  // namespace

Result<Resnet> Resnet::load(const Weights& weights, const std::string& prefix,
                            const ResnetConfig& config, Precision precision) {
  Names names{prefix, false};
  names.timm = weights.find(names.stem().convolution + ".weight") == nullptr;
  Resnet made;
  EMB_TRY(made.stem_, load_pair(weights, names.stem(), 3, 7, 2, precision));
  made.channels_ = made.stem_.channels_out();
  EMB_DO(made.load_stages(weights, names, config, precision));
  return made;
}

Status Resnet::load_stages(const Weights& weights, const Names& names, const ResnetConfig& config,
                           Precision precision) {
  for (std::size_t stage = 0; stage < kStages; ++stage) {
    for (std::size_t i = 0; i < kLayersMax; ++i) {
      const std::string at = names.layer(stage, i);
      const auto there = [&](const std::string& name) {
        return weights.find(name + ".weight") != nullptr;
      };
      // The first must be there; the others are as many as there are.
      if (i > 0 && !there(names.part(at, 0).convolution)) break;
      const bool narrow = there(names.part(at, 2).convolution);
      const bool steps = i == 0 && (stage > 0 || config.first_stage_steps);
      const std::size_t stepping = narrow && !config.narrow_convolution_steps ? 1 : 0;
      Layer layer;
      std::size_t channels = channels_;
      for (std::size_t part = 0; part < (narrow ? 3u : 2u); ++part) {
        const std::size_t kernel = narrow && part != 1 ? 1 : 3;
        EMB_TRY(ImageConvolution one, load_pair(weights, names.part(at, part), channels, kernel,
                                                steps && part == stepping ? 2 : 1, precision));
        channels = one.channels_out();
        layer.convolutions.push_back(std::move(one));
      }
      if (steps || channels != channels_) {
        EMB_TRY(layer.shortcut,
                load_pair(weights, names.shortcut(at), channels_, 1, steps ? 2 : 1, precision));
        if (layer.shortcut->channels_out() != channels)
          return fail(Code::InvalidArgument, cat(at, " has a shortcut of another width"));
      }
      channels_ = channels;
      layers_.push_back(std::move(layer));
    }
  }
  return Done{};
}

Sides Resnet::apply(Team& team, const PixelMap& image, Matrix& map) const {
  Matrix first;
  stem_.apply(team, image.values, image.sides, first);
  activate(team, Activation::Relu, first);
  Sides sides = pool_highest(team, first, stem_.sides_out(image.sides), map);
  Matrix now;
  Matrix next;
  Matrix kept;
  for (const Layer& layer : layers_) {
    Sides inner = sides;
    const Matrix* in = &map;
    for (std::size_t i = 0; i < layer.convolutions.size(); ++i) {
      layer.convolutions[i].apply(team, *in, inner, next);
      inner = layer.convolutions[i].sides_out(inner);
      if (i + 1 < layer.convolutions.size()) activate(team, Activation::Relu, next);
      std::swap(now, next);
      in = &now;
    }
    if (layer.shortcut) layer.shortcut->apply(team, map, sides, kept);
    add_and_cut(team, now, layer.shortcut ? kept : map);
    std::swap(now, map);
    sides = inner;
  }
  return sides;
}

}  // namespace embrace::transformers
