#include "transformers/kernels/ops.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "base/check.h"
#include "base/strings.h"

namespace embrace::transformers {

namespace {

float sigmoid(float x) { return 1.0f / (1.0f + std::exp(-x)); }

float apply_one(Activation activation, float x) {
  switch (activation) {
    case Activation::None:
      return x;
    case Activation::Relu:
      return std::max(x, 0.0f);
    case Activation::Gelu:
      return 0.5f * x * (1.0f + std::erf(x * 0.70710678118654752f));
    case Activation::GeluTanh:
      return 0.5f * x * (1.0f + std::tanh(0.79788456080286536f * (x + 0.044715f * x * x * x)));
    case Activation::GeluQuick:
      return x * sigmoid(1.702f * x);
    case Activation::Silu:
      return x * sigmoid(x);
    case Activation::Tanh:
      return std::tanh(x);
    case Activation::Sigmoid:
      return sigmoid(x);
  }
  std::unreachable();
}

void scale_row(std::span<const float> in, std::span<const float> weight, float epsilon,
               std::span<float> out) {
  double squares = 0;
  for (const float x : in) squares += static_cast<double>(x) * x;
  const auto scale =
      static_cast<float>(1.0 / std::sqrt(squares / static_cast<double>(in.size()) + epsilon));
  for (std::size_t i = 0; i < in.size(); ++i) out[i] = in[i] * scale * weight[i];
}

}  // namespace

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
  for (float& x : values) x = apply_one(activation, x);
}

void gate(Activation activation, const Matrix& gate, const Matrix& up, Matrix& out) {
  EMB_CHECK(gate.rows() == up.rows() && gate.columns() == up.columns(), "gate and up are alike");
  if (&out != &gate) out.resize(gate.rows(), gate.columns());
  const auto g = gate.all();
  const auto u = up.all();
  const auto o = out.all();
  for (std::size_t i = 0; i < g.size(); ++i) o[i] = apply_one(activation, g[i]) * u[i];
}

void gate_halves(Activation activation, const Matrix& gate_up, Matrix& out) {
  const std::size_t half = gate_up.columns() / 2;
  out.resize(gate_up.rows(), half);
  for (std::size_t row = 0; row < gate_up.rows(); ++row) {
    const auto both = gate_up.row(row);
    const auto o = out.row(row);
    for (std::size_t i = 0; i < half; ++i) o[i] = apply_one(activation, both[i]) * both[half + i];
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
  const auto n = static_cast<double>(in.columns());
  for (std::size_t row = 0; row < in.rows(); ++row) {
    const auto x = in.row(row);
    double sum = 0;
    for (const float value : x) sum += value;
    const auto mean = static_cast<float>(sum / n);
    double squares = 0;
    for (const float value : x) squares += static_cast<double>(value - mean) * (value - mean);
    const auto scale = static_cast<float>(1.0 / std::sqrt(squares / n + epsilon));
    const auto y = out.row(row);
    for (std::size_t i = 0; i < x.size(); ++i) {
      y[i] = (x[i] - mean) * scale * weight[i] + (bias.empty() ? 0.0f : bias[i]);
    }
  }
}

void rms_norm(const Matrix& in, std::span<const float> weight, float epsilon, Matrix& out) {
  if (&out != &in) out.resize(in.rows(), in.columns());
  for (std::size_t row = 0; row < in.rows(); ++row)
    scale_row(in.row(row), weight, epsilon, out.row(row));
}

void rms_norm_heads(std::span<float> row, std::span<const float> weight, float epsilon) {
  for (std::size_t at = 0; at + weight.size() <= row.size(); at += weight.size()) {
    const auto head = row.subspan(at, weight.size());
    scale_row(head, weight, epsilon, head);
  }
}

void softmax(std::span<float> scores) {
  float highest = -std::numeric_limits<float>::infinity();
  for (const float score : scores) highest = std::max(highest, score);
  if (highest == -std::numeric_limits<float>::infinity()) {
    std::fill(scores.begin(), scores.end(), 0.0f);
    return;
  }
  float sum = 0;
  for (float& score : scores) sum += score = std::exp(score - highest);
  for (float& score : scores) score /= sum;
}

}  // namespace embrace::transformers
