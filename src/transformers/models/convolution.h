#pragma once
// Convolution: sums over stretches of rows, which run along time with a column for each channel
// (torch.nn.Conv1d, whose time is the last dimension). It is a product (linear.h) over rows that
// hold a whole stretch each.
//
// Threads: apply() from any, each caller with a Team of its own.

#include <cstddef>
#include <string>
#include <vector>

#include "base/result.h"
#include "transformers/kernels/linear.h"
#include "transformers/kernels/ops.h"
#include "transformers/kernels/team.h"
#include "transformers/tensor/matrix.h"
#include "transformers/tensor/weights.h"

namespace embrace::transformers {

struct ConvolutionShape {
  std::size_t inputs = 1;   // channels
  std::size_t outputs = 1;  // channels
  std::size_t kernel = 1;   // rows that one sum sees
  std::size_t stride = 1;
  std::size_t before = 0;  // rows of zeros on either side
  std::size_t after = 0;
  std::size_t groups = 1;  // of channels, each of which sees its own; divides inputs and outputs
};

class Convolution {
 public:
  // `name`.weight of [outputs, inputs / groups, kernel], and `name`.bias if there is one. Of block
  // types only the products are made, in BF16: stretches are seldom whole blocks.
  static Result<Convolution> load(const Weights& weights, const std::string& name,
                                  const ConvolutionShape& shape, Precision precision);
  // The same from numbers in that order; `bias` may be empty.
  static Result<Convolution> make(std::vector<float> weight, std::vector<float> bias,
                                  const ConvolutionShape& shape, Precision precision);

  std::size_t channels_out() const { return shape_.outputs; }
  // Rows that come out of so many.
  std::size_t rows_out(std::size_t rows) const;
  // out becomes rows_out(in.rows()) x outputs. `in` is not `out`.
  void apply(Team& team, const Matrix& in, Matrix& out) const;

 private:
  ConvolutionShape shape_;
  std::vector<Linear> groups_;
};

}  // namespace embrace::transformers
