#include "transformers/models/convolution.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/check.h"
#include "base/strings.h"

namespace embrace::transformers {

namespace {

// Numbers of the stretches that are laid out at a time, so that they stay in the caches.
constexpr std::size_t kNumbersTogether = std::size_t{1} << 18;

Precision of_products(Precision precision, DType stored) {
  switch (precision) {
    case Precision::F32:
    case Precision::BF16:
      return precision;
    case Precision::Q8_0:
    case Precision::Q4_0:
      return Precision::BF16;
    case Precision::AsStored:
      break;
  }
  return stored == DType::F32 || stored == DType::F64 ? Precision::F32 : Precision::BF16;
}

}  // namespace

Result<Convolution> Convolution::load(const Weights& weights, const std::string& name,
                                      const ConvolutionShape& shape, Precision precision) {
  const auto side = [](std::size_t count) { return static_cast<std::int64_t>(count); };
  EMB_CHECK(shape.groups != 0 && shape.inputs % shape.groups == 0, "groups divide the channels");
  EMB_TRY(const TensorView weight,
          weights.get(name + ".weight", {side(shape.outputs), side(shape.inputs / shape.groups),
                                         side(shape.kernel)}));
  EMB_TRY(std::vector<float> numbers, read_all(weight));
  std::vector<float> bias;
  if (weights.find(name + ".bias") != nullptr) {
    EMB_TRY(const TensorView view, weights.get(name + ".bias", {side(shape.outputs)}));
    EMB_TRY(bias, read_all(view));
  }
  return make(std::move(numbers), std::move(bias), shape, of_products(precision, weight.dtype));
}

Result<Convolution> Convolution::make(std::vector<float> weight, std::vector<float> bias,
                                      const ConvolutionShape& shape, Precision precision) {
  EMB_CHECK(shape.groups != 0 && shape.stride != 0 && shape.kernel != 0 &&
                shape.inputs % shape.groups == 0 && shape.outputs % shape.groups == 0,
            "groups divide the channels");
  const std::size_t inputs = shape.inputs / shape.groups;
  const std::size_t outputs = shape.outputs / shape.groups;
  const std::size_t stretch = inputs * shape.kernel;
  EMB_CHECK(weight.size() == shape.outputs * stretch, "the weight has its shape");
  EMB_CHECK(bias.empty() || bias.size() == shape.outputs, "every output has a bias");
  Convolution made;
  made.shape_ = shape;
  std::vector<float> turned(outputs * stretch);
  for (std::size_t group = 0; group < shape.groups; ++group) {
    // Rows of a stretch follow each other in memory: kernel first, then channels.
    const float* from = weight.data() + group * outputs * stretch;
    for (std::size_t output = 0; output < outputs; ++output) {
      for (std::size_t input = 0; input < inputs; ++input) {
        for (std::size_t k = 0; k < shape.kernel; ++k) {
          turned[output * stretch + k * inputs + input] =
              from[output * stretch + input * shape.kernel + k];
        }
      }
    }
    const TensorView view{DType::F32,
                          {static_cast<std::int64_t>(outputs), static_cast<std::int64_t>(stretch)},
                          std::as_bytes(std::span<const float>(turned))};
    TensorView bias_view{DType::F32, {static_cast<std::int64_t>(outputs)}, {}};
    if (!bias.empty()) {
      bias_view.bytes =
          std::as_bytes(std::span<const float>(bias).subspan(group * outputs, outputs));
    }
    EMB_TRY(Linear product, Linear::make(view, bias.empty() ? nullptr : &bias_view,
                                         of_products(precision, DType::F32)));
    made.groups_.push_back(std::move(product));
  }
  return made;
}

std::size_t Convolution::rows_out(std::size_t rows) const {
  const std::size_t all = rows + shape_.before + shape_.after;
  return all < shape_.kernel ? 0 : (all - shape_.kernel) / shape_.stride + 1;
}

void Convolution::apply(Team& team, const Matrix& in, Matrix& out) const {
  EMB_CHECK(in.columns() == shape_.inputs, "the input has its channels");
  const std::size_t inputs = shape_.inputs / shape_.groups;
  const std::size_t outputs = shape_.outputs / shape_.groups;
  out.resize(rows_out(in.rows()), shape_.outputs);
  const std::size_t together =
      std::max<std::size_t>(16, kNumbersTogether / (inputs * shape_.kernel));
  Matrix stretches;
  Matrix sums;
  for (std::size_t first = 0; first < out.rows(); first += together) {
    const std::size_t rows = std::min(together, out.rows() - first);
    for (std::size_t group = 0; group < shape_.groups; ++group) {
      stretches.resize(rows, inputs * shape_.kernel);
      team.split(rows, 16, [&](std::size_t begin, std::size_t end) {
        for (std::size_t i = begin; i < end; ++i) {
          const auto stretch = stretches.row(i);
          for (std::size_t k = 0; k < shape_.kernel; ++k) {
            const std::size_t at = (first + i) * shape_.stride + k;
            const auto into = stretch.subspan(k * inputs, inputs);
            if (at < shape_.before || at - shape_.before >= in.rows()) {
              std::ranges::fill(into, 0.0f);
            } else {
              std::ranges::copy(in.row(at - shape_.before).subspan(group * inputs, inputs),
                                into.begin());
            }
          }
        }
      });
      groups_[group].apply(team, stretches, sums);
      for (std::size_t i = 0; i < rows; ++i) {
        std::ranges::copy(sums.row(i),
                          out.row(first + i).subspan(group * outputs, outputs).begin());
      }
    }
  }
}

}  // namespace embrace::transformers
