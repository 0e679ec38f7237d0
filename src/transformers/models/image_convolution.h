#pragma once
// ImageConvolution: sums over rectangles of a map (torch.nn.Conv2d), as a product (linear.h) over
// rows that hold a whole rectangle each; rectangles of one place need no such rows. Beside it the
// map's other step, the maximum over rectangles.
//
// Threads: apply() from any, each caller with a Team of its own.

#include <string>
#include <vector>

#include "base/result.h"
#include "transformers/images/pixel_map.h"
#include "transformers/kernels/linear.h"
#include "transformers/kernels/team.h"
#include "transformers/tensor/weights.h"

namespace embrace::transformers {

struct ImageConvolutionShape {
  std::size_t inputs = 1;   // channels
  std::size_t outputs = 1;  // channels
  Sides kernel{1, 1};
  Sides stride{1, 1};
  std::size_t padding = 0;  // zeros on each of the four sides
};

// What a batch norm that learns no more does to each channel: x * scale + shift.
struct ChannelScale {
  std::vector<float> scale;
  std::vector<float> shift;

  // From `name`.weight, .bias, .running_mean and .running_var (Ioffe and Szegedy 2015).
  static Result<ChannelScale> load(const Weights& weights, const std::string& name,
                                   std::size_t channels);
};

class ImageConvolution {
 public:
  // `name`.weight of [outputs, inputs, kernel height, kernel width], and `name`.bias if there is
  // one. A scale, which may be nullptr, becomes part of the weights. Of block types only BF16 is
  // made: rectangles are seldom whole blocks.
  static Result<ImageConvolution> load(const Weights& weights, const std::string& name,
                                       const ImageConvolutionShape& shape,
                                       const ChannelScale* scale, Precision precision);

  std::size_t channels_out() const { return shape_.outputs; }
  // Of a map that comes out; no sides where the kernel does not fit into what goes in.
  Sides sides_out(const Sides& in) const;
  // out becomes sides_out(sides).area() x outputs. `in`, with sides.area() rows, is not `out`.
  void apply(Team& team, const Matrix& in, const Sides& sides, Matrix& out) const;

 private:
  ImageConvolutionShape shape_;
  Linear product_;
};

// The highest of each 3 x 3 places, in steps of 2, with nothing around the map
// (torch.nn.MaxPool2d(3, 2, 1)). `out` is not `in`. Returns its sides.
Sides pool_highest(Team& team, const Matrix& in, const Sides& sides, Matrix& out);

}  // namespace embrace::transformers
