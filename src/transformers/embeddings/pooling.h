#pragma once
// Pooling: one row for each sequence out of the rows of its tokens, as the sentence-transformers
// package does by a folder's 1_Pooling/config.json. Several modes stand one after the other in the
// row: in the order of the config's "pooling_mode", or of PoolingMode when it has flags.
//
// Threads: any, once made.

#include <cstdint>
#include <span>
#include <vector>

#include "base/result.h"
#include "json/view.h"
#include "transformers/models/encoder.h"
#include "transformers/tensor/matrix.h"

namespace embrace::transformers {

enum class PoolingMode : std::uint8_t {
  Cls,           // the first token
  Max,           // of each feature
  Mean,          //
  MeanSqrt,      // the sum by the square root of the count
  WeightedMean,  // token i counts i times (Muennighoff 2022)
  LastToken,     //
};

class Pooling {
 public:
  explicit Pooling(std::vector<PoolingMode> modes = {PoolingMode::Mean}, bool include_prompt = true)
      : modes_(std::move(modes)), include_prompt_(include_prompt) {}

  // A config that chooses nothing means Mean. NotBuilt for a mode that we do not know.
  static Result<Pooling> parse(json::View config);

  const std::vector<PoolingMode>& modes() const { return modes_; }
  // False: the tokens of a prompt are read by the model but not pooled.
  bool include_prompt() const { return include_prompt_; }

  // A row of `out` becomes that of a sequence: rows.columns() features for each mode. `skip` tokens
  // at the start of the sequence are left out, fewer than it has.
  void apply(const EncoderBatch& batch, const Matrix& rows, std::size_t sequence, std::size_t skip,
             std::span<float> out) const;

 private:
  std::vector<PoolingMode> modes_;
  bool include_prompt_;
};

}  // namespace embrace::transformers
