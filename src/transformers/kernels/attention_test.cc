// Attention at every level that runs here, beside a whole softmax in double.
#include "transformers/kernels/attention.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <random>
#include <string>
#include <vector>

#include "transformers/kernels/level.h"

namespace embrace::transformers {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr double kNear = 8e-6;

class AttentionLevel : public testing::TestWithParam<Level> {
 protected:
  void SetUp() override { force_level_for_test(GetParam()); }
  void TearDown() override { force_level_for_test(levels_here().back()); }
};
INSTANTIATE_TEST_SUITE_P(Attention, AttentionLevel, testing::ValuesIn(levels_here()),
                         [](const auto& info) { return std::string(name_of(info.param)); });

std::vector<float> random_floats(std::size_t count, std::uint32_t seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal(0, 1);
  std::vector<float> values(count);
  for (float& value : values) value = normal(random);
  return values;
}
// To floats that bfloats can hold.
std::vector<float> rounded(std::vector<float> values) {
  for (float& value : values)
    value = std::bit_cast<float>(std::bit_cast<std::uint32_t>(value) & 0xffff0000u);
  return values;
}
std::vector<std::uint16_t> narrowed(const std::vector<float>& values) {
  std::vector<std::uint16_t> bits;
  for (const float value : values)
    bits.push_back(static_cast<std::uint16_t>(std::bit_cast<std::uint32_t>(value) >> 16));
  return bits;
}

// Keys and values of a number of tokens, `stride` apart, and queries with what they see.
struct Sizes {
  std::size_t width, tokens, queries;
  float softcap;
  bool extra;
  std::size_t page;  // tokens of a stretch
  std::size_t window;
  bool bfloats = false;  // what keys and values are
};

struct Case {
  explicit Case(const Sizes& of) : sizes(of), stride(of.width + 3) {
    queries = random_floats(sizes.queries * sizes.width, 1);
    keys = random_floats(sizes.tokens * stride, 2);
    values = random_floats(sizes.tokens * stride, 3);
    if (sizes.bfloats) {
      keys = rounded(keys);
      values = rounded(values);
    }
    if (sizes.extra) extras = random_floats(sizes.queries * sizes.tokens, 4);
    // Some see nothing, others all up to a token: causal, by a window.
    for (std::size_t q = 0; q < sizes.queries; ++q) {
      const std::size_t last = q * sizes.tokens / sizes.queries + (q % 5 == 4 ? 0 : 1);
      lasts.push_back(std::min(sizes.tokens, last));
      firsts.push_back(lasts[q] < sizes.window ? 0 : lasts[q] - sizes.window);
      if (sizes.extra && sizes.tokens > 1) extras[q * sizes.tokens + firsts[q]] = -kInfinity;
    }
  }

  std::vector<double> wanted(std::size_t q) const {
    double sum = 0;
    std::vector<double> out(sizes.width);
    for (std::size_t t = firsts[q]; t < lasts[q]; ++t) {
      double score = 0;
      for (std::size_t k = 0; k < sizes.width; ++k)
        score += static_cast<double>(queries[q * sizes.width + k]) * keys[t * stride + k];
      score *= kScale;
      if (sizes.softcap > 0) score = sizes.softcap * std::tanh(score / sizes.softcap);
      if (sizes.extra) score += extras[q * sizes.tokens + t];
      const double weight = std::exp(score);
      sum += weight;
      for (std::size_t i = 0; i < sizes.width; ++i) out[i] += weight * values[t * stride + i];
    }
    for (double& x : out) x = sum == 0 ? 0 : x / sum;
    return out;
  }

  // All tokens at once; or those before each of `ends` by themselves, and then joined.
  template <class T>
  std::vector<float> attend(const std::vector<T>& stored_keys, const std::vector<T>& stored_values,
                            std::vector<std::size_t> ends = {}) const {
    std::vector<float> out(queries.size(), 7);
    std::vector<Query> asked;
    for (std::size_t q = 0; q < sizes.queries; ++q) {
      asked.push_back(
          {queries.data() + q * sizes.width, out.data() + q * sizes.width, firsts[q], lasts[q]});
    }
    const std::size_t record = sizes.width + 1;
    std::vector<float> parts(sizes.queries * ends.size() * record, 7);
    const auto look_at_part = [&](std::size_t part) {
      for (std::size_t q = 0; q < sizes.queries; ++q) {
        asked[q].first = std::max(firsts[q], part == 0 ? 0 : ends[part - 1]);
        asked[q].last = std::max(asked[q].first, std::min(lasts[q], ends[part]));
        asked[q].out = parts.data() + (q * ends.size() + part) * record;
        asked[q].log_sum = asked[q].out + sizes.width;
      }
    };
    std::vector<KeyStretch<T>> stretches;
    for (std::size_t at = 0; at < sizes.tokens; at += sizes.page) {
      stretches.push_back({stored_keys.data() + at * stride, stored_values.data() + at * stride,
                           std::min(sizes.page, sizes.tokens - at)});
    }
    ScoreExtra extra;
    if (sizes.extra) {
      extra = [&](std::size_t query, std::size_t first, std::span<float> scores) {
        EXPECT_GE(first, firsts[query]);
        EXPECT_LE(first + scores.size(), lasts[query]);
        for (std::size_t i = 0; i < scores.size(); ++i)
          scores[i] += extras[query * sizes.tokens + first + i];
      };
    }
    const auto look = [&] {
      attend_queries({sizes.width, kScale, sizes.softcap}, asked, SeenKeys<T>{stretches, stride},
                     extra);
    };
    if (ends.empty()) look();
    for (std::size_t part = 0; part < ends.size(); ++part) {
      look_at_part(part);
      look();
    }
    for (std::size_t q = 0; q < sizes.queries && !ends.empty(); ++q) {
      join_parts(sizes.width,
                 std::span(parts).subspan(q * ends.size() * record, ends.size() * record),
                 out.data() + q * sizes.width);
    }
    return out;
  }

