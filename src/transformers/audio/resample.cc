// Another rate for a sound: a windowed sinc, whose numbers repeat after as many samples as the
// reduced rates have. Where these are too many, they come from a finely sampled sinc.
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
constexpr std::size_t kTableMax = std::size_t{1} << 19;  // weights of all phases

// h for one phase or one point of the table: a sinc under Kaiser's window, at `x` zeros.
double kernel(double x) {
  const double u = x / kZeros;
  if (std::abs(u) >= 1) return 0;
  const double turn = std::numbers::pi * x;
  const double sinc = std::abs(turn) < 1e-9 ? 1 : std::sin(turn) / turn;
  static const double whole = std::cyl_bessel_i(0.0, kKaiser);
  return sinc * std::cyl_bessel_i(0.0, kKaiser * std::sqrt(1 - u * u)) / whole;
}

// One way from a rate to another: output n has its middle at n * from / to, and tap j of it looks
// at sample floor(middle) - reach + 1 + j.
struct Plan {
  std::uint64_t from = 1;  // the rates without what they have in common
  std::uint64_t to = 1;
  double cutoff = 1;
  std::int64_t reach = 0;

  std::size_t taps() const { return static_cast<std::size_t>(2 * reach); }
  std::int64_t first_sample(std::size_t n) const {
    return static_cast<std::int64_t>(n * from / to) - reach + 1;
  }
  // How far the middle is from the first tap's sample.
  double first_distance(std::size_t n) const {
    return static_cast<double>(n * from % to) / static_cast<double>(to) +
           static_cast<double>(reach) - 1;
  }
};

// The kernel at evenly spaced places, and what is between two of them on the line that joins them:
// for rates that have too many phases for a table of each. Off by less than
// pi^2 / 24 / kPointsOfZero^2 of its height.
class SampledKernel {
 public:
  SampledKernel() {
    for (std::size_t i = 0; i < kPoints; ++i)
      points_.push_back(kernel(static_cast<double>(i) / kPointsOfZero));
    points_.push_back(0);
  }
  double at(double x) const {
    const double place = std::abs(x) * kPointsOfZero;
    const auto point = static_cast<std::size_t>(place);
    if (point >= kPoints) return 0;
    const double behind = place - static_cast<double>(point);
    return points_[point] + behind * (points_[point + 1] - points_[point]);
  }

 private:
  static constexpr double kPointsOfZero = 1024;
  static constexpr auto kPoints = static_cast<std::size_t>(kZeros * kPointsOfZero);
  std::vector<double> points_;
};

// Weights do not depend on anything but the part of the middle behind the point: n modulo `to`.
void resample_by_phases(Team& team, const Plan& plan, std::span<const float> in,
                        std::span<float> out) {
  const std::size_t taps = plan.taps();
  const std::size_t phases = std::min<std::size_t>(plan.to, out.size());
  std::vector<float> table(phases * taps);
  team.split(phases, 16, [&](std::size_t begin, std::size_t end) {
    std::vector<double> values(taps);
    for (std::size_t phase = begin; phase < end; ++phase) {
      double sum = 0;
      for (std::size_t j = 0; j < taps; ++j) {
        values[j] = kernel((plan.first_distance(phase) - static_cast<double>(j)) * plan.cutoff);
        sum += values[j];
      }
      for (std::size_t j = 0; j < taps; ++j)
        table[phase * taps + j] = static_cast<float>(values[j] / sum);
    }
  });
  const auto count = static_cast<std::int64_t>(in.size());
  team.split(out.size(), 1024, [&](std::size_t begin, std::size_t end) {
    for (std::size_t n = begin; n < end; ++n) {
      const std::int64_t first = plan.first_sample(n);
      const float* weights = table.data() + n % plan.to * taps;
      const std::int64_t low = std::max<std::int64_t>(0, first);
      const std::int64_t high = std::min(count, first + static_cast<std::int64_t>(taps));
      double sum = 0;
      for (std::int64_t k = low; k < high; ++k)
        sum += static_cast<double>(weights[k - first]) *
               static_cast<double>(in[static_cast<std::size_t>(k)]);
      out[n] = static_cast<float>(sum);
    }
  });
}

void resample_by_sampled_kernel(Team& team, const Plan& plan, std::span<const float> in,
                                std::span<float> out) {
  static const SampledKernel sampled;
  const auto count = static_cast<std::int64_t>(in.size());
  team.split(out.size(), 64, [&](std::size_t begin, std::size_t end) {
    for (std::size_t n = begin; n < end; ++n) {
      const std::int64_t first = plan.first_sample(n);
      const double distance = plan.first_distance(n);
      double sum = 0;
      double weights = 0;
      for (std::size_t j = 0; j < plan.taps(); ++j) {
        const double weight = sampled.at((distance - static_cast<double>(j)) * plan.cutoff);
        weights += weight;
        const std::int64_t k = first + static_cast<std::int64_t>(j);
        if (k >= 0 && k < count)
          sum += weight * static_cast<double>(in[static_cast<std::size_t>(k)]);
      }
      out[n] = static_cast<float>(sum / weights);
    }
  });
}

}  // namespace

Result<Sound> resample(Team& team, Sound sound, std::uint32_t rate) {
  for (const std::uint32_t one : {sound.rate, rate}) {
    if (one < kRateMin || one > kRateMax) {
      return fail(Code::InvalidArgument, cat("a rate of ", one, " samples in a second; from ",
                                             kRateMin, " to ", kRateMax, " are built"));
    }
  }
  if (sound.rate == rate) return sound;
  const std::uint64_t common = std::gcd(sound.rate, rate);
  Plan plan{.from = sound.rate / common, .to = rate / common};
  plan.cutoff =
      kRolloff * std::min(1.0, static_cast<double>(rate) / static_cast<double>(sound.rate));
  plan.reach = static_cast<std::int64_t>(std::ceil(kZeros / plan.cutoff));

  if (sound.samples.size() / plan.from + 1 > kSamplesMax / plan.to)
    return fail(Code::TooLarge, cat("the sound has more than ", kSamplesMax, " samples"));
  Sound out;
  out.rate = rate;
  out.samples.resize((sound.samples.size() * plan.to + plan.from - 1) / plan.from);
  const std::size_t phases = std::min<std::size_t>(plan.to, out.samples.size());
  (phases * plan.taps() <= kTableMax ? resample_by_phases : resample_by_sampled_kernel)(
      team, plan, sound.samples, out.samples);
  return out;
}

}  // namespace embrace::transformers
