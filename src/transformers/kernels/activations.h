#pragma once
// Activations: the rows of one product's input in the form that a format's kernels want (Rows in
// kernels.h). Memory is kept for the next product of the same thread.
//
// Threads: prepare() by one, with a Team; the rows may be read by all of them until the next.

#include <cstdint>
#include <vector>

#include "transformers/kernels/kernels.h"
#include "transformers/kernels/team.h"
#include "transformers/tensor/matrix.h"

namespace embrace::transformers {

class Activations {
 public:
  // `blocks` of the weight's format in a row; `tile_rows` is 1 for few_rows. `in` must live as long
  // as the rows are used.
  Rows prepare(Team& team, const Matrix& in, Format format, std::size_t blocks,
               std::size_t tile_rows);

 private:
  Matrix words_;  // of 4 bytes, whatever they hold
  std::vector<float> scales_;
  std::vector<float> sums_;
  std::vector<std::int32_t> starts_;
};

}  // namespace embrace::transformers
