#include "transformers/tensor/matrix.h"

#include <cstdlib>
#include <new>

namespace embrace::transformers {

void Matrix::Free::operator()(float* memory) const { std::free(memory); }

void Matrix::resize(std::size_t rows, std::size_t columns) {
  if (columns != 0 && rows > SIZE_MAX / sizeof(float) / columns) throw std::bad_array_new_length();
  const std::size_t wanted = rows * columns;
  if (wanted > capacity_) {
    constexpr std::size_t kLine = 64;
    const std::size_t bytes = (wanted * sizeof(float) + kLine - 1) / kLine * kLine;
    auto* memory = static_cast<float*>(std::aligned_alloc(kLine, bytes));
    if (memory == nullptr) throw std::bad_alloc();
    data_.reset(memory);
    capacity_ = bytes / sizeof(float);
  }
  rows_ = rows;
  columns_ = columns;
}

}  // namespace embrace::transformers
