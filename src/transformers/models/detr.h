#pragma once
// Detr: DETR (Carion et al. 2020), which finds objects in images: a Resnet's features, read by an
// encoder; a decoder with a fixed number of questions, each of which may become an object.
//
// Threads: everything but loading from any, each caller with a Team of its own.

#include <memory>
#include <vector>

#include "base/result.h"
#include "json/view.h"
#include "transformers/images/pixel_map.h"
#include "transformers/kernels/linear.h"
#include "transformers/kernels/ops.h"
#include "transformers/models/encoder_parts.h"
#include "transformers/models/resnet.h"

namespace embrace::transformers {

// A row for each question.
struct DetrOutput {
  Matrix logits;  // a column for each label, and one for "no object"
  Matrix boxes;   // middle x, middle y, width, height, from 0 to 1 of the image without its padding
};

class Detr {
 public:
  // By a config.json of model_type "detr" with a ResNet as backbone, of transformers or of timm.
  // NotBuilt for other backbones, dilation and learned positions; else errors as load_encoder().
  static Result<std::unique_ptr<Detr>> load(const Weights& weights, json::View config,
                                            Precision precision = Precision::AsStored);

  std::size_t labels() const { return classes_.outputs() - 1; }
  // InvalidArgument for an image of no pixels, TooLarge when its features are too many.
  Status forward(Team& team, const PixelMap& image, DetrOutput& out) const;
  // The backbone's output, before anything else: a row for each place.
  Sides features(Team& team, const PixelMap& image, Matrix& map) const;

 private:
  struct Attention {
    Linear query;
    Linear key;
    Linear value;
    Linear out;
    Norm norm;  // behind the sum
  };
  struct Layer {
    Attention itself;
    Attention across;  // of the decoder alone
    Linear inner;
    Linear outer;
    Norm norm;
  };
  class Loader;
  struct Keys;

  // hidden = norm(hidden + attention), where queries and keys have places added to them.
  void attend_to(Team& team, const Attention& attention, std::size_t heads, const Keys& keys,
                 const Matrix& places, Matrix& hidden) const;
  void think(Team& team, const Layer& layer, Matrix& hidden) const;

  std::size_t width_ = 0;
  std::size_t encoder_heads_ = 1;
  std::size_t decoder_heads_ = 1;
  Activation activation_ = Activation::Relu;
  Resnet backbone_;
  Linear projection_;
  Matrix questions_;
  std::vector<Layer> encoder_;
  std::vector<Layer> decoder_;
  Norm decoder_norm_;
  Linear classes_;
  std::vector<Linear> boxes_;
};

}  // namespace embrace::transformers
