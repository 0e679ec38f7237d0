#include "transformers/models/rope.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <string>
#include <utility>

#include "base/strings.h"
#include "transformers/models/config.h"

namespace embrace::transformers {

namespace {

constexpr double kThetaMax = 1e12;
constexpr double kFactorMax = 1e6;
constexpr double kLengthMax = 64e6;  // of a text, in tokens

std::vector<float> plain_frequencies(double theta, std::size_t count) {
  std::vector<float> inverse(count);
  const auto base = static_cast<float>(theta);
  for (std::size_t i = 0; i < count; ++i) {
    inverse[i] = 1.0f / std::pow(base, static_cast<float>(i) / static_cast<float>(count));
  }
  return inverse;
}

std::vector<float> read_factors(ConfigReader& read, std::string_view key, std::size_t count) {
  std::vector<float> factors;
  for (const json::View item : read.object()[key].items()) {
    const auto value = item.number();
    if (!value || !(*value > 0) || *value > kFactorMax) break;
    factors.push_back(static_cast<float>(*value));
  }
  if (factors.size() != count) read.complain(cat("", key, " must be ", count, " positive numbers"));
  factors.resize(count, 1.0f);
  return factors;
}

double yarn_scale(double factor, double m) {
  return factor <= 1 ? 1.0 : 0.1 * m * std::log(factor) + 1.0;
}

// Blends frequencies and their stretched selves by how often they turn over the original length.
void stretch_by_yarn(std::vector<float>& inverse, double theta, double factor, double length,
                     double beta_fast, double beta_slow, bool truncate) {
  const auto dims = static_cast<double>(inverse.size() * 2);
  const auto dim_of = [&](double turns) {
    return dims * std::log(length / (turns * 2 * std::numbers::pi)) / (2 * std::log(theta));
  };
  double low = dim_of(beta_fast);
  double high = dim_of(beta_slow);
  if (truncate) {
    low = std::floor(low);
    high = std::ceil(high);
  }
  low = std::max(low, 0.0);
  high = std::min(high, dims - 1);
  if (low == high) high += 0.001;
  for (std::size_t i = 0; i < inverse.size(); ++i) {
    const auto ramp =
        static_cast<float>(std::clamp((static_cast<double>(i) - low) / (high - low), 0.0, 1.0));
    const float stretched = inverse[i] / static_cast<float>(factor);
    inverse[i] = stretched * ramp + inverse[i] * (1.0f - ramp);
  }
}

// Meta's rule for Llama 3.1: long waves are stretched, short ones stay, those between are blended.
void stretch_as_llama3(std::vector<float>& inverse, double factor, double low, double high,
                       double length) {
  for (float& frequency : inverse) {
    const double wave = 2 * std::numbers::pi / frequency;
    if (wave > length / low) {
      frequency = static_cast<float>(frequency / factor);
    } else if (wave >= length / high) {
      const double smooth = (length / wave - low) / (high - low);
      frequency = static_cast<float>((1 - smooth) * frequency / factor + smooth * frequency);
    }
  }
}

}  // namespace

Result<Rope> Rope::parse(json::View config, const Where& where) {
  ConfigReader top(config);
  const bool old = where.reads_old_scaling && top.has("rope_scaling");
  json::View source = old ? config["rope_scaling"] : config["rope_parameters"];
  if (!old && !where.layer_type.empty() && source[where.layer_type].exists())
    source = source[where.layer_type];
  ConfigReader read(source.is_object() ? source : json::View());

  const double default_theta = top.number_or(where.theta_key, where.theta, 1, kThetaMax);
  const double default_partial = top.number_or("partial_rotary_factor", 1, 0, 1);
  EMB_DO(top.status());
  const double partial = read.number_or("partial_rotary_factor", default_partial, 0, 1);
  if (partial != 1 && !where.is_partial) {
    return fail(Code::NotBuilt,
                "heads that are turned in part (partial_rotary_factor) are not built here");
  }
  std::string type = read.text_or("rope_type", read.text_or("type", "default"));
  if (type == "su" || (type == "yarn" && where.is_phi)) type = "longrope";

  Rope rope;
  rope.theta_ = read.number_or("rope_theta", default_theta, 1, kThetaMax);
  const auto dims = static_cast<std::size_t>(static_cast<double>(where.head_dim) * partial);
  if (dims == 0 || dims % 2 != 0) {
    return fail(Code::InvalidArgument,
                cat("rotary embeddings need an even number of features, not ", dims));
  }
  rope.inverse_ = plain_frequencies(rope.theta_, dims / 2);

  const std::size_t usual = where.is_phi ? 4096 : 2048;
  const auto most = static_cast<double>(top.size_or("max_position_embeddings", usual));
  const double inner =
      where.is_phi ? static_cast<double>(usual)
                   : read.number_or("original_max_position_embeddings", most, 1, kLengthMax);
  const double original = top.number_or("original_max_position_embeddings", inner, 1, kLengthMax);
  const auto factor = [&](double otherwise) {
    return read.number_or("factor", otherwise, 1e-3, kFactorMax);
  };
  if (type != "default" && type != "longrope" && type != "yarn" && !read.has("factor"))
    read.complain(cat("rotary embeddings of kind ", type, " need a factor"));

  if (type == "default") {
  } else if (type == "linear") {
    for (float& frequency : rope.inverse_) frequency /= static_cast<float>(factor(1));
  } else if (type == "dynamic") {
    rope.dynamic_ = dims > 2;
    rope.factor_ = factor(1);
    rope.original_length_ = static_cast<std::size_t>(most);
  } else if (type == "yarn") {
    const double f = factor(most / original);
    const double m = read.number_or("mscale", 0, 0, 100);
    const double m_all = read.number_or("mscale_all_dim", 0, 0, 100);
    const double scale =
        m != 0 && m_all != 0 ? yarn_scale(f, m) / yarn_scale(f, m_all) : yarn_scale(f, 1);
    rope.scale_ = static_cast<float>(read.number_or("attention_factor", scale, 0, 100));
    stretch_by_yarn(rope.inverse_, rope.theta_, f, original,
                    read.number_or("beta_fast", 32, 1e-3, 1e6),
                    read.number_or("beta_slow", 1, 1e-3, 1e6), read.flag_or("truncate", true));
  } else if (type == "longrope") {
    const auto shorter = read_factors(read, "short_factor", dims / 2);
    const auto longer = read_factors(read, "long_factor", dims / 2);
    const double f = factor(most / original);
    const double scale =
        f <= 1 || original <= 1 ? 1.0 : std::sqrt(1 + std::log(f) / std::log(original));
    rope.scale_ = static_cast<float>(read.number_or("attention_factor", scale, 0, 100));
    rope.longer_ = rope.inverse_;
    for (std::size_t i = 0; i < rope.inverse_.size(); ++i) {
      rope.inverse_[i] /= shorter[i];
      rope.longer_[i] /= longer[i];
    }
    rope.original_length_ = static_cast<std::size_t>(original);
  } else if (type == "llama3") {
    const double low = read.number_or("low_freq_factor", 1, 1e-3, 1e6);
    const double high = read.number_or("high_freq_factor", 4, 1e-3, 1e6);
    if (high <= low) read.complain("high_freq_factor must be above low_freq_factor");
    stretch_as_llama3(rope.inverse_, factor(1), low, high, original);
  } else {
    return fail(Code::NotBuilt, cat("rotary embeddings of kind ", type, " are not built"));
  }
  EMB_DO(top.status());
  EMB_DO(read.status());
  return rope;
}

void Rope::angles(std::size_t first, std::size_t length, std::size_t row, std::size_t rows,
                  Matrix& angles) const {
  std::span<const float> inverse = inverse_;
  std::vector<float> grown;
  if (dynamic_ && length > original_length_) {
    const auto dims = static_cast<double>(rotary());
    const double ratio =
        factor_ * static_cast<double>(length) / static_cast<double>(original_length_) -
        (factor_ - 1);
    grown = plain_frequencies(theta_ * std::pow(ratio, dims / (dims - 2)), inverse_.size());
    inverse = grown;
  } else if (!longer_.empty() && length > original_length_) {
    inverse = longer_;
  }
  const std::size_t half = inverse.size();
  for (std::size_t i = 0; i < rows; ++i) {
    const auto into = angles.row(row + i);
    const auto position = static_cast<float>(first + i);
    for (std::size_t k = 0; k < half; ++k) {
      const float angle = inverse[k] * position;
      into[k] = std::cos(angle) * scale_;
      into[half + k] = std::sin(angle) * scale_;
    }
  }
}

void Rope::turn(std::span<float> heads, std::size_t head_dim, std::span<const float> angles) {
  const std::size_t half = angles.size() / 2;
  const float* cosines = angles.data();
  const float* sines = cosines + half;
  for (std::size_t at = 0; at + head_dim <= heads.size(); at += head_dim) {
    float* a = heads.data() + at;
    float* b = a + half;
    for (std::size_t k = 0; k < half; ++k) {
      const float x = a[k];
      const float y = b[k];
      a[k] = x * cosines[k] - y * sines[k];
      b[k] = y * cosines[k] + x * sines[k];
    }
  }
}

}  // namespace embrace::transformers
