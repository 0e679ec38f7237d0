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
  // For few_rows or many_rows of a weight of this format. `in` must live as long as the rows are
  // used.
  Rows prepare(Team& team, const Matrix& in, Format format, bool many);

 private:
  Matrix words_;  // of 4 bytes, whatever they hold
  std::vector<float> scales_;
  std::vector<float> sums_;
  std::vector<std::int32_t> starts_;
};

}  // namespace embrace::transformers
