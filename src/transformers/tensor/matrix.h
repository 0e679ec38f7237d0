#pragma once
// Matrix: rows of f32, one after the other, on a 64-byte boundary. What flows between layers: a row
// for each token, a column for each feature.
//
// Threads: as a std::vector. Rows may be written by different threads at once.

#include <cstddef>
#include <memory>
#include <span>
#include <utility>

namespace embrace::transformers {

class Matrix {
 public:
  Matrix() = default;
  Matrix(std::size_t rows, std::size_t columns) { resize(rows, columns); }
  // What is moved from is empty, and may be used again.
  Matrix(Matrix&& other) noexcept { swap(other); }
  Matrix& operator=(Matrix&& other) noexcept {
    Matrix(std::move(other)).swap(*this);
    return *this;
  }
  void swap(Matrix& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(rows_, other.rows_);
    std::swap(columns_, other.columns_);
    std::swap(capacity_, other.capacity_);
  }

  // What was in it is lost. Memory is kept when it suffices; its values are then anything.
  void resize(std::size_t rows, std::size_t columns);

  std::size_t rows() const { return rows_; }
  std::size_t columns() const { return columns_; }
  std::span<float> row(std::size_t index) { return {data_.get() + index * columns_, columns_}; }
  std::span<const float> row(std::size_t index) const {
    return {data_.get() + index * columns_, columns_};
  }
  std::span<float> all() { return {data_.get(), rows_ * columns_}; }
  std::span<const float> all() const { return {data_.get(), rows_ * columns_}; }

 private:
  struct Free {
    void operator()(float* memory) const;
  };
  std::unique_ptr<float[], Free> data_;
  std::size_t rows_ = 0;
  std::size_t columns_ = 0;
  std::size_t capacity_ = 0;  // floats
};

}  // namespace embrace::transformers
