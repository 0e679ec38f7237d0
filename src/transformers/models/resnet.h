#pragma once
// Resnet: residual convolutions (He et al. 2015) as detectors' backbones have them: from an image
// to its map of features at a 32nd of the sides. Batch norms do not learn any more; they are part
// of the convolutions.
//
// Tensors stand under the names of transformers' ResNet ("embedder.embedder.convolution.weight") or
// of timm's ("conv1.weight"), as the released detectors have them.
//
// Threads: apply() from any, each caller with a Team of its own.

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "transformers/images/pixel_map.h"
#include "transformers/models/image_convolution.h"

namespace embrace::transformers {

struct ResnetConfig {
  bool first_stage_steps = false;         // by two, as the other stages do
  bool narrow_convolution_steps = false;  // of three, the first instead of the one in the middle
};

class Resnet {
 public:
  // The tensors whose names begin with `prefix`. How wide and how deep it is, they say themselves;
  // both kinds of layers are known: two convolutions, or three of which two are narrow.
  static Result<Resnet> load(const Weights& weights, const std::string& prefix,
                             const ResnetConfig& config, Precision precision);

  std::size_t channels_out() const { return channels_; }
  // `map` becomes the last stage's output; returns its sides.
  Sides apply(Team& team, const PixelMap& image, Matrix& map) const;

 private:
  struct Layer {
    std::vector<ImageConvolution> convolutions;
    std::optional<ImageConvolution> shortcut;
  };
  struct Names;

  Status load_stages(const Weights& weights, const Names& names, const ResnetConfig& config,
                     Precision precision);

  ImageConvolution stem_;
  std::vector<Layer> layers_;
  std::size_t channels_ = 0;
};

}  // namespace embrace::transformers
