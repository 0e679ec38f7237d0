#pragma once
// Sound: samples of one channel, as models hear it, and how it is read from WAV files and brought
// to a model's rate.
//
// Threads: any.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/result.h"
#include "transformers/kernels/team.h"

namespace embrace::transformers {

struct Sound {
  std::vector<float> samples;  // full scale is -1 to 1
  std::uint32_t rate = 0;      // samples in a second
};

inline constexpr std::uint32_t kRateMin = 1000;
inline constexpr std::uint32_t kRateMax = 192'000;
inline constexpr std::size_t kWaveBytesMax = std::size_t{1} << 30;
inline constexpr std::size_t kWaveChannelsMax = 64;
// What one sound may have, at any rate: four hours and a half at 16 kHz.
inline constexpr std::size_t kSamplesMax = std::size_t{1} << 28;

// The bytes of a WAV file (RIFF; Microsoft and IBM 1991, and WAVE_FORMAT_EXTENSIBLE): whole numbers
// of 8, 16, 24 or 32 bits, divided by 2^(bits - 1), or floats of 32 or 64 bits. Channels are
// averaged. A length of all ones, which programs write that do not know it yet, means the rest of
// the file.
//
// Corrupt for what breaks the format, TooLarge beyond the limits above, NotBuilt for other codings.
Result<Sound> read_wave(std::span<const std::byte> file);

// The same sound at another rate, ceil(samples * rate / sound.rate) of them:
//
//   y[n] = sum over k of x[k] h(n * from / to - k)
//   h(t) = c sinc(c t) kaiser(c t / 64), for |c t| < 64
//
// with c = 0.95 min(1, to / from), kaiser(u) = I0(10 sqrt(1 - u^2)) / I0(10) (Kaiser 1974), and h
// scaled so that a constant stays what it is. Before the first sample and behind the last is
// silence. Frequencies up to 0.9 of the lower rate's half stay; what the lower rate cannot hold is
// 90 dB down. Rates with so large a common denominator that h would be computed for millions of
// places take it from a table, within 1e-6 of full scale. InvalidArgument for rates outside
// kRateMin to kRateMax, TooLarge above kSamplesMax.
Result<Sound> resample(Team& team, Sound sound, std::uint32_t rate);

}  // namespace embrace::transformers
