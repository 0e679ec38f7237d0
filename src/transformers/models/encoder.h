#pragma once
// Encoder: a model that reads whole texts at once (BERT and its kin) and gives a row of features
// for each token. Heads (encoder_head.h) and pooling (embeddings/) turn rows into answers.
//
// Several sequences go through in one call, their rows one after the other without padding; what
// comes out for one does not depend on the others.
//
// Files: bert.cc (BERT, RoBERTa, XLM-R, CamemBERT, ELECTRA, DistilBERT, MPNet), deberta.cc
// (DeBERTa-v2 and -v3), modernbert.cc; post_norm.h is what the first two share.
//
// Threads: forward() from any, each caller with a Team of its own.

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "json/view.h"
#include "transformers/kernels/linear.h"
#include "transformers/kernels/team.h"
#include "transformers/tensor/matrix.h"
#include "transformers/tensor/weights.h"

namespace embrace::transformers {

// Sequences, packed. Rows [starts[i], starts[i + 1]) are those of sequence i.
struct EncoderBatch {
  std::vector<std::int32_t> ids;
  std::vector<std::int32_t> types;  // as many as ids
  std::vector<std::size_t> starts{0};

  // `types` may be empty: zeros.
  void add(std::span<const std::int32_t> sequence, std::span<const std::int32_t> types = {});
  std::size_t sequences() const { return starts.size() - 1; }
  std::size_t rows() const { return starts.back(); }
  std::size_t length(std::size_t sequence) const { return starts[sequence + 1] - starts[sequence]; }
  std::size_t longest() const;
};

struct EncoderShape {
  std::size_t width = 0;       // features of a row
  std::size_t vocabulary = 0;  // ids are below this
  std::size_t types = 0;       // token types are below this; with 0 they are ignored
  std::size_t length_max = 0;  // tokens in one sequence
};

class Encoder {
 public:
  // The work grows with the square of a text's length, whatever config.json says of positions.
  static constexpr std::size_t kLengthMax = std::size_t{1} << 14;

  virtual ~Encoder() = default;

  const EncoderShape& shape() const { return shape_; }
  // hidden becomes batch.rows() x width: the last layer's output. InvalidArgument for ids or types
  // that the model does not have, and for sequences that are empty or too long.
  Status forward(Team& team, const EncoderBatch& batch, Matrix& hidden) const;

 protected:
  explicit Encoder(EncoderShape shape);
  // `batch` has been checked and has rows.
  virtual void run(Team& team, const EncoderBatch& batch, Matrix& hidden) const = 0;

 private:
  EncoderShape shape_;
};

// By the model_type of `config` (a config.json). Tensors may stand under any prefix, such as
// "bert." or none. The files of `weights` stay mapped while the Encoder lives: embeddings are read
// where they lie. NotBuilt for a model_type, or a variant of one, that is not there.
Result<std::unique_ptr<Encoder>> load_encoder(const Weights& weights, json::View config,
                                              Precision precision = Precision::AsStored);
// Whether load_encoder() knows the model_type.
bool is_encoder(std::string_view model_type);

}  // namespace embrace::transformers
