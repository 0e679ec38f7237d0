// Another rate for a sound: a windowed sinc, whose numbers repeat after as many samples as the
// reduced rates have.
#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

#include "base/strings.h"
#include "transformers/audio/sound.h"

namespace embrace::transformers {

namespace {

constexpr double kZeros = 64;  // of the sinc, on either side
constexpr double kRolloff = 0.95;
constexpr double kKaiser = 10;

double kernel(double t, double cutoff) {
  const double u = cutoff * t / kZeros;
  if (std::abs(u) >= 1) return 0;
  const double x = std::numbers::pi * cutoff * t;
  const double sinc = std::abs(x) < 1e-9 ? 1 : std::sin(x) / x;
  static const double whole = std::cyl_bessel_i(0.0, kKaiser);
  return sinc * std::cyl_bessel_i(0.0, kKaiser * std::sqrt(1 - u * u)) / whole;
}

}  // namespace

Result<Sound> resample(Team& team, const Sound& sound, std::uint32_t rate) {
  for (const std::uint32_t one : {sound.rate, rate}) {
    if (one < kRateMin || one > kRateMax) {
      return fail(Code::InvalidArgument, cat("a rate of ", one, " samples in a second; from ",
                                             kRateMin, " to ", kRateMax, " are built"));
    }
  }
  if (sound.rate == rate) return sound;
  const std::uint64_t common = std::gcd(sound.rate, rate);
  const std::uint64_t from = sound.rate / common;
  const std::uint64_t to = rate / common;
  const double cutoff =
      kRolloff * std::min(1.0, static_cast<double>(rate) / static_cast<double>(sound.rate));
  const auto reach = static_cast<std::int64_t>(std::ceil(kZeros / cutoff));
  const auto taps = static_cast<std::size_t>(2 * reach);

  if (sound.samples.size() / from + 1 > kSamplesMax / to)
    return fail(Code::TooLarge, cat("the sound has more than ", kSamplesMax, " samples"));
  Sound out;
  out.rate = rate;
  out.samples.resize((sound.samples.size() * to + from - 1) / from);
  // Output n has its middle at n * from / to, of which only the part behind the point matters:
  // n modulo `to` says which. Tap j looks at sample floor(middle) - reach + 1 + j.
  const std::size_t phases = std::min<std::size_t>(to, out.samples.size());
  std::vector<float> table(phases * taps);
  team.split(phases, 16, [&](std::size_t begin, std::size_t end) {
    std::vector<double> values(taps);
    for (std::size_t phase = begin; phase < end; ++phase) {
      const double behind = static_cast<double>(phase * from % to) / static_cast<double>(to);
      double sum = 0;
      for (std::size_t j = 0; j < taps; ++j) {
        values[j] =
            kernel(behind + static_cast<double>(reach) - 1 - static_cast<double>(j), cutoff);
        sum += values[j];
      }
      for (std::size_t j = 0; j < taps; ++j)
        table[phase * taps + j] = static_cast<float>(values[j] / sum);
    }
  });
  const auto count = static_cast<std::int64_t>(sound.samples.size());
  team.split(out.samples.size(), 1024, [&](std::size_t begin, std::size_t end) {
    for (std::size_t n = begin; n < end; ++n) {
      const std::int64_t first = static_cast<std::int64_t>(n * from / to) - reach + 1;
      const float* weights = table.data() + n % to * taps;
      const std::int64_t low = std::max<std::int64_t>(0, first);
      const std::int64_t high = std::min(count, first + static_cast<std::int64_t>(taps));
      double sum = 0;
      for (std::int64_t k = low; k < high; ++k)
        sum += static_cast<double>(weights[k - first]) *
               static_cast<double>(sound.samples[static_cast<std::size_t>(k)]);
      out.samples[n] = static_cast<float>(sum);
    }
  });
  return out;
}

}  // namespace embrace::transformers
