#pragma once
// VisionTower: what ViT (Dosovitskiy et al. 2020) and CLIP's image side share: an image is cut into
// patches, each a token, behind a first token that stands for the whole.
//
// Threads: as an Encoder.

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "json/view.h"
#include "transformers/images/pixel_map.h"
#include "transformers/models/config.h"
#include "transformers/models/image_convolution.h"
#include "transformers/models/pre_norm.h"

namespace embrace::transformers {

// Where the parts lie among the tensors.
struct VisionNames {
  std::string first_token;  // whatever its shape, `width` numbers
  std::string positions;    // the same, for the first token and each patch
  std::string patches;
  std::string norm_before;  // the layers; may be empty: there is none
  PreNormNames layers;
};

class VisionTower {
 public:
  // Reads image_size, patch_size, num_channels (3 is what images have) and the layers' settings.
  static Result<VisionTower> load(const Weights& weights, const VisionNames& names,
                                  ConfigReader& read, const PreNormConfig& defaults,
                                  std::size_t patch_default, Precision precision);

  std::size_t width() const { return first_token_.size(); }
  const PreNormConfig& config() const { return config_; }
  // Rows for an image: of the first token and of each patch.
  std::size_t tokens() const { return positions_.size() / width(); }
  // hidden becomes tokens() x width, the last layer's output without a norm behind it.
  // InvalidArgument for an image of other sides than the model's: positions are not interpolated.
  Status forward(Team& team, const PixelMap& image, Matrix& hidden) const;

 private:
  PreNormConfig config_;
  Sides image_;
  std::vector<float> first_token_;
  std::vector<float> positions_;
  ImageConvolution patches_;
  std::optional<Norm> norm_before_;
  PreNormLayers layers_;
};

}  // namespace embrace::transformers
