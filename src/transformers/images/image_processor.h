#pragma once
// ImageProcessor: from an image to the numbers that a vision model takes, as the repository's
// preprocessor_config.json says. What comes out is what the official package's processors on
// Pillow give (its PilBackend), step by step: resize, crop, rescale, normalize, pad.
//
// Known: ViT's, CLIP's and DETR's, under the names of their classes ("image_processor_type", or
// "feature_extractor_type" in old files).
//
// Threads: apply() from any, each caller with a Team of its own.

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "json/view.h"
#include "transformers/images/image.h"
#include "transformers/images/pixel_map.h"
#include "transformers/images/resize.h"
#include "transformers/kernels/team.h"

namespace embrace::transformers {

class ImageProcessor {
 public:
  static constexpr std::size_t kSideMax = std::size_t{1} << 14;

  // `model_type` of config.json stands in where the file names no class. InvalidArgument for
  // settings that make no sense, NotBuilt for classes that are not known here.
  static Result<ImageProcessor> parse(json::View config, std::string_view model_type = "");

  // TooLarge when the image would grow beyond kImagePixelsMax, InvalidArgument when it would not
  // fit into what it is to be padded to.
  Result<PixelMap> apply(Team& team, const Image& image) const;

  // What an image of these sides becomes before it is cropped.
  Sides resized(Sides image) const;

 private:
  // How "size" is meant: two sides, the shorter side (and the most that the longer may have), or a
  // frame that it fills.
  enum class Fit : std::uint8_t { Exact, Shortest, ShortestLongest, Frame };

  friend class ProcessorReader;

  bool resizes_ = true;
  Fit fit_ = Fit::Exact;
  Sides size_;  // Shortest: height is the shorter side, width the most of the longer
  ResizeFilter filter_ = ResizeFilter::Bilinear;
  bool crops_ = false;
  Sides crop_;
  bool rescales_ = true;
  double factor_ = 1 / 255.0;
  bool normalizes_ = true;
  std::array<float, 3> mean_{};
  std::array<float, 3> deviation_{};
  std::optional<Sides> pad_;
};

}  // namespace embrace::transformers
