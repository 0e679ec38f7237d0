#pragma once
// Wav2Vec2: speech to rows of features, and to letters by CTC (Baevski et al. 2020; Graves et al.
// 2006). Convolutions turn samples into a row for each 20 ms or so, one more of them says where a
// row stands, and layers of an encoder follow, with the norm behind each part or, in "stable" ones,
// before.
//
//   EMB_TRY(auto model, Wav2Vec2::load(weights, config));
//   EMB_DO(model->forward(team, samples, hidden));     // of SpeechFeatures
//   EMB_DO(model->letters(team, hidden, logits));
//   EMB_TRY(auto text, read_letters(tokenizer, logits));
//
// Each sound goes through alone: what comes out does not depend on others.
//
// Threads: any, each caller with a Team of its own.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "json/view.h"
#include "transformers/kernels/linear.h"
#include "transformers/kernels/ops.h"
#include "transformers/kernels/team.h"
#include "transformers/models/convolution.h"
#include "transformers/models/encoder_parts.h"
#include "transformers/tensor/matrix.h"
#include "transformers/tensor/weights.h"
#include "transformers/tokenizers/tokenizer.h"

namespace embrace::transformers {

class Wav2Vec2 {
 public:
  // Rows of one sound: attention works on all of them at once.
  static constexpr std::size_t kRowsMax = std::size_t{1} << 15;
  // Of one step, 8 GiB.
  static constexpr std::size_t kFeaturesMax = std::size_t{1} << 31;

  // model_type "wav2vec2", with tensors under "wav2vec2." or none. InvalidArgument when weights and
  // config do not fit, NotBuilt for adapters and other model types.
  static Result<std::unique_ptr<Wav2Vec2>> load(const Weights& weights, json::View config,
                                                Precision precision = Precision::AsStored);

  std::size_t width() const { return width_; }
  // Letters that the head knows; 0 where the file has no head.
  std::size_t letters_known() const { return head_ ? head_->outputs() : 0; }
  // Rows for so many samples.
  std::size_t rows_out(std::size_t samples) const;

  // `samples` has a row for each sample and one column; hidden becomes rows_out() x width, the
  // last layer's output. InvalidArgument when the sound is shorter than one row, TooLarge beyond
  // kRowsMax.
  Status forward(Team& team, const Matrix& samples, Matrix& hidden) const;
  // A score for each letter of each row. NotFound where the file has no head.
  Status letters(Team& team, const Matrix& hidden, Matrix& logits) const;

 private:
  struct Step {
    Convolution convolution;
    std::optional<Norm> norm;
  };
  struct Layer {
    Linear qkv;
    Linear attention_out;
    Norm norm;
    Linear inner;
    Linear outer;
    Norm final_norm;
  };

  Status load_steps(const Weights& weights, const std::string& prefix, json::View config,
                    Precision precision);
  Status load_positions(const Weights& weights, const std::string& prefix, json::View config,
                        Precision precision);
  void run_layer(Team& team, const Layer& layer, Matrix& hidden) const;

  std::size_t width_ = 0;
  AttentionShape attention_;
  bool over_time_ = false;  // the first step's norm runs over each channel's whole time
  bool stable_ = false;
  Activation step_activation_ = Activation::Gelu;
  Activation activation_ = Activation::Gelu;
  std::vector<Step> steps_;
  Norm projection_norm_;
  Linear projection_;
  Convolution positions_;
  Norm norm_;
  std::vector<Layer> layers_;
  std::optional<Linear> head_;
};

// The likeliest letter of each row.
std::vector<std::uint32_t> likeliest(const Matrix& logits);
// Their text, by a tokenizer whose decoder is CTC: letters said once for each stretch of rows that
// say them, without those that say nothing.
Result<std::string> read_letters(const Tokenizer& tokenizer, const Matrix& logits);

}  // namespace embrace::transformers
