#include "transformers/kernels/ops.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/strings.h"
#include "transformers/kernels/kernels.h"

namespace embrace::transformers {

namespace {

// Floats that one thread takes at a time: below it, waking others costs more than they do.
constexpr std::size_t kGrain = 16384;

template <class Body>
void for_rows(Team& team, const Matrix& rows, Body&& body) {
  const std::size_t grain = kGrain / std::max<std::size_t>(1, rows.columns()) + 1;
  team.split(rows.rows(), grain, [&](std::size_t begin, std::size_t end) {
    for (std::size_t row = begin; row < end; ++row) body(row);
  });
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
  kernels().activate_row(activation, values.data(), nullptr, values.data(), values.size());
}

void activate(Team& team, Activation activation, Matrix& values) {
  team.split(values.all().size(), kGrain, [&](std::size_t begin, std::size_t end) {
    activate(activation, values.all().subspan(begin, end - begin));
  });
}

void add(Team& team, Matrix& into, const Matrix& what) {
  EMB_CHECK(into.rows() == what.rows() && into.columns() == what.columns(),
            "the sum's terms are alike");
  float* a = into.all().data();
  const float* b = what.all().data();
  team.split(into.all().size(), kGrain, [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) a[i] += b[i];
  });
}

void layer_norm(Team& team, const Matrix& in, std::span<const float> weight,
                std::span<const float> bias, float epsilon, Matrix& out) {
  if (&out != &in) out.resize(in.rows(), in.columns());
  EMB_CHECK(weight.size() == in.columns() && (bias.empty() || bias.size() == in.columns()),
            "a norm has a weight for each feature");
  for_rows(team, in, [&](std::size_t row) {
    kernels().layer_norm_row(in.row(row).data(), weight.data(),
                             bias.empty() ? nullptr : bias.data(), epsilon, out.row(row).data(),
                             in.columns());
  });
}

void rms_norm(Team& team, const Matrix& in, std::span<const float> weight, float epsilon,
              Matrix& out) {
  if (&out != &in) out.resize(in.rows(), in.columns());
  EMB_CHECK(weight.size() == in.columns(), "a norm has a weight for each feature");
  for_rows(team, in, [&](std::size_t row) {
    kernels().rms_norm_row(in.row(row).data(), weight.data(), epsilon, out.row(row).data(),
                           in.columns());
  });
}

void rms_norm_heads(std::span<float> row, std::span<const float> weight, float epsilon) {
  for (std::size_t at = 0; at + weight.size() <= row.size(); at += weight.size()) {
    float* head = row.data() + at;
    kernels().rms_norm_row(head, weight.data(), epsilon, head, weight.size());
  }
}

void softmax(std::span<float> scores) { kernels().softmax_row(scores.data(), scores.size()); }

}  // namespace embrace::transformers
