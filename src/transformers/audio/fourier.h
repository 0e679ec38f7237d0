#pragma once
// Fourier: the discrete transform of real numbers, for any length,
//
//   X[k] = sum over n of x[n] exp(-2 pi i k n / length),  k from 0 to length / 2.
//
// The length is cut by its prime factors (Cooley and Tukey 1965): work grows with
// length * sum of its prime factors.
//
// Threads: transform() from any, each caller with a Workspace of its own.

#include <complex>
#include <cstddef>
#include <span>
#include <vector>

namespace embrace::transformers {

class Fourier {
 public:
  using Workspace = std::vector<std::complex<double>>;

  // `length` >= 1.
  explicit Fourier(std::size_t length);

  std::size_t length() const { return length_; }
  std::size_t bins() const { return length_ / 2 + 1; }
  // The largest of its prime factors.
  std::size_t hardest() const { return factors_.empty() ? 1 : factors_.back(); }

  // `in` has length() numbers, `out` bins().
  void transform(std::span<const double> in, std::span<std::complex<double>> out,
                 Workspace& work) const;

 private:
  void step(std::span<const std::complex<double>> in, std::size_t stride, std::size_t factor,
            std::span<std::complex<double>> out, std::span<std::complex<double>> spare) const;

  std::size_t length_;
  std::size_t size_;                          // of the complex transform: half of an even length
  std::vector<std::size_t> factors_;          // of size_, ascending
  std::vector<std::complex<double>> turns_;   // exp(-2 pi i n / size_)
  std::vector<std::complex<double>> halves_;  // exp(-2 pi i k / length_), for even lengths
};

}  // namespace embrace::transformers
