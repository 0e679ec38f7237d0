#include "transformers/kernels/ops.h"

#include <utility>

#include "base/check.h"
#include "base/strings.h"
#include "transformers/kernels/kernels.h"

namespace embrace::transformers {

Result<Activation> parse_activation(std::string_view name) {
  static constexpr std::pair<std::string_view, Activation> kNames[] = {
      {"relu", Activation::Relu},
      {"gelu", Activation::Gelu},
      {"gelu_python", Activation::Gelu},
      {"gelu_new", Activation::GeluTanh},
      {"gelu_fast", Activation::GeluTanh},
      {"gelu_pytorch_tanh", Activation::GeluTanh},
      {"quick_gelu", Activation::GeluQuick},
      {"silu", Activation::Silu},
      {"swish", Activation::Silu},
      {"tanh", Activation::Tanh},
      {"sigmoid", Activation::Sigmoid},
      {"linear", Activation::None},
  };
  for (const auto& [known, activation] : kNames) {
    if (known == name) return activation;
  }
  return fail(Code::InvalidArgument,
              cat("config.json names an activation that is not built: ", name));
}

void activate(Activation activation, std::span<float> values) {
  kernels().activate_row(activation, values.data(), nullptr, values.data(), values.size());
}

void gate(Activation activation, const Matrix& gate, const Matrix& up, Matrix& out) {
  EMB_CHECK(gate.rows() == up.rows() && gate.columns() == up.columns(), "gate and up are alike");
  if (&out != &gate) out.resize(gate.rows(), gate.columns());
  kernels().activate_row(activation, gate.all().data(), up.all().data(), out.all().data(),
                         gate.all().size());
}

void gate_halves(Activation activation, const Matrix& gate_up, Matrix& out) {
  const std::size_t half = gate_up.columns() / 2;
  out.resize(gate_up.rows(), half);
  for (std::size_t row = 0; row < gate_up.rows(); ++row) {
    const float* both = gate_up.row(row).data();
    kernels().activate_row(activation, both, both + half, out.row(row).data(), half);
  }
}

void add(Matrix& into, const Matrix& what) {
  EMB_CHECK(into.rows() == what.rows() && into.columns() == what.columns(),
            "the sum's terms are alike");
  const auto a = into.all();
  const auto b = what.all();
  for (std::size_t i = 0; i < a.size(); ++i) a[i] += b[i];
}

void layer_norm(const Matrix& in, std::span<const float> weight, std::span<const float> bias,
                float epsilon, Matrix& out) {
  if (&out != &in) out.resize(in.rows(), in.columns());
  EMB_CHECK(weight.size() == in.columns() && (bias.empty() || bias.size() == in.columns()),
            "a norm has a weight for each feature");
  for (std::size_t row = 0; row < in.rows(); ++row) {
    kernels().layer_norm_row(in.row(row).data(), weight.data(),
                             bias.empty() ? nullptr : bias.data(), epsilon, out.row(row).data(),
                             in.columns());
  }
}

void rms_norm(const Matrix& in, std::span<const float> weight, float epsilon, Matrix& out) {
  if (&out != &in) out.resize(in.rows(), in.columns());
  EMB_CHECK(weight.size() == in.columns(), "a norm has a weight for each feature");
  for (std::size_t row = 0; row < in.rows(); ++row) {
    kernels().rms_norm_row(in.row(row).data(), weight.data(), epsilon, out.row(row).data(),
                           in.columns());
  }
}

void rms_norm_heads(std::span<float> row, std::span<const float> weight, float epsilon) {
  for (std::size_t at = 0; at + weight.size() <= row.size(); at += weight.size()) {
    float* head = row.data() + at;
    kernels().rms_norm_row(head, weight.data(), epsilon, head, weight.size());
  }
}

void softmax(std::span<float> scores) { kernels().softmax_row(scores.data(), scores.size()); }

}  // namespace embrace::transformers
