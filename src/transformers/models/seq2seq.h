#pragma once
// Seq2Seq: a model that reads a text and writes another (T5, BART, Marian): an encoder, and a
// decoder whose layers also look at what the encoder made.
//
//   EMB_TRY(auto model, Seq2Seq::load(weights, config, Precision::BF16));
//   EMB_TRY(auto state, model->read(team, source));
//   EMB_DO(model->step(team, states, tokens, logits));   // one token for each state
//
// generation/seq2seq_model.h writes whole texts.
//
// The families differ in names and settings (seq2seq_families.cc): T5 and mT5 (Raffel et al. 2020),
// BART (Lewis et al. 2019), mBART, Marian and Pegasus.
//
// Threads: read() and step() from any, each caller with a Team and states of its own.

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
#include "transformers/models/encoder.h"
#include "transformers/models/encoder_parts.h"
#include "transformers/tensor/matrix.h"
#include "transformers/tensor/weights.h"

namespace embrace::transformers {

class Seq2Seq {
 public:
  struct Shape {
    std::size_t width = 0;
    std::size_t vocabulary = 0;
    std::size_t length_max = 0;  // of the source, and of what is written
    std::size_t heads = 0;
    std::size_t head_size = 0;
  };

  // What a decoder keeps of one text: keys and values of the source, and of the tokens so far.
  // Copies share those of the source, which are constant.
  class State {
   public:
    std::size_t length() const { return length_; }  // tokens so far
    std::size_t memory_bytes() const;

   private:
    friend class Seq2Seq;
    struct Layer {
      std::shared_ptr<const Matrix>
          source;               // a row for each token of the source: all heads' keys, then values
      std::vector<float> past;  // the same for each token so far
    };
    std::vector<Layer> layers_;
    std::size_t length_ = 0;
  };

  // By the model_type of `config`. InvalidArgument when weights and config do not fit, NotBuilt for
  // families that are not here. The files stay mapped: embeddings are read where they lie.
  static Result<std::unique_ptr<Seq2Seq>> load(const Weights& weights, json::View config,
                                               Precision precision = Precision::AsStored);

  const Shape& shape() const { return shape_; }
  // The first token of everything that is written.
  std::int32_t first_token() const { return first_token_; }

  // The encoder's last hidden states, a row for each token of the batch.
  Status encode(Team& team, const EncoderBatch& batch, Matrix& hidden) const;
  // A state before the first token. InvalidArgument for tokens that the model does not have.
  Result<State> read(Team& team, std::span<const std::int32_t> source) const;
  // Adds tokens[i] to states[i]; row i of `logits` says what comes next. InvalidArgument for tokens
  // that the model does not have and states that are full; states are as they were then.
  Status step(Team& team, std::span<State* const> states, std::span<const std::int32_t> tokens,
              Matrix& logits) const;

 private:
  friend class Seq2SeqLoader;

  struct Attention {
    Linear qkv;  // of the same rows; or queries alone, and
    Linear kv;   // keys and values of the source's
    Linear out;
    Norm norm;
  };
  struct Layer {
    Attention own;
    std::optional<Attention> source;  // decoders alone
    Linear inner;                     // two halves where it is gated
    Linear outer;
    Norm norm;
  };
  struct Half {
    std::vector<Layer> layers;
    Table words;
    std::optional<Table> positions;
    std::optional<Norm> first_norm;  // of the embeddings
    std::optional<Norm> last_norm;
    std::vector<float> distances;  // T5: a number for each bucket and head, added to the scores
  };

  Seq2Seq() = default;
  Status check(std::span<const std::int32_t> tokens) const;
  void embed(const Half& half, std::int32_t token, std::size_t position,
             std::span<float> row) const;
  void apply_norm(Team& team, const Norm& norm, const Matrix& in, Matrix& out) const;
  void apply_network(Team& team, const Layer& layer, Matrix& hidden) const;
  // Runs `work` on a layer's input and adds its result, with the norm before or behind.
  template <class Work>
  void apply_part(Team& team, const Norm& norm, Matrix& hidden, Work work) const;

  Shape shape_;
  Weights weights_;  // of which words and positions are views
  float word_scale_ = 1;
  bool sinusoids_ = false;           // positions by sines and cosines, where there is no table
  std::size_t position_offset_ = 0;  // rows of the table before the first
  bool rms_ = false;                 // norms divide by the root mean square (T5)
  bool norm_first_ = false;          // before each part, or else behind
  bool gated_ = false;
  Activation activation_ = Activation::Relu;
  float attention_scale_ = 1;
  std::size_t buckets_ = 0;
  std::size_t farthest_ = 0;
  Half encoder_;
  Half decoder_;
  float head_scale_ = 1;
  Linear head_;
  std::vector<float> head_bias_;  // may be empty
  std::int32_t first_token_ = 0;
};

}  // namespace embrace::transformers
