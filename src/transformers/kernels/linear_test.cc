// Every format at every level that runs here, beside plain loops in double over the same rounded
// numbers.
#include "transformers/kernels/linear.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>

#include "base/strings.h"
#include "transformers/kernels/level.h"

namespace embrace::transformers {
namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinity = std::numeric_limits<float>::infinity();

class EachLevel : public testing::TestWithParam<Level> {
 protected:
  void SetUp() override { force_level_for_test(GetParam()); }
  void TearDown() override { force_level_for_test(levels_here().back()); }

  Team team_{2};
};
INSTANTIATE_TEST_SUITE_P(Linear, EachLevel, testing::ValuesIn(levels_here()),
                         [](const auto& info) { return std::string(name_of(info.param)); });

struct Stored {
  OwnedTensor tensor;
  TensorView view() const { return {tensor.dtype, tensor.shape, tensor.bytes}; }
};

std::uint16_t half(float value) {
  return std::bit_cast<std::uint16_t>(static_cast<_Float16>(value));
}

// Any bits where they are quants, and scales of a sane size.
Stored random_weight(DType dtype, std::size_t outputs, std::size_t inputs, std::uint32_t seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal(0, 0.2f);
  Stored stored{
      {"w", dtype, {static_cast<std::int64_t>(outputs), static_cast<std::int64_t>(inputs)}, {}}};
  const std::size_t count = outputs * inputs / block_elements(dtype);
  std::vector<std::byte>& bytes = stored.tensor.bytes;
  bytes.resize(count * block_bytes(dtype));
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(random());
  for (std::size_t i = 0; i < count; ++i) {
    std::byte* at = bytes.data() + i * block_bytes(dtype);
    const auto put = [&](std::size_t place, auto value) {
      std::memcpy(at + place, &value, sizeof value);
    };
    switch (dtype) {
      case DType::F32:
        put(0, normal(random));
        break;
      case DType::F16:
        put(0, half(normal(random)));
        break;
      case DType::BF16:
        put(0, static_cast<std::uint16_t>(std::bit_cast<std::uint32_t>(normal(random)) >> 16));
        break;
      case DType::Q8_0:
        put(0, half(normal(random) / 64));
        break;
      case DType::Q4_0:
        put(0, half(normal(random) / 4));
        break;
      case DType::Q4_K:
        put(0, half(normal(random) / 400));
        put(2, half(normal(random) / 400));
        break;
      case DType::Q6_K:
        put(208, half(normal(random) / 2000));
        break;
      default:
        ADD_FAILURE() << "no such weights in these tests";
    }
  }
  return stored;
}

Matrix random_rows(std::size_t rows, std::size_t columns, std::uint32_t seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal(0, 1);
  Matrix matrix(rows, columns);
  for (float& value : matrix.all()) value = normal(random);
  return matrix;
}

float rounded_to_bfloat(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  return std::bit_cast<float>((bits + 0x7fff + (bits >> 16 & 1)) & 0xffff0000u);
}

// As linear.h says: 32 inputs to bytes.
void round_to_bytes(std::span<float> row) {
  for (std::size_t first = 0; first < row.size(); first += 32) {
    const auto block = row.subspan(first, std::min<std::size_t>(32, row.size() - first));
    float largest = 0;
    for (const float value : block) largest = std::max(largest, std::fabs(value));
    if (largest == 0) continue;
    const float inverse = 127.0f / largest;
    for (float& value : block) value = std::nearbyint(value * inverse) * (largest / 127.0f);
  }
}

enum class Rounding : std::uint8_t { None, Bfloats, Bytes };

// Many rows take blocks as bfloats where there are tiles of them.
bool takes_blocks_as_bfloats(std::size_t rows) { return level() == Level::Amx && rows >= 8; }

void expect_product(const Matrix& in, std::span<const float> weight, std::span<const float> bias,
                    Rounding rounding, const Matrix& out, const std::string& what) {
  // A block's value may be a tie, which then falls to either side.
  double tolerance = 2e-6;
  std::vector<float> rounded;
  if (rounding == Rounding::Bytes && takes_blocks_as_bfloats(in.rows())) {
    tolerance = 1e-4;
    rounding = Rounding::Bfloats;
    for (const float value : weight) rounded.push_back(rounded_to_bfloat(value));
    weight = rounded;
  }
  for (std::size_t row = 0; row < in.rows(); ++row) {
    std::vector<float> x(in.row(row).begin(), in.row(row).end());
    if (rounding == Rounding::Bytes) round_to_bytes(x);
    if (rounding == Rounding::Bfloats) {
      for (float& value : x) value = rounded_to_bfloat(value);
    }
    for (std::size_t o = 0; o < out.columns(); ++o) {
      double sum = bias.empty() ? 0 : bias[o];
      double size = std::fabs(sum) + 1e-6;
      for (std::size_t i = 0; i < x.size(); ++i) {
        const double product = static_cast<double>(x[i]) * weight[o * x.size() + i];
        sum += product;
        size += std::fabs(product);
      }
      ASSERT_NEAR(out.row(row)[o], sum, tolerance * size)
          << what << ", row " << row << ", output " << o;
    }
  }
}

constexpr std::size_t kRows[] = {0, 1, 2, 3, 5, 7, 8, 9, 13, 16, 21, 32, 40};

TEST_P(EachLevel, MultipliesWeightsAsTheyAreStored) {
  struct Case {
    DType dtype;
    Rounding rounding;
    std::vector<std::pair<std::size_t, std::size_t>> shapes;  // outputs, inputs
  };
  const Case cases[] = {
      {DType::F32, Rounding::None, {{1, 1}, {5, 3}, {16, 16}, {50, 33}, {64, 1100}}},
      {DType::BF16, Rounding::Bfloats, {{1, 1}, {5, 3}, {16, 16}, {50, 33}, {64, 1101}}},
      {DType::Q8_0, Rounding::Bytes, {{1, 32}, {16, 64}, {50, 96}, {64, 1056}}},
      {DType::Q4_0, Rounding::Bytes, {{1, 32}, {16, 64}, {50, 96}, {64, 1056}}},
      {DType::Q4_K, Rounding::Bytes, {{1, 256}, {50, 512}, {64, 1280}}},
      {DType::Q6_K, Rounding::Bytes, {{1, 256}, {50, 512}, {64, 1280}}},
  };
  for (const Case& one : cases) {
    for (const auto& [outputs, inputs] : one.shapes) {
      const Stored weight = random_weight(one.dtype, outputs, inputs, 1);
      const Stored bias = random_weight(DType::F32, 1, outputs, 2);
      const TensorView bias_view = bias.view();
      const auto values = *read_all(weight.view());
      for (const bool biased : {false, true}) {
        const auto linear =
            *Linear::make(weight.view(), biased ? &bias_view : nullptr, Precision::AsStored);
        for (const std::size_t rows : kRows) {
          const Matrix in = random_rows(rows, inputs, 3);
          Matrix out;
          linear.apply(team_, in, out);
          ASSERT_EQ(out.rows(), rows);
          ASSERT_EQ(out.columns(), outputs);
          expect_product(in, values, biased ? *read_all(bias.view()) : std::vector<float>{},
                         one.rounding, out,
                         cat(name_of(one.dtype), ' ', outputs, 'x', inputs, ", ", rows, " rows"));
          if (HasFatalFailure()) return;
        }
      }
    }
  }
}

TEST_P(EachLevel, GivesTheSameRowWhateverStandsBesideIt) {
  // Few rows and many take different loops; but for tiles of bfloats, only the order of additions
  // may differ.
  const Stored weight = random_weight(DType::Q8_0, 70, 256, 1);
  const auto linear = *Linear::make(weight.view(), nullptr, Precision::AsStored);
  const Matrix many = random_rows(40, 256, 2);
  Matrix one(1, 256);
  std::ranges::copy(many.row(17), one.row(0).begin());
  Matrix out_many;
  Matrix out_one;
  linear.apply(team_, many, out_many);
  linear.apply(team_, one, out_one);
  for (std::size_t o = 0; o < 70; ++o)
    EXPECT_NEAR(out_one.row(0)[o], out_many.row(17)[o], takes_blocks_as_bfloats(40) ? 0.2 : 1e-4)
        << o;
}

TEST_P(EachLevel, QuantizesOnTheFly) {
  const std::size_t inputs = 75;  // blocks end with zeros
  const Stored weight = random_weight(DType::F32, 20, inputs, 1);
  const auto exact = *read_all(weight.view());
  for (const auto precision : {Precision::BF16, Precision::Q8_0, Precision::Q4_0}) {
    const auto linear = *Linear::make(weight.view(), nullptr, precision);
    auto values = exact;
    for (std::size_t o = 0; o < 20; ++o) {
      for (std::size_t first = 0; first < inputs; first += 32) {
        const auto block = std::span(values).subspan(o * inputs + first,
                                                     std::min<std::size_t>(32, inputs - first));
        float largest = 0;
        for (const float value : block) {
          if (std::fabs(value) > std::fabs(largest)) largest = value;
        }
        for (float& value : block) {
          if (precision == Precision::BF16) {
            value = rounded_to_bfloat(value);
          } else if (precision == Precision::Q8_0) {
            const float scale = std::fabs(largest) / 127;
            value =
                std::round(value * (1 / scale)) * static_cast<float>(static_cast<_Float16>(scale));
          } else {
            const float scale = largest / -8;
            const float quant = std::min(15.0f, std::floor(value * (1 / scale) + 8.5f)) - 8;
            value = quant * static_cast<float>(static_cast<_Float16>(scale));
          }
        }
      }
    }
    for (const std::size_t rows : {1, 9}) {
      const Matrix in = random_rows(rows, inputs, 3);
      Matrix out;
      linear.apply(team_, in, out);
      expect_product(in, values, {},
                     precision == Precision::BF16 ? Rounding::Bfloats : Rounding::Bytes, out,
                     cat("precision ", static_cast<int>(precision)));
    }
  }
}

TEST_P(EachLevel, LetsNoNanOrInfinityPassAsANumber) {
  for (const auto precision : {Precision::F32, Precision::BF16, Precision::Q8_0, Precision::Q4_0}) {
    for (const float bad : {kNan, -kNan, kInfinity, -kInfinity}) {
      for (const std::size_t rows : {1, 9}) {
        Stored weight = random_weight(DType::F32, 20, 64, 1);
        Matrix in = random_rows(rows, 64, 2);
        {
          const auto linear = *Linear::make(weight.view(), nullptr, precision);
          in.row(rows - 1)[40] = bad;
          Matrix out;
          linear.apply(team_, in, out);
          for (std::size_t o = 0; o < 20; ++o) {
            EXPECT_FALSE(std::isfinite(out.row(rows - 1)[o])) << static_cast<int>(precision);
            if (rows > 1) EXPECT_TRUE(std::isfinite(out.row(0)[o]));
          }
          in.row(rows - 1)[40] = 1;
        }
        std::memcpy(weight.tensor.bytes.data() + (3 * 64 + 50) * 4, &bad, 4);
        const auto linear = *Linear::make(weight.view(), nullptr, precision);
        Matrix out;
        linear.apply(team_, in, out);
        for (std::size_t row = 0; row < rows; ++row) {
          EXPECT_FALSE(std::isfinite(out.row(row)[3])) << static_cast<int>(precision);
          EXPECT_TRUE(std::isfinite(out.row(row)[4]));
        }
      }
    }
  }
}

TEST_P(EachLevel, TakesVerySmallAndVeryLargeInputs) {
  const Stored weight = random_weight(DType::Q8_0, 16, 64, 1);
  const auto linear = *Linear::make(weight.view(), nullptr, Precision::AsStored);
  for (const float scale : {0.0f, 1e-45f, 1e-38f, 1e-20f, 1e30f}) {
    Matrix in = random_rows(2, 64, 2);
    Matrix reference;
    linear.apply(team_, in, reference);
    for (float& value : in.all()) value *= scale;
    Matrix out;
    linear.apply(team_, in, out);
    for (std::size_t o = 0; o < 16; ++o) {
      EXPECT_NEAR(out.row(1)[o], reference.row(1)[o] * scale, 1e-3 * scale + 1e-30) << scale;
    }
  }
}

TEST_P(EachLevel, TurnsInputsFirst) {
  const Stored weight = random_weight(DType::F32, 37, 21, 1);  // 37 inputs, 21 outputs
  const auto values = *read_all(weight.view());
  std::vector<float> turned(values.size());
  for (std::size_t in = 0; in < 37; ++in) {
    for (std::size_t out = 0; out < 21; ++out) turned[out * 37 + in] = values[in * 21 + out];
  }
  const auto linear = *Linear::make(weight.view(), nullptr, Precision::AsStored, Layout::InOut);
  const Matrix in = random_rows(3, 37, 2);
  Matrix out;
  linear.apply(team_, in, out);
  expect_product(in, turned, {}, Rounding::None, out, "InOut");
}

TEST_P(EachLevel, JoinsLayersOfDifferentFormats) {
  const Stored first = random_weight(DType::Q4_K, 20, 256, 1);
  const Stored second = random_weight(DType::F32, 7, 256, 2);
  const Stored third = random_weight(DType::Q6_K, 33, 256, 3);
  const Stored bias = random_weight(DType::F32, 1, 7, 4);
  const TensorView bias_view = bias.view();
  const auto joined = *Linear::join({first.view(), second.view(), third.view()},
                                    {nullptr, &bias_view, nullptr}, Precision::AsStored);
  ASSERT_EQ(joined.outputs(), 60u);
  for (const std::size_t rows : {1, 4, 11}) {
    const Matrix in = random_rows(rows, 256, 5);
    Matrix all;
    joined.apply(team_, in, all);
    std::size_t before = 0;
    for (const Stored* one : {&first, &second, &third}) {
      const auto alone =
          *Linear::make(one->view(), one == &second ? &bias_view : nullptr, Precision::AsStored);
      Matrix out;
      alone.apply(team_, in, out);
      for (std::size_t row = 0; row < rows; ++row) {
        for (std::size_t o = 0; o < out.columns(); ++o)
          EXPECT_NEAR(all.row(row)[before + o], out.row(row)[o], 1e-5);
      }
      before += out.columns();
    }
  }
}

// Blocks of outputs that are gated while near, beside the whole product gated afterwards.
TEST_P(EachLevel, GatesOneHalfOfTheOutputsWithTheOther) {
  for (const std::size_t half : {5, 16, 40, 300}) {
    const Stored gate = random_weight(DType::Q8_0, half, 64, 1);
    const Stored up = random_weight(DType::F32, half, 64, 2);
    const Stored both = random_weight(DType::BF16, 2 * half, 64, 3);
    const Stored bias = random_weight(DType::F32, 1, half, 4);
    const TensorView bias_view = bias.view();
    const auto joined =
        *Linear::join({gate.view(), up.view()}, {nullptr, &bias_view}, Precision::AsStored);
    const auto whole = *Linear::make(both.view(), nullptr, Precision::AsStored);
    for (const Linear* linear : {&joined, &whole}) {
      for (const std::size_t rows : {0, 1, 7, 8, 33, 300}) {
        const Matrix in = random_rows(rows, 64, 5);
        Matrix out;
        linear->apply_gated(team_, in, Activation::Silu, out);
        Matrix product;
        linear->apply(team_, in, product);
        ASSERT_EQ(out.rows(), rows);
        ASSERT_EQ(out.columns(), half);
        for (std::size_t row = 0; row < rows; ++row) {
          for (std::size_t o = 0; o < half; ++o) {
            const double x = product.row(row)[o];
            const double wanted = x / (1 + std::exp(-x)) * product.row(row)[half + o];
            ASSERT_NEAR(out.row(row)[o], wanted, 1e-5 * (1 + std::fabs(wanted)))
                << half << " outputs, row " << row << " of " << rows << ", output " << o;
          }
        }
      }
    }
  }
}

TEST_P(EachLevel, AddsToWhatIsThere) {
  for (const std::size_t outputs : {5, 16, 130, 300}) {
    const Stored first = random_weight(DType::Q4_0, outputs, 96, 1);
    const Stored second = random_weight(DType::BF16, 20, 96, 2);
    const Stored bias = random_weight(DType::F32, 1, outputs, 3);
    const TensorView bias_view = bias.view();
    const auto linear =
        *Linear::join({first.view(), second.view()}, {&bias_view, nullptr}, Precision::AsStored);
    for (const std::size_t rows : {0, 1, 7, 8, 33, 300}) {
      const Matrix in = random_rows(rows, 96, 4);
      const Matrix before = random_rows(rows, linear.outputs(), 5);
      Matrix sum(rows, linear.outputs());
      std::ranges::copy(before.all(), sum.all().begin());
      linear.add_to(team_, in, sum);
      Matrix product;
      linear.apply(team_, in, product);
      for (std::size_t i = 0; i < sum.all().size(); ++i) {
        const float wanted = before.all()[i] + product.all()[i];
        ASSERT_NEAR(sum.all()[i], wanted, 1e-5 * (1 + std::fabs(wanted)))
            << outputs << " outputs, " << rows << " rows, element " << i;
      }
    }
  }
}

TEST(Linear, RefusesWhatDoesNotFit) {
  Stored weight = random_weight(DType::F32, 4, 8, 1);
  const Stored bias = random_weight(DType::F32, 1, 5, 2);
  const TensorView bias_view = bias.view();
  EXPECT_EQ(Linear::make(weight.view(), &bias_view, Precision::F32).error().code(),
            Code::InvalidArgument);
  weight.tensor.bytes.pop_back();
  EXPECT_EQ(Linear::make(weight.view(), nullptr, Precision::F32).error().code(),
            Code::InvalidArgument);
  const TensorView vector = bias.view();
  EXPECT_TRUE(Linear::make(vector, nullptr, Precision::F32));
  EXPECT_EQ(Linear::make({DType::F32, {5}, vector.bytes}, nullptr, Precision::F32).error().code(),
            Code::InvalidArgument);
  const Stored blocks = random_weight(DType::Q8_0, 32, 64, 3);
  EXPECT_EQ(Linear::make(blocks.view(), nullptr, Precision::AsStored, Layout::InOut).error().code(),
            Code::NotBuilt);
  const Stored other = random_weight(DType::F32, 4, 7, 1);
  const Stored right = random_weight(DType::F32, 4, 8, 1);
  EXPECT_EQ(
      Linear::join({right.view(), other.view()}, {nullptr, nullptr}, Precision::F32).error().code(),
      Code::InvalidArgument);
}

TEST(Linear, IsEmptyUntilAssigned) {
  const Linear none;
  EXPECT_EQ(none.inputs(), 0u);
  EXPECT_EQ(none.outputs(), 0u);
  EXPECT_EQ(none.memory_bytes(), 0u);
}

TEST(Linear, HoldsBlocksInTheMemoryThatTheFileTakes) {
  for (const auto& [dtype, more] : {std::pair{DType::BF16, 1.0},
                                    {DType::Q8_0, 1.0},
                                    {DType::Q4_0, 1.0},
                                    {DType::Q4_K, 1.03},
                                    {DType::Q6_K, 1.0}}) {
    const Stored weight = random_weight(dtype, 64, 512, 1);
    const auto linear = *Linear::make(weight.view(), nullptr, Precision::AsStored);
    EXPECT_LE(linear.memory_bytes(), static_cast<double>(weight.tensor.bytes.size()) * more)
        << name_of(dtype);
  }
}

}  // namespace
}  // namespace embrace::transformers
