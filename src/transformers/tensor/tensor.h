#pragma once
// TensorView: a tensor where it lies in a file or in memory: element type, shape, bytes. Rows are
// the slowest dimension, as in safetensors; the last dimension is contiguous.
//
// Block types (Q8_0 and the like) are GGUF's own layouts: fixed-size blocks of 32 or 256 elements
// along the last dimension, which is a multiple of the block.
//
// Ownership: a view borrows its bytes from the Weights that gave it. They may begin at any address:
// files do not promise that numbers lie on boundaries of their own size.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace embrace::transformers {

enum class DType : std::uint8_t {
  F64,
  F32,
  F16,
  BF16,
  F8E4M3,
  F8E5M2,
  I64,
  I32,
  I16,
  I8,
  U8,
  Bool,
  // Blocks of 32 elements: a scale in f16 and 32 signed bytes, or 32 halves of bytes.
  Q8_0,
  Q4_0,
  // Blocks of 256 elements.
  Q4_K,
  Q6_K,
};

// "BF16", as safetensors and our messages write it.
std::string_view name_of(DType dtype);
// Elements in one block, and its bytes; 1 and the element's size for plain types.
std::size_t block_elements(DType dtype);
std::size_t block_bytes(DType dtype);
// The bytes that a tensor of this shape takes; nullopt when there can be none: a side below 0, a
// last dimension that is not whole blocks, or more elements than 63 bits count.
std::optional<std::size_t> tensor_bytes(DType dtype, std::span<const std::int64_t> shape);
// "[2, 3]", for messages.
std::string render_shape(std::span<const std::int64_t> shape);

struct TensorView {
  DType dtype = DType::F32;
  std::vector<std::int64_t> shape;  // each >= 0
  std::span<const std::byte> bytes;

  std::int64_t elements() const;
  // The last dimension, and the product of all others; (1, elements) for vectors, (1, 1) for
  // scalars.
  std::int64_t columns() const { return shape.empty() ? 1 : shape.back(); }
  std::int64_t rows() const { return columns() == 0 ? 0 : elements() / columns(); }
};

// The nearest BF16, ties to even. A NaN stays one.
std::uint16_t bfloat_bits(float value);

// Elements [first, first + into.size()) of the tensor as f32, whatever floating or block type it
// has; integers are converted by value. In block types `first` and the count are multiples of the
// block. InvalidArgument outside the tensor.
Status read_elements(const TensorView& tensor, std::int64_t first, std::span<float> into);
// All of it.
Result<std::vector<float>> read_all(const TensorView& tensor);

}  // namespace embrace::transformers
