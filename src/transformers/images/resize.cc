#include "transformers/images/resize.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>

#include "transformers/images/image_formats.h"

namespace embrace::transformers {

namespace {

constexpr int kPointBits = 22;  // 32 less 8 of a byte and 2 for sums that go beyond
constexpr std::size_t kGrainRows = 8;

double sinc(double x) {
  if (x == 0) return 1;
  x *= std::numbers::pi;
  return std::sin(x) / x;
}

double weight_at(ResizeFilter filter, double x) {
  const double far = std::abs(x);
  switch (filter) {
    case ResizeFilter::Box:
      return x > -0.5 && x <= 0.5 ? 1 : 0;
    case ResizeFilter::Bilinear:
      return far < 1 ? 1 - far : 0;
    case ResizeFilter::Hamming:
      if (far == 0) return 1;
      return far < 1 ? sinc(far) * (0.54 + 0.46 * std::cos(std::numbers::pi * far)) : 0;
    case ResizeFilter::Bicubic: {
      constexpr double kA = -0.5;
      if (far < 1) return ((kA + 2) * far - (kA + 3)) * far * far + 1;
      return far < 2 ? (((far - 5) * far + 8) * far - 4) * kA : 0;
    }
    case ResizeFilter::Lanczos:
      return x >= -3 && x < 3 ? sinc(x) * sinc(x / 3) : 0;
    case ResizeFilter::Nearest:
      break;
  }
  return 0;
}

double reach_of(ResizeFilter filter) {
  switch (filter) {
    case ResizeFilter::Nearest:
    case ResizeFilter::Box:
      return 0.5;
    case ResizeFilter::Bilinear:
    case ResizeFilter::Hamming:
      return 1;
    case ResizeFilter::Bicubic:
      return 2;
    case ResizeFilter::Lanczos:
      break;
  }
  return 3;
}

// For each place along one side of the new image: where its pixels begin in the old one, and how
// much each counts.
class Weights1d {
 public:
  Weights1d(std::size_t from, std::size_t to, ResizeFilter filter) {
    const double scale = static_cast<double>(from) / static_cast<double>(to);
    const double wider = std::max(scale, 1.0);
    const double reach = reach_of(filter) * wider;
    const double closer = 1 / wider;
    std::vector<double> weights;
    for (std::size_t i = 0; i < to; ++i) {
      const double center = (static_cast<double>(i) + 0.5) * scale;
      const auto first = static_cast<std::size_t>(std::max(0.0, center - reach + 0.5));
      const auto last = std::min(from, static_cast<std::size_t>(center + reach + 0.5));
      weights.clear();
      double sum = 0;
      for (std::size_t at = first; at < last; ++at) {
        weights.push_back(weight_at(filter, (static_cast<double>(at) - center + 0.5) * closer));
        sum += weights.back();
      }
      firsts_.push_back(first);
      for (const double weight : weights) {
        const double scaled = (sum == 0 ? weight : weight / sum) * (1 << kPointBits);
        numbers_.push_back(static_cast<std::int32_t>(scaled + (scaled < 0 ? -0.5 : 0.5)));
      }
      starts_.push_back(numbers_.size());
    }
  }

  std::size_t first(std::size_t place) const { return firsts_[place]; }
  std::span<const std::int32_t> of(std::size_t place) const {
    return std::span(numbers_).subspan(starts_[place], starts_[place + 1] - starts_[place]);
  }

 private:
  std::vector<std::size_t> firsts_;
  std::vector<std::size_t> starts_{0};
  std::vector<std::int32_t> numbers_;
};

constexpr std::int32_t kHalf = 1 << (kPointBits - 1);

std::uint8_t to_byte(std::int32_t sum) {
  return static_cast<std::uint8_t>(std::clamp(sum >> kPointBits, 0, 255));
}

Image along_rows(Team& team, const Image& image, std::size_t width, ResizeFilter filter) {
  const Weights1d weights(image.width, width, filter);
  Image made(width, image.height);
  team.split(image.height, kGrainRows, [&](std::size_t begin, std::size_t end) {
    for (std::size_t y = begin; y < end; ++y) {
      std::uint8_t* into = made.row(y);
      for (std::size_t x = 0; x < width; ++x, into += 3) {
        const std::uint8_t* from = image.row(y) + 3 * weights.first(x);
        std::int32_t red = kHalf;
        std::int32_t green = kHalf;
        std::int32_t blue = kHalf;
        for (const std::int32_t weight : weights.of(x)) {
          red += weight * from[0];
          green += weight * from[1];
          blue += weight * from[2];
          from += 3;
        }
        into[0] = to_byte(red);
        into[1] = to_byte(green);
        into[2] = to_byte(blue);
      }
    }
  });
  return made;
}

Image along_columns(Team& team, const Image& image, std::size_t height, ResizeFilter filter) {
  const Weights1d weights(image.height, height, filter);
  Image made(image.width, height);
  const std::size_t numbers = 3 * image.width;
  team.split(height, kGrainRows, [&](std::size_t begin, std::size_t end) {
    std::vector<std::int32_t> sums(numbers);
    for (std::size_t y = begin; y < end; ++y) {
      std::ranges::fill(sums, kHalf);
      std::size_t row = weights.first(y);
      for (const std::int32_t weight : weights.of(y)) {
        const std::uint8_t* from = image.row(row++);
        for (std::size_t i = 0; i < numbers; ++i) sums[i] += weight * from[i];
      }
      std::ranges::transform(sums, made.row(y), to_byte);
    }
  });
  return made;
}

// The old pixel under the middle of each new one. Places are summed up, as Pillow does it: with its
// rounding.
std::vector<std::size_t> nearest_places(std::size_t from, std::size_t to) {
  const double scale = static_cast<double>(from) / static_cast<double>(to);
  std::vector<std::size_t> places;
  double at = scale * 0.5;
  for (std::size_t i = 0; i < to; ++i, at += scale)
    places.push_back(std::min(from - 1, static_cast<std::size_t>(at)));
  return places;
}

Image nearest(const Image& image, std::size_t width, std::size_t height) {
  const auto columns = nearest_places(image.width, width);
  const auto rows = nearest_places(image.height, height);
  Image made(width, height);
  for (std::size_t y = 0; y < height; ++y) {
    for (std::size_t x = 0; x < width; ++x)
      std::copy_n(image.row(rows[y]) + 3 * columns[x], 3, made.row(y) + 3 * x);
  }
  return made;
}

}  // namespace

Result<Image> resize(Team& team, const Image& image, std::size_t width, std::size_t height,
                     ResizeFilter filter) {
  EMB_DO(check_sides(image.width, image.height));
  EMB_DO(check_sides(width, height));
  if (width == image.width && height == image.height) return image;
  if (filter == ResizeFilter::Nearest) return nearest(image, width, height);
  EMB_DO(check_sides(width, image.height));
  if (width == image.width) return along_columns(team, image, height, filter);
  if (height == image.height) return along_rows(team, image, width, filter);
  return along_columns(team, along_rows(team, image, width, filter), height, filter);
}

}  // namespace embrace::transformers