  static constexpr float kScale = 0.3f;
  Sizes sizes;
  std::size_t stride;
  std::vector<float> queries, keys, values, extras;
  std::vector<std::size_t> firsts, lasts;
};

void expect_wanted(const Case& one, const Sizes& sizes, const std::vector<float>& out,
                   const char* how) {
  for (std::size_t q = 0; q < sizes.queries; ++q) {
    const std::vector<double> wanted = one.wanted(q);
    for (std::size_t i = 0; i < sizes.width; ++i) {
      // Beside bfloats, tiles keep 17 digits of queries and weights.
      ASSERT_NEAR(out[q * sizes.width + i], wanted[i],
                  sizes.bfloats && level() == Level::Amx ? 6e-5 : kNear)
          << how << ": " << sizes.width << " wide, " << sizes.tokens << " tokens, " << q << " of "
          << sizes.queries << " queries, pages of " << sizes.page;
    }
  }
}

void check(Sizes sizes) {
  for (const bool bfloats : {false, true}) {
    sizes.bfloats = bfloats;
    const Case one(sizes);
    const auto attend = [&](const std::vector<std::size_t>& ends) {
      return bfloats ? one.attend(narrowed(one.keys), narrowed(one.values), ends)
                     : one.attend(one.keys, one.values, ends);
    };
    expect_wanted(one, sizes, attend({}), "at once");
    const std::size_t tokens = sizes.tokens;
    expect_wanted(one, sizes, attend({tokens / 3, tokens / 3, tokens * 2 / 3, tokens}), "in parts");
  }
}

TEST_P(AttentionLevel, IsASoftmaxOverWhatIsSeen) {
  for (const std::size_t width : {1, 16, 24, 64, 80}) {
    for (const std::size_t tokens : {1, 17, 64, 150}) {
      for (const std::size_t queries : {1, 5, 6, 16, 37}) {
        check({width, tokens, queries, 0, false, 32, 1000});
        check({width, tokens, queries, 5, true, 13, 40});
      }
    }
  }
}

TEST_P(AttentionLevel, IsThatForShapesByChance) {
  std::mt19937 random(5);
  const auto up_to = [&](std::size_t most) { return 1 + random() % most; };
  for (int i = 0; i < 40; ++i) {
    check({up_to(130), up_to(300), up_to(90), i % 3 == 0 ? 2.0f : 0.0f, i % 2 == 0, up_to(100),
           up_to(200)});
  }
}

TEST_P(AttentionLevel, SeesNothingWhereNothingIs) {
  const std::vector<float> ones(4 * 3, 1);
  const KeyStretch<float> stretch{ones.data(), ones.data(), 3};
  const ScoreExtra hide = [](std::size_t, std::size_t, std::span<float> scores) {
    std::ranges::fill(scores, -kInfinity);
  };
  for (const std::size_t count : {1, 20}) {
    std::vector<float> out(count * 4, 7);
    std::vector<Query> queries;
    for (std::size_t q = 0; q < count; ++q)
      queries.push_back({ones.data(), out.data() + q * 4, 0, 3});
    attend_queries({4, 1, 0}, queries, SeenKeys<float>{{&stretch, 1}, 4}, hide);
    for (const float x : out) EXPECT_EQ(x, 0);
    std::ranges::fill(out, 7.0f);
    for (Query& query : queries) query.last = 0;
    attend_queries({4, 1, 0}, queries, SeenKeys<float>{{&stretch, 1}, 4});
    for (const float x : out) EXPECT_EQ(x, 0);
  }
  attend_queries({4, 1, 0}, {}, SeenKeys<float>{{&stretch, 1}, 4});
}

TEST_P(AttentionLevel, BearsScoresOfAnySize) {
  // Weights that vanish, and a highest score that comes last.
  std::vector<float> keys(200);
  for (std::size_t t = 0; t < keys.size(); ++t) keys[t] = static_cast<float>(t) * 40 - 3000;
  const std::vector<float> ones(200, 1);
  const KeyStretch<float> stretch{keys.data(), keys.data(), keys.size()};
  for (const std::size_t count : {1, 20}) {
    std::vector<float> out(count);
    std::vector<Query> queries;
    for (std::size_t q = 0; q < count; ++q)
      queries.push_back({ones.data(), out.data() + q, 0, keys.size()});
    attend_queries({1, 1, 0}, queries, SeenKeys<float>{{&stretch, 1}, 1});
    for (const float x : out) EXPECT_NEAR(x, keys.back(), 0.05f);
  }
}

TEST_P(AttentionLevel, LetsNanThrough) {
  std::vector<float> keys(4 * 3, 1);
  keys[5] = std::numeric_limits<float>::quiet_NaN();
  const std::vector<float> ones(4 * 3, 1);
  const KeyStretch<float> stretch{keys.data(), ones.data(), 3};
  for (const std::size_t count : {1, 20}) {
    std::vector<float> out(count * 4, 7);
    std::vector<Query> queries;
    for (std::size_t q = 0; q < count; ++q)
      queries.push_back({ones.data(), out.data() + q * 4, 0, 3});
    attend_queries({4, 1, 0}, queries, SeenKeys<float>{{&stretch, 1}, 4});
    for (const float x : out) EXPECT_TRUE(std::isnan(x));
  }
}

}  // namespace
}  // namespace embrace::transformers
