#include "transformers/models/image_convolution.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <utility>

#include "base/check.h"

namespace embrace::transformers {

namespace {

// Numbers of the rectangles that are laid out at a time: enough to read the weights seldom, few
// enough to stay in the caches.
constexpr std::size_t kNumbersTogether = std::size_t{1} << 20;
constexpr std::size_t kRowsTogether = 64;
constexpr double kBatchNormEpsilon = 1e-5;

Precision of_product(Precision precision, DType stored) {
  if (precision == Precision::F32 || precision == Precision::BF16) return precision;
  const bool exact = stored == DType::F32 || stored == DType::F64;
  return precision == Precision::AsStored && exact ? Precision::F32 : Precision::BF16;
}

std::size_t side_out(std::size_t in, std::size_t kernel, std::size_t stride, std::size_t padding) {
  const std::size_t all = in + 2 * padding;
  return all < kernel ? 0 : (all - kernel) / stride + 1;
}

}  // namespace

Result<ChannelScale> ChannelScale::load(const Weights& weights, const std::string& name,
                                        std::size_t channels) {
  const std::vector<std::int64_t> shape{static_cast<std::int64_t>(channels)};
  std::vector<float> parts[4];
  const char* const endings[4] = {".weight", ".bias", ".running_mean", ".running_var"};
  for (std::size_t i = 0; i < 4; ++i) {
    EMB_TRY(const TensorView view, weights.get(name + endings[i], shape));
    EMB_TRY(parts[i], read_all(view));
  }
  ChannelScale made;
  for (std::size_t i = 0; i < channels; ++i) {
    const double scale = static_cast<double>(parts[0][i]) /
                         std::sqrt(static_cast<double>(parts[3][i]) + kBatchNormEpsilon);
    made.scale.push_back(static_cast<float>(scale));
    made.shift.push_back(static_cast<float>(static_cast<double>(parts[1][i]) -
                                            static_cast<double>(parts[2][i]) * scale));
  }
  return made;
}

Result<ImageConvolution> ImageConvolution::load(const Weights& weights, const std::string& name,
                                                const ImageConvolutionShape& shape,
                                                const ChannelScale* scale, Precision precision) {
  const auto side = [](std::size_t count) { return static_cast<std::int64_t>(count); };
  EMB_CHECK(shape.stride.area() != 0 && shape.kernel.area() != 0, "convolutions go on");
  EMB_TRY(const TensorView view,
          weights.get(name + ".weight", {side(shape.outputs), side(shape.inputs),
                                         side(shape.kernel.height), side(shape.kernel.width)}));
  EMB_TRY(const std::vector<float> numbers, read_all(view));
  std::vector<float> bias;
  if (weights.find(name + ".bias") != nullptr) {
    EMB_TRY(const TensorView bias_view, weights.get(name + ".bias", {side(shape.outputs)}));
    EMB_TRY(bias, read_all(bias_view));
  }
  // Places of a rectangle follow each other, each with all of its channels.
  const std::size_t places = shape.kernel.area();
  const std::size_t columns = places * shape.inputs;
  std::vector<float> turned(numbers.size());
  for (std::size_t output = 0; output < shape.outputs; ++output) {
    const float factor = scale == nullptr ? 1.0f : scale->scale[output];
    for (std::size_t input = 0; input < shape.inputs; ++input) {
      for (std::size_t place = 0; place < places; ++place) {
        turned[output * columns + place * shape.inputs + input] =
            numbers[output * columns + input * places + place] * factor;
      }
    }
  }
  if (scale != nullptr) {
    bias.resize(shape.outputs);
    for (std::size_t i = 0; i < shape.outputs; ++i)
      bias[i] = bias[i] * scale->scale[i] + scale->shift[i];
  }
  const TensorView weight{DType::F32,
                          {side(shape.outputs), side(columns)},
                          std::as_bytes(std::span<const float>(turned))};
  const TensorView bias_view{
      DType::F32, {side(shape.outputs)}, std::as_bytes(std::span<const float>(bias))};
  ImageConvolution made;
  made.shape_ = shape;
  EMB_TRY(made.product_, Linear::make(weight, bias.empty() ? nullptr : &bias_view,
                                      of_product(precision, view.dtype)));
  return made;
}

Sides ImageConvolution::sides_out(const Sides& in) const {
  const Sides out{side_out(in.height, shape_.kernel.height, shape_.stride.height, shape_.padding),
                  side_out(in.width, shape_.kernel.width, shape_.stride.width, shape_.padding)};
  return out.area() == 0 ? Sides{} : out;
}

void ImageConvolution::apply(Team& team, const Matrix& in, const Sides& sides, Matrix& out) const {
  EMB_CHECK(in.columns() == shape_.inputs && in.rows() == sides.area(), "the map has its channels");
  const Sides to = sides_out(sides);
  if (shape_.kernel == Sides{1, 1} && shape_.stride == Sides{1, 1} && shape_.padding == 0) {
    product_.apply(team, in, out);
    return;
  }
  out.resize(to.area(), shape_.outputs);
  const std::size_t inputs = shape_.inputs;
  const std::size_t line = shape_.kernel.width * inputs;  // numbers in one line of a rectangle
  const std::size_t columns = shape_.kernel.height * line;
  const std::size_t together = std::max(kRowsTogether, kNumbersTogether / columns);
  const auto padding = static_cast<std::ptrdiff_t>(shape_.padding);
  const auto width = static_cast<std::ptrdiff_t>(sides.width);
  const auto height = static_cast<std::ptrdiff_t>(sides.height);

  // One line of a rectangle, which begins at this place of the map or outside of it.
  const auto lay_out = [&](std::ptrdiff_t y, std::ptrdiff_t x, std::span<float> into) {
    const auto kernel = static_cast<std::ptrdiff_t>(shape_.kernel.width);
    const std::ptrdiff_t first = std::clamp<std::ptrdiff_t>(-x, 0, kernel);
    const std::ptrdiff_t last = std::clamp<std::ptrdiff_t>(width - x, first, kernel);
    if (y < 0 || y >= height || first == last) {
      std::ranges::fill(into, 0.0f);
      return;
    }
    const auto at = [&](std::ptrdiff_t place) { return static_cast<std::size_t>(place) * inputs; };
    std::ranges::fill(into.first(at(first)), 0.0f);
    std::ranges::copy(in.all().subspan(at(y * width + x + first), at(last - first)),
                      into.begin() + first * static_cast<std::ptrdiff_t>(inputs));
    std::ranges::fill(into.subspan(at(last)), 0.0f);
  };

  Matrix rectangles;
  Matrix sums;
  for (std::size_t begin = 0; begin < out.rows(); begin += together) {
    const std::size_t rows = std::min(together, out.rows() - begin);
    rectangles.resize(rows, columns);
    team.split(rows, 16, [&](std::size_t first, std::size_t last) {
      for (std::size_t row = first; row < last; ++row) {
        const std::size_t top = (begin + row) / to.width * shape_.stride.height;
        const std::size_t left = (begin + row) % to.width * shape_.stride.width;
        for (std::size_t k = 0; k < shape_.kernel.height; ++k) {
          lay_out(static_cast<std::ptrdiff_t>(top + k) - padding,
                  static_cast<std::ptrdiff_t>(left) - padding,
                  rectangles.row(row).subspan(k * line, line));
        }
      }
    });
    if (rows == out.rows()) {
      product_.apply(team, rectangles, out);
      return;
    }
    product_.apply(team, rectangles, sums);
    team.split(rows, 64, [&](std::size_t first, std::size_t last) {
      std::ranges::copy(sums.all().subspan(first * shape_.outputs, (last - first) * shape_.outputs),
                        out.row(begin + first).begin());
    });
  }
}

Sides pool_highest(Team& team, const Matrix& in, const Sides& sides, Matrix& out) {
  const Sides to{side_out(sides.height, 3, 2, 1), side_out(sides.width, 3, 2, 1)};
  out.resize(to.area(), in.columns());
  team.split(to.height, 1, [&](std::size_t begin, std::size_t end) {
    for (std::size_t y = begin; y < end; ++y) {
      for (std::size_t x = 0; x < to.width; ++x) {
        const auto into = out.row(y * to.width + x);
        std::ranges::fill(into, -std::numeric_limits<float>::infinity());
        for (std::size_t from_y = 2 * y - std::min<std::size_t>(y, 1);
             from_y < std::min(2 * y + 2, sides.height); ++from_y) {
          for (std::size_t from_x = 2 * x - std::min<std::size_t>(x, 1);
               from_x < std::min(2 * x + 2, sides.width); ++from_x) {
            const auto from = in.row(from_y * sides.width + from_x);
            for (std::size_t i = 0; i < into.size(); ++i) into[i] = std::max(into[i], from[i]);
          }
        }
      }
    }
  });
  return to;
}

}  // namespace embrace::transformers
