#pragma once
// Whisper: speech to text by an encoder, which reads a window of log-mel features, and a decoder
// that writes tokens and looks at what the encoder made (Radford et al. 2022).
// whisper_transcription.h says which tokens to begin with and how to choose the next.
//
//   EMB_TRY(auto model, Whisper::load(weights, config));
//   EMB_DO(model->encode(team, features, encoded));        // of SpeechFeatures
//   EMB_TRY(auto state, model->listen(team, encoded));
//   EMB_DO(model->step(team, state, tokens, logits));
//
// Threads: any, each caller with a Team and States of its own.

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
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

namespace embrace::transformers {

class Whisper {
 public:
  struct Shape {
    std::size_t width = 0;
    std::size_t vocabulary = 0;
    std::size_t mels = 0;       // columns of features
    std::size_t frames = 0;     // rows of features: exactly so many
    std::size_t positions = 0;  // tokens of one text
  };

  // What a decoder keeps of one window: keys and values of the encoder's rows, and of the tokens so
  // far, about layers * width * 8 bytes for each. Copies share those of the rows.
  class State {
   public:
    std::size_t length() const { return length_; }  // tokens so far

   private:
    friend class Whisper;
    struct Layer {
      std::shared_ptr<const Matrix> heard;  // a row for each of the encoder's: keys, then values
      std::vector<float> written;           // the same for each token so far
    };
    std::vector<Layer> layers_;
    std::size_t length_ = 0;
  };

  // model_type "whisper". InvalidArgument when weights and config do not fit. The files stay
  // mapped: token embeddings are read where they lie.
  static Result<std::unique_ptr<Whisper>> load(const Weights& weights, json::View config,
                                               Precision precision = Precision::AsStored);

  const Shape& shape() const { return shape_; }

  // encoded becomes frames / 2 x width. InvalidArgument for features of another shape.
  Status encode(Team& team, const Matrix& features, Matrix& encoded) const;
  // A state before the first token, for what encode() made.
  Result<State> listen(Team& team, const Matrix& encoded) const;
  // Adds tokens; row i of logits says what comes behind tokens[i]. InvalidArgument for tokens that
  // the model does not have, and where there is no room; the state is as it was then.
  Status step(Team& team, State& state, std::span<const std::int32_t> tokens, Matrix& logits) const;

 private:
  struct Half {
    std::size_t layers = 0;
    std::size_t inner = 0;
    AttentionShape attention;
  };
  struct Attention {
    Linear in;     // queries, keys and values; or queries alone, where
    Linear heard;  // makes keys and values of the encoder's rows
    Linear out;
    Norm norm;
  };
  struct Layer {
    Attention own;
    std::optional<Attention> heard;  // decoders alone
    Linear inner;
    Linear outer;
    Norm norm;
  };

  Status load_half(const Weights& weights, const std::string& prefix, const Half& half,
                   bool is_decoder, Precision precision, std::vector<Layer>& layers) const;
  void run_network(Team& team, const Layer& layer, Matrix& hidden) const;

  Shape shape_;
  Weights weights_;  // of which the tables are views
  Activation activation_ = Activation::Gelu;
  Half encoder_half_;
  Half decoder_half_;
  Convolution first_;
  Convolution second_;
  Matrix places_;  // added to the encoder's rows
  std::vector<Layer> encoder_;
  Norm encoder_norm_;
  Table words_;
  Table positions_;
  std::vector<Layer> decoder_;
  Norm decoder_norm_;
  Linear head_;
};

}  // namespace embrace::transformers
