#pragma once
// Vit: ViT for images (Dosovitskiy et al. 2020), bare, with a pooler, or with labels.
//
// Threads: everything but loading from any, each caller with a Team of its own.

#include <memory>
#include <optional>

#include "base/result.h"
#include "json/view.h"
#include "transformers/images/pixel_map.h"
#include "transformers/kernels/linear.h"
#include "transformers/models/encoder_parts.h"
#include "transformers/models/vision_tower.h"

namespace embrace::transformers {

class Vit {
 public:
  // By a config.json of model_type "vit". Tensors may stand under any prefix, such as "vit." or
  // none, and under the names of transformers 4 or 5. Errors as load_encoder().
  static Result<std::unique_ptr<Vit>> load(const Weights& weights, json::View config,
                                           Precision precision = Precision::AsStored);

  // hidden becomes a row for the first token and for each patch: last_hidden_state. Errors as
  // VisionTower::forward().
  Status forward(Team& team, const PixelMap& image, Matrix& hidden) const;

  bool has_pooler() const { return pooler_.has_value(); }
  std::size_t labels() const { return classifier_ ? classifier_->outputs() : 0; }
  // One row, of what forward() gave: the first token's once more, or a logit for each label.
  // NotFound when the files have no such head.
  Status pool(Team& team, const Matrix& hidden, Matrix& pooled) const;
  Status classify(Team& team, const Matrix& hidden, Matrix& logits) const;

 private:
  VisionTower tower_;
  Norm norm_;
  std::optional<Linear> pooler_;
  Activation pooler_activation_ = Activation::Tanh;
  std::optional<Linear> classifier_;
};

}  // namespace embrace::transformers
