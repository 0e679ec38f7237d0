// The fold at every level that runs here, beside a whole softmax in double.
#include "transformers/kernels/attention.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <random>
#include <string>
#include <vector>

#include "transformers/kernels/level.h"

namespace embrace::transformers {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

class AttentionLevel : public testing::TestWithParam<Level> {
 protected:
  void SetUp() override { force_level_for_test(GetParam()); }
  void TearDown() override { force_level_for_test(levels_here().back()); }
};
INSTANTIATE_TEST_SUITE_P(Attention, AttentionLevel, testing::ValuesIn(levels_here()),
                         [](const auto& info) { return std::string(name_of(info.param)); });

std::vector<float> random_bfloats(std::size_t count, std::uint32_t seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal(0, 1);
  std::vector<float> values(count);
  for (float& value : values)
    value = std::bit_cast<float>(std::bit_cast<std::uint32_t>(normal(random)) & 0xffff0000u);
  return values;
}
std::vector<std::uint16_t> narrowed(const std::vector<float>& values) {
  std::vector<std::uint16_t> bits;
  for (const float value : values)
    bits.push_back(static_cast<std::uint16_t>(std::bit_cast<std::uint32_t>(value) >> 16));
  return bits;
}

std::vector<double> whole(const FoldShape& shape, const std::vector<float>& query,
                          const std::vector<float>& keys, const std::vector<float>& values,
                          std::size_t stride, std::size_t tokens, const std::vector<float>& extra) {
  std::vector<double> out(shape.width);
  double sum = 0;
  for (std::size_t t = 0; t < tokens; ++t) {
    double score = 0;
    for (std::size_t i = 0; i < shape.width; ++i)
      score += static_cast<double>(query[i]) * keys[t * stride + i];
    score *= shape.scale;
    if (shape.softcap > 0) score = shape.softcap * std::tanh(score / shape.softcap);
    if (!extra.empty()) score += extra[t];
    const double weight = std::exp(score);
    sum += weight;
    for (std::size_t i = 0; i < shape.width; ++i) out[i] += weight * values[t * stride + i];
  }
  for (double& x : out) x = sum == 0 ? 0 : x / sum;
  return out;
}

TEST_P(AttentionLevel, FoldsInAnyStretches) {
  for (const std::size_t width : {1, 16, 24, 48, 64, 128}) {
    for (const std::size_t tokens : {1, 7, 32, 65, 150}) {
      for (const float softcap : {0.0f, 5.0f}) {
        const std::size_t stride = width + 3;
        const auto query = random_bfloats(width, 1);
        const auto keys = random_bfloats(tokens * stride, 2);
        const auto values = random_bfloats(tokens * stride, 3);
        auto extra = random_bfloats(tokens, 4);
        extra[0] = -kInfinity;  // not seen, even where it comes alone
        const FoldShape shape{width, 0.3f, softcap};
        const auto wanted = whole(shape, query, keys, values, stride, tokens, extra);
        const auto keys_bits = narrowed(keys);
        const auto values_bits = narrowed(values);
        for (const std::size_t page : {1, 13, 32, 1000}) {
          Fold fold;
          Fold fold_bits;
          std::vector<float> out(width);
          std::vector<float> out_bits(width);
          for (std::size_t at = 0; at < tokens; at += page) {
            const std::size_t count = std::min(page, tokens - at);
            fold_tokens(shape, query.data(), keys.data() + at * stride, values.data() + at * stride,
                        stride, count, extra.data() + at, fold, out.data());
            fold_tokens(shape, query.data(), keys_bits.data() + at * stride,
                        values_bits.data() + at * stride, stride, count, extra.data() + at,
                        fold_bits, out_bits.data());
          }
          finish(fold, out);
          finish(fold_bits, out_bits);
          for (std::size_t i = 0; i < width; ++i) {
            ASSERT_NEAR(out[i], wanted[i], 3e-6) << width << ", " << tokens << ", " << page;
            ASSERT_NEAR(out_bits[i], out[i], 1e-6);
          }
        }
      }
    }
  }
}

TEST_P(AttentionLevel, SeesNothingWhereNothingIs) {
  const FoldShape shape{4, 1, 0};
  const std::vector<float> ones(4 * 3, 1);
  const std::vector<float> hidden(3, -kInfinity);
  Fold fold;
  std::vector<float> out(4);
  fold_tokens(shape, ones.data(), ones.data(), ones.data(), 4, 3, hidden.data(), fold, out.data());
  fold_tokens(shape, ones.data(), ones.data(), ones.data(), 4, 0, nullptr, fold, out.data());
  finish(fold, out);
  for (const float x : out) EXPECT_EQ(x, 0);
}

TEST_P(AttentionLevel, LetsNanThrough) {
  const FoldShape shape{4, 1, 0};
  std::vector<float> keys(4 * 3, 1);
  keys[5] = std::numeric_limits<float>::quiet_NaN();
  const std::vector<float> ones(4 * 3, 1);
  Fold fold;
  std::vector<float> out(4);
  fold_tokens(shape, ones.data(), keys.data(), ones.data(), 4, 3, nullptr, fold, out.data());
  finish(fold, out);
  for (const float x : out) EXPECT_TRUE(std::isnan(x));
}

}  // namespace
}  // namespace embrace::transformers
