#pragma once
// EncoderHead: what a fine-tuned encoder adds behind its last layer: labels for a text or for each
// token, start and end of an answer, scores of every word for a masked one, or a pooled row.
//
// A head is a few products with activations and norms between them; the families differ in names.
//
// Threads: apply() from any, each caller with a Team of its own.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "json/view.h"
#include "transformers/kernels/linear.h"
#include "transformers/kernels/ops.h"
#include "transformers/kernels/team.h"
#include "transformers/models/encoder.h"
#include "transformers/models/encoder_parts.h"

namespace embrace::transformers {

enum class HeadKind : std::uint8_t {
  SequenceClassification,  // a row for each sequence: a logit for each label
  Pooler,                  // a row for each sequence: the first token's, once more
  TokenClassification,     // a row for each token: a logit for each label
  QuestionAnswering,       // a row for each token: it starts, it ends the answer
  MaskedLm,                // a row for each token: a logit for each of the vocabulary
};

class EncoderHead {
 public:
  // NotBuilt when the family has no such head; InvalidArgument when the files lack its tensors.
  static Result<EncoderHead> load(HeadKind kind, const Weights& weights, json::View config,
                                  Precision precision = Precision::AsStored);
  // The kind that the class named in config.json's "architectures" has; nullopt for a bare encoder.
  static std::optional<HeadKind> kind_of(json::View config);

  HeadKind kind() const { return kind_; }
  std::size_t outputs() const { return stages_.back().linear.outputs(); }

  // `hidden` is what forward() gave for `batch`; `out` has a row for each sequence or token.
  void apply(Team& team, const EncoderBatch& batch, const Matrix& hidden, Matrix& out) const;
  // For heads with a row for each token: of `rows` alone, which need not be all of a batch.
  void apply_rows(Team& team, const Matrix& rows, Matrix& out) const;

 private:
  struct Stage {
    Linear linear;
    Activation activation = Activation::None;
    std::optional<Norm> norm;
  };
  HeadKind kind_ = HeadKind::Pooler;
  bool mean_ = false;  // sequences are read by the mean of their rows, not by the first
  std::vector<Stage> stages_;

  friend class HeadLoader;
};

// Names of the labels, in order: config.json's id2label, or LABEL_0 and so on.
std::vector<std::string> labels_of(json::View config, std::size_t count);

}  // namespace embrace::transformers
