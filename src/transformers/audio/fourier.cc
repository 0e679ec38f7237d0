#include "transformers/audio/fourier.h"

#include <numbers>

#include "base/check.h"

namespace embrace::transformers {

namespace {

using Complex = std::complex<double>;

// std::complex's own product looks for infinities.
Complex times(Complex a, Complex b) {
  return {a.real() * b.real() - a.imag() * b.imag(), a.real() * b.imag() + a.imag() * b.real()};
}

Complex turn(std::size_t part, std::size_t whole) {
  return std::polar(
      1.0, -2.0 * std::numbers::pi * static_cast<double>(part) / static_cast<double>(whole));
}

}  // namespace

Fourier::Fourier(std::size_t length)
    : length_(length), size_(length % 2 == 0 ? length / 2 : length) {
  EMB_CHECK(length >= 1, "a transform has a length");
  std::size_t left = size_;
  for (std::size_t factor = 2; left > 1; ++factor) {
    for (; left % factor == 0; left /= factor) factors_.push_back(factor);
  }
  for (std::size_t i = 0; i < size_; ++i) turns_.push_back(turn(i, size_));
  if (length % 2 == 0) {
    for (std::size_t k = 0; k <= size_; ++k) halves_.push_back(turn(k, length));
  }
}

// out[k] of every stride-th number of `in`, from the transforms of the stretches that the next
// factor makes of them. `spare` holds those, and is as long as `out`.
void Fourier::step(std::span<const Complex> in, std::size_t stride, std::size_t factor,
                   std::span<Complex> out, std::span<Complex> spare) const {
  if (factor == factors_.size()) {
    out[0] = in[0];
    return;
  }
  const std::size_t radix = factors_[factor];
  const std::size_t count = out.size();
  const std::size_t part = count / radix;
  for (std::size_t i = 0; i < radix; ++i) {
    step(in.subspan(i * stride), stride * radix, factor + 1, spare.subspan(i * part, part),
         out.subspan(i * part, part));
  }
  for (std::size_t k = 0; k < count; ++k) {
    Complex sum = spare[k % part];
    // stride * count is size_, so the turn by k i / count is at k i stride.
    std::size_t at = 0;
    for (std::size_t i = 1; i < radix; ++i) {
      at += k * stride;
      if (at >= size_) at -= size_;
      sum += times(spare[i * part + k % part], turns_[at]);
    }
    out[k] = sum;
  }
}

void Fourier::transform(std::span<const double> in, std::span<Complex> out, Workspace& work) const {
  EMB_CHECK(in.size() == length_ && out.size() == bins(), "the transform has its length");
  work.resize(3 * size_);
  const std::span<Complex> numbers(work.data(), size_);
  const std::span<Complex> result(work.data() + size_, size_);
  const std::span<Complex> spare(work.data() + 2 * size_, size_);
  if (length_ % 2 != 0) {
    for (std::size_t i = 0; i < size_; ++i) numbers[i] = in[i];
    step(numbers, 1, 0, result, spare);
    for (std::size_t k = 0; k < out.size(); ++k) out[k] = result[k];
    return;
  }
  // Even numbers as real parts and odd ones as imaginary parts: one transform gives both, told
  // apart by the symmetry that transforms of real numbers have.
  for (std::size_t i = 0; i < size_; ++i) numbers[i] = {in[2 * i], in[2 * i + 1]};
  step(numbers, 1, 0, result, spare);
  for (std::size_t k = 0; k <= size_; ++k) {
    const Complex one = result[k % size_];
    const Complex other = std::conj(result[(size_ - k) % size_]);
    const Complex even = 0.5 * (one + other);
    const Complex odd = times({0, -0.5}, one - other);
    out[k] = even + times(halves_[k], odd);
  }
}

}  // namespace embrace::transformers
