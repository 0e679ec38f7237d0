// The small steps at every level that runs here, beside the formulas in double.
#include "transformers/kernels/ops.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "transformers/kernels/level.h"

namespace embrace::transformers {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

class OpsLevel : public testing::TestWithParam<Level> {
 protected:
  void SetUp() override { force_level_for_test(GetParam()); }
  void TearDown() override { force_level_for_test(levels_here().back()); }

  Team team_{2};
};
INSTANTIATE_TEST_SUITE_P(Ops, OpsLevel, testing::ValuesIn(levels_here()),
                         [](const auto& info) { return std::string(name_of(info.param)); });

double exact(Activation activation, double x) {
  const auto sigmoid = [](double at) { return 1 / (1 + std::exp(-at)); };
  switch (activation) {
    case Activation::None:
      return x;
    case Activation::Relu:
      return x < 0 ? 0 : x;
    case Activation::Gelu:
      return 0.5 * x * (1 + std::erf(x / std::sqrt(2.0)));
    case Activation::GeluTanh:
      return 0.5 * x * (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)));
    case Activation::GeluQuick:
      return x * sigmoid(1.702 * x);
    case Activation::Silu:
      return x * sigmoid(x);
    case Activation::Tanh:
      return std::tanh(x);
    case Activation::Sigmoid:
      return sigmoid(x);
  }
  return kNan;
}

constexpr Activation kActivations[] = {
    Activation::None,      Activation::Relu, Activation::Gelu, Activation::GeluTanh,
    Activation::GeluQuick, Activation::Silu, Activation::Tanh, Activation::Sigmoid};

Matrix random_rows(std::size_t rows, std::size_t columns) {
  std::mt19937 random(7);
  std::normal_distribution<float> normal(0.5f, 2);
  Matrix matrix(rows, columns);
  for (float& value : matrix.all()) value = normal(random);
  return matrix;
}

TEST_P(OpsLevel, ActivatesToTheLastBits) {
  std::vector<float> xs;
  for (float x = -12; x <= 12; x += 0.001f) xs.push_back(x);
  for (const float x : {0.0f, 1e-30f, -1e-30f, 1e-5f, 88.0f, 89.0f, 200.0f, -200.0f, 1e30f, -1e30f})
    xs.push_back(x);
  for (const Activation activation : kActivations) {
    auto ys = xs;
    activate(activation, ys);
    for (std::size_t i = 0; i < xs.size(); ++i) {
      const double wanted = exact(activation, xs[i]);
      ASSERT_NEAR(ys[i], wanted, 4e-7 * (1 + std::fabs(wanted)))
          << static_cast<int>(activation) << " of " << xs[i];
    }
  }
}

TEST_P(OpsLevel, KeepsSmallTanhAndInfinitiesAndNan) {
  std::vector<float> xs{1e-7f, -1e-7f, kInfinity, -kInfinity, kNan, -0.0f};
  activate(Activation::Tanh, xs);
  EXPECT_FLOAT_EQ(xs[0], 1e-7f);
  EXPECT_FLOAT_EQ(xs[1], -1e-7f);
  EXPECT_EQ(xs[2], 1);
  EXPECT_EQ(xs[3], -1);
  EXPECT_TRUE(std::isnan(xs[4]));
  EXPECT_TRUE(std::signbit(xs[5]));
  for (const Activation activation : kActivations) {
    std::vector<float> nan{kNan};
    activate(activation, nan);
    EXPECT_TRUE(std::isnan(nan[0])) << static_cast<int>(activation);
  }
}

TEST_P(OpsLevel, Normalizes) {
  for (const std::size_t columns : {1, 3, 16, 31, 100, 1000}) {
    const std::size_t rows = columns == 1000 ? 40 : 2;  // cut for two threads, or not
    const Matrix in = random_rows(rows, columns);
    const Matrix parameters = random_rows(2, columns);
    const auto weight = parameters.row(0);
    const auto bias = parameters.row(1);
    Matrix layer;
    layer_norm(team_, in, weight, bias, 1e-5f, layer);
    Matrix plain;
    layer_norm(team_, in, weight, {}, 1e-5f, plain);
    Matrix root = random_rows(rows, columns);
    rms_norm(team_, root, weight, 1e-6f, root);
    for (std::size_t row = 0; row < rows; ++row) {
      double mean = 0;
      double squares = 0;
      for (const float x : in.row(row)) {
        mean += x;
        squares += static_cast<double>(x) * x;
      }
      mean /= static_cast<double>(columns);
      squares /= static_cast<double>(columns);
      double variance = 0;
      for (const float x : in.row(row)) variance += (x - mean) * (x - mean);
      variance /= static_cast<double>(columns);
      for (std::size_t i = 0; i < columns; ++i) {
        const double x = in.row(row)[i];
        const double wanted = (x - mean) / std::sqrt(variance + 1e-5) * weight[i];
        EXPECT_NEAR(plain.row(row)[i], wanted, 2e-5);
        EXPECT_NEAR(layer.row(row)[i], wanted + bias[i], 2e-5);
        EXPECT_NEAR(root.row(row)[i], x / std::sqrt(squares + 1e-6) * weight[i], 1e-5);
      }
    }
  }
}

TEST_P(OpsLevel, AddsAndActivatesAllRows) {
  for (const std::size_t rows : {0, 1, 50}) {
    const Matrix terms = random_rows(rows, 1000);
    Matrix sum = random_rows(rows, 1000);
    for (float& value : sum.all()) value += 1;
    add(team_, sum, terms);
    for (std::size_t i = 0; i < sum.all().size(); ++i)
      ASSERT_FLOAT_EQ(sum.all()[i], terms.all()[i] + 1 + terms.all()[i]);
    activate(team_, Activation::Relu, sum);
    for (std::size_t i = 0; i < sum.all().size(); ++i)
      ASSERT_FLOAT_EQ(sum.all()[i], std::max(0.0f, terms.all()[i] + 1 + terms.all()[i]));
  }
}

TEST_P(OpsLevel, MakesWeightsOfScores) {
  for (const std::size_t count : {1, 5, 16, 33, 200}) {
    Matrix scores = random_rows(1, count);
    if (count > 5) scores.row(0)[4] = -kInfinity;
    double sum = 0;
    std::vector<double> wanted;
    for (const float x : scores.row(0)) sum += wanted.emplace_back(std::exp(x - 3.0));
    softmax(scores.row(0));
    for (std::size_t i = 0; i < count; ++i) EXPECT_NEAR(scores.row(0)[i], wanted[i] / sum, 1e-6);
  }
  std::vector<float> none(20, -kInfinity);
  softmax(none);
  for (const float x : none) EXPECT_EQ(x, 0);
  softmax(std::span<float>());
  std::vector<float> bad(20, 1);
  bad[7] = kNan;
  softmax(bad);
  for (const float x : bad) EXPECT_TRUE(std::isnan(x));
}

}  // namespace
}  // namespace embrace::transformers
