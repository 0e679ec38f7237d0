// Any bytes either are a WAV file or are refused; what is one has numbers for samples, no more than
// it has bytes.

#include <cmath>
#include <cstddef>
#include <cstdint>

#include "base/check.h"
#include "transformers/audio/sound.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace et = embrace::transformers;
  const auto sound = et::read_wave(std::as_bytes(std::span(data, size)));
  if (!sound) return 0;
  EMB_CHECK_OR_DIE(sound->samples.size() <= size, "a sample has a byte");
  EMB_CHECK_OR_DIE(sound->rate >= et::kRateMin && sound->rate <= et::kRateMax, "rates have bounds");
  for (const float sample : sound->samples)
    EMB_CHECK_OR_DIE(std::isfinite(sample), "samples are numbers");
  return 0;
}
