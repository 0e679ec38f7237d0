#pragma once
// Linear: y = x W^T + b, the product that nearly all of a model's time goes into. W has a row for
// each output feature, as PyTorch keeps it, and is laid out anew for the kernels when it is loaded;
// the file's bytes are not needed afterwards.
//
// Threads: apply() from any, each caller with a Team of its own.

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "transformers/kernels/ops.h"
#include "transformers/kernels/panels.h"
#include "transformers/kernels/team.h"
#include "transformers/tensor/matrix.h"
#include "transformers/tensor/weights.h"

namespace embrace::transformers {

// What the weights become in memory. Activations are f32; BF16 rounds them for the product, and the
// block types quantize them to bytes, 32 at a time (at level Amx, eight rows and more multiply
// blocks as BF16). A NaN or an infinity on either side gives
// a result that is not finite, in block types a NaN.
enum class Precision : std::uint8_t {
  AsStored,  // F32 stays; F16, BF16 and 8-bit floats become BF16; block types stay what they are
  F32,
  BF16,
  Q8_0,
  Q4_0,
};

class Linear {
 public:
  Linear();  // of no size, to be assigned to
  Linear(Linear&&) noexcept;
  Linear& operator=(Linear&&) noexcept;
  ~Linear();

  // InvalidArgument when the shapes do not fit; NotBuilt for blocks that run along the outputs
  // (InOut). `bias` may be nullptr; else it has one element for
  // each output.
  static Result<Linear> make(const TensorView& weight, const TensorView* bias, Precision precision,
                             Layout layout = Layout::OutIn);
  // `name`.weight of that shape, and `name`.bias if there is one.
  static Result<Linear> load(const Weights& weights, std::string_view name, std::size_t inputs,
                             std::size_t outputs, Precision precision,
                             Layout layout = Layout::OutIn);
  // Several products of the same input as one (query, key and value): the outputs one after the
  // other, each in its own format. All have the same inputs; a bias that is missing counts as
  // zeros.
  static Result<Linear> join(const std::vector<TensorView>& weights,
                             const std::vector<const TensorView*>& biases, Precision precision);

  std::size_t inputs() const;
  std::size_t outputs() const;
  std::size_t memory_bytes() const;

  // out becomes in.rows() x outputs(). in.columns() is inputs(), and `in` is not `out`. The result
  // of a row does not depend on the number of threads.
  void apply(Team& team, const Matrix& in, Matrix& out) const;
  // The same product, where the first half of the outputs gates the other: out becomes
  // activation(first) * other, element by element, in.rows() x outputs() / 2 (GLU variants,
  // Shazeer 2020). Of many rows a block is gated while it is near, and neither half written.
  void apply_gated(Team& team, const Matrix& in, Activation activation, Matrix& out) const;
  // into += x W^T + b, likewise. `into` is in.rows() x outputs().
  void add_to(Team& team, const Matrix& in, Matrix& into) const;

 private:
  struct Impl;
  explicit Linear(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace embrace::transformers
