#pragma once
// What tests of speech share: the signal of tests/transformers/audio_models.py.

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <numbers>
#include <string>
#include <vector>

#include "transformers/models/model_fixture.h"

namespace embrace::transformers {

// Two tones under noise, rising and falling.
inline std::vector<float> signal(const std::string& name, std::size_t count) {
  const OwnedTensor noise = fixture_tensor(name, {static_cast<std::int64_t>(count)});
  std::vector<float> samples(count);
  for (std::size_t i = 0; i < count; ++i) {
    const auto at = static_cast<double>(i);
    float one = 0;
    std::memcpy(&one, noise.bytes.data() + i * sizeof one, sizeof one);
    const double tones = 0.3 * std::sin(at * 0.05) + 0.1 * std::sin(at * 0.71);
    samples[i] =
        static_cast<float>((tones + 0.2 * static_cast<double>(one)) *
                           std::sin(std::numbers::pi * (at + 0.5) / static_cast<double>(count)));
  }
  return samples;
}

}  // namespace embrace::transformers
