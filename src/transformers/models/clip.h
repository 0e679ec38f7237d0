#pragma once
// Clip: CLIP (Radford et al. 2021), which maps images and texts into one space.
//
// Threads: everything but loading from any, each caller with a Team of its own.

#include <memory>

#include "base/result.h"
#include "json/view.h"
#include "transformers/images/pixel_map.h"
#include "transformers/kernels/linear.h"
#include "transformers/models/encoder.h"
#include "transformers/models/encoder_parts.h"
#include "transformers/models/vision_tower.h"

namespace embrace::transformers {

class Clip {
 public:
  // By a config.json of model_type "clip". Errors as load_encoder(). The files of `weights` stay
  // mapped while the Clip lives: words are read where they lie.
  static Result<std::unique_ptr<Clip>> load(const Weights& weights, json::View config,
                                            Precision precision = Precision::AsStored);

  std::size_t width() const { return image_projection_.outputs(); }  // of the common space
  const EncoderShape& text_shape() const { return text_shape_; }

  // last_hidden_state of the image's tower: a row for the first token and for each patch. Errors
  // as VisionTower::forward().
  Status image_hidden(Team& team, const PixelMap& image, Matrix& hidden) const;
  // The first token's, normed: the tower's pooler_output, one row.
  void pool_image(Team& team, const Matrix& hidden, Matrix& pooled) const;
  // One row in the common space, not scaled to length 1: get_image_features().
  Status image_features(Team& team, const PixelMap& image, Matrix& features) const;
  // The same for each text of the batch: get_text_features(). InvalidArgument for ids that are not
  // the model's and for texts that are empty or too long.
  Status text_features(Team& team, const EncoderBatch& batch, Matrix& features) const;

  // exp(logit_scale) times the cosine of every row of both: logits_per_image, with a row for each
  // image and a column for each text.
  void compare(const Matrix& images, const Matrix& texts, Matrix& logits) const;

 private:
  Status load_text(json::View config, Precision precision);
  // The row of the sequence that stands for all of it.
  std::size_t last_row(const EncoderBatch& batch, std::size_t sequence) const;

  Weights weights_;  // of which words_ and positions_ are views
  VisionTower vision_;
  Norm image_norm_;
  Linear image_projection_;
  EncoderShape text_shape_;
  Table words_;
  Table positions_;
  PreNormLayers text_layers_;
  Norm text_norm_;
  Linear text_projection_;
  std::int32_t end_ = 0;
  float scale_ = 1;
};

}  // namespace embrace::transformers
