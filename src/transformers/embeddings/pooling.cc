#include "transformers/embeddings/pooling.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string_view>
#include <utility>

#include "base/check.h"
#include "base/strings.h"

namespace embrace::transformers {

namespace {

struct ModeName {
  PoolingMode mode;
  std::string_view flag;   // a boolean of its own
  std::string_view value;  // of "pooling_mode", which newer files have
};

constexpr ModeName kModes[] = {
    {PoolingMode::Cls, "pooling_mode_cls_token", "cls"},
    {PoolingMode::Max, "pooling_mode_max_tokens", "max"},
    {PoolingMode::Mean, "pooling_mode_mean_tokens", "mean"},
    {PoolingMode::MeanSqrt, "pooling_mode_mean_sqrt_len_tokens", "mean_sqrt_len_tokens"},
    {PoolingMode::WeightedMean, "pooling_mode_weightedmean_tokens", "weightedmean"},
    {PoolingMode::LastToken, "pooling_mode_lasttoken", "lasttoken"},
};

}  // namespace

Result<Pooling> Pooling::parse(json::View config) {
  std::vector<PoolingMode> modes;
  std::vector<std::string_view> named;
  if (const auto name = config["pooling_mode"].text()) named.push_back(*name);
  for (const json::View name : config["pooling_mode"].items())
    named.push_back(name.text().value_or(""));
  for (const std::string_view name : named) {
    const auto* const known = std::ranges::find(kModes, name, &ModeName::value);
    if (known == std::end(kModes))
      return fail(Code::NotBuilt, cat("pooling_mode \"", name, "\" is not built"));
    modes.push_back(known->mode);
  }
  if (modes.empty()) {
    for (const ModeName& one : kModes) {
      if (config[one.flag].boolean().value_or(false)) modes.push_back(one.mode);
    }
  }
  if (modes.empty()) modes.push_back(PoolingMode::Mean);
  if (modes.size() > std::size(kModes))
    return fail(Code::InvalidArgument, "the pooling's config names a mode twice");
  return Pooling(std::move(modes), config["include_prompt"].boolean().value_or(true));
}

void Pooling::apply(const EncoderBatch& batch, const Matrix& rows, std::size_t sequence,
                    std::size_t skip, std::span<float> out) const {
  const std::size_t width = rows.columns();
  const std::size_t begin = batch.starts[sequence];
  const std::size_t end = batch.starts[sequence + 1];
  EMB_CHECK(begin + skip < end, "a sequence has tokens behind its prompt");
  EMB_CHECK(out.size() == width * modes_.size(), "there is room for every mode");
  for (std::size_t i = 0; i < modes_.size(); ++i) {
    const PoolingMode mode = modes_[i];
    const auto into = out.subspan(i * width, width);
    if (mode == PoolingMode::Cls || mode == PoolingMode::LastToken) {
      std::ranges::copy(rows.row(mode == PoolingMode::Cls ? begin + skip : end - 1), into.begin());
      continue;
    }
    std::ranges::fill(into, mode == PoolingMode::Max ? -std::numeric_limits<float>::infinity() : 0);
    float weights = 0;
    for (std::size_t row = begin + skip; row < end; ++row) {
      const auto features = rows.row(row);
      if (mode == PoolingMode::Max) {
        for (std::size_t k = 0; k < width; ++k) into[k] = std::max(into[k], features[k]);
        continue;
      }
      const float weight =
          mode == PoolingMode::WeightedMean ? static_cast<float>(row - begin + 1) : 1.0f;
      weights += weight;
      for (std::size_t k = 0; k < width; ++k) into[k] += weight * features[k];
    }
    if (mode == PoolingMode::Max) continue;
    const float by = mode == PoolingMode::MeanSqrt ? std::sqrt(weights) : weights;
    for (float& value : into) value /= by;
  }
}

}  // namespace embrace::transformers
