#pragma once
// The small steps between the products: norms, activations, sums. Those on matrices work row by
// row, cut for a Team's threads where there are enough of them; sources of the formulas are the
// papers named, and the official transformers package where it differs from them.

#include <cstdint>
#include <span>
#include <string_view>

#include "base/result.h"
#include "transformers/kernels/team.h"
#include "transformers/tensor/matrix.h"

namespace embrace::transformers {

enum class Activation : std::uint8_t {
  None,
  Relu,
  Gelu,       // x Phi(x), by erf (Hendrycks and Gimpel 2016)
  GeluTanh,   // its approximation by tanh: "gelu_new", "gelu_pytorch_tanh"
  GeluQuick,  // x sigmoid(1.702 x): "quick_gelu"
  Silu,       // x sigmoid(x): "silu", "swish"
  Tanh,
  Sigmoid,
};

// From config.json's hidden_act and the like. InvalidArgument for a name we do not know.
Result<Activation> parse_activation(std::string_view name);

void activate(Activation activation, std::span<float> values);
void activate(Team& team, Activation activation, Matrix& values);
// into += what, shapes alike.
void add(Team& team, Matrix& into, const Matrix& what);

// (x - mean) / sqrt(variance + epsilon) * weight + bias, row by row. `bias` may be empty; `out` may
// be `in`.
void layer_norm(Team& team, const Matrix& in, std::span<const float> weight,
                std::span<const float> bias, float epsilon, Matrix& out);
// x / sqrt(mean of squares + epsilon) * weight, row by row (Zhang and Sennrich 2019); `out` may be
// `in`. For Gemma, whose weights are kept less one, add the one at loading.
void rms_norm(Team& team, const Matrix& in, std::span<const float> weight, float epsilon,
              Matrix& out);
// The same over each stretch of weight.size() features of a row (Qwen 3's heads).
void rms_norm_heads(std::span<float> row, std::span<const float> weight, float epsilon);

// exp(x - max) / sum, in place. Positions at minus infinity become 0; a row of nothing else, too.
void softmax(std::span<float> scores);

}  // namespace embrace::transformers
