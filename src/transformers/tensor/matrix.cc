#include "transformers/tensor/matrix.h"

#include <sys/mman.h>

#include <cstdlib>
#include <new>

namespace embrace::transformers {

namespace {
constexpr std::size_t kLine = 64;
constexpr std::size_t kHuge = std::size_t{2} << 20;
}  // namespace

void Matrix::Free::operator()(float* memory) const { std::free(memory); }

void Matrix::resize(std::size_t rows, std::size_t columns) {
  if (columns != 0 && rows > SIZE_MAX / sizeof(float) / columns) throw std::bad_array_new_length();
  const std::size_t wanted = rows * columns;
  if (wanted > capacity_) {
    // Large ones in pages of 2 MiB, when the system gives them: products cross a row each step.
    const std::size_t unit = wanted * sizeof(float) < kHuge ? kLine : kHuge;
    const std::size_t bytes = (wanted * sizeof(float) + unit - 1) / unit * unit;
    auto* memory = static_cast<float*>(std::aligned_alloc(unit, bytes));
    if (memory == nullptr) throw std::bad_alloc();
    if (unit == kHuge) madvise(memory, bytes, MADV_HUGEPAGE);
    data_.reset(memory);
    capacity_ = bytes / sizeof(float);
  }
  rows_ = rows;
  columns_ = columns;
}

}  // namespace embrace::transformers
