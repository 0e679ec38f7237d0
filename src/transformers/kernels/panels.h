#pragma once
// Panels: a weight matrix as the kernels read it, from its first byte to its last. A panel is 16
// outputs; in it the inputs follow each other in blocks, and each block holds words of 4 bytes, the
// 16 outputs' side by side (64 bytes):
//
//   F32    1 input:    one word of one float each
//   BF16   2 inputs:   one word of two bfloats each
//   Q8_0   32 inputs:  8 words of 4 bytes, 128 too large; 16 scales in f16
//   Q4_0   32 inputs:  4 words of halves of bytes, 8 too large; 16 scales in f16
//   Q4_K   256 inputs: 16 scales, 16 minima in f16; then for each 32 inputs 16 factors of scales,
//                      16 factors of minima (bytes), 4 words of halves
//   Q6_K   256 inputs: 16 scales in f16; then for each 32 inputs twice 16 factors (signed bytes),
//                      4 words of low halves, 2 words of high 2 bits, 32 too large
//
// Of 32 inputs, words of halves hold the first 16 in the low and the last 16 in the high halves;
// words of 2 bits hold, from the lowest bits on, words 0 to 3 and 4 to 7. Missing outputs and
// inputs are zeros. The meaning of block types is GGUF's (tensor.h).
//
// Threads: any, once made.

#include <cstddef>
#include <cstdint>

#include "base/result.h"
#include "transformers/kernels/weight_memory.h"
#include "transformers/tensor/tensor.h"

namespace embrace::transformers {

enum class Layout : std::uint8_t {
  OutIn,  // rows are outputs: torch.nn.Linear
  InOut,  // rows are inputs: GPT-2's Conv1D
};

enum class Format : std::uint8_t { F32, BF16, Q8_0, Q4_0, Q4_K, Q6_K };
constexpr std::size_t kFormats = 6;
constexpr std::size_t kPanelOutputs = 16;

struct BlockShape {
  std::size_t inputs;
  std::size_t bytes;  // of one block of a panel
};
constexpr BlockShape block_shape(Format format) {
  constexpr BlockShape kShapes[kFormats] = {{1, 64},   {2, 64},     {32, 544},
                                            {32, 288}, {256, 2368}, {256, 3360}};
  return kShapes[static_cast<std::size_t>(format)];
}

class Panels {
 public:
  // Stored blocks of the same format are taken over as they are; everything else is read as f32
  // and rounded to the nearest value, blocks as GGUF makes them (largest magnitude / 127 or / -8
  // as scale, in f16). A block with a NaN or an infinity becomes NaN whole. NotBuilt for
  // conversions to K blocks, and for blocks along the outputs.
  static Result<Panels> pack(const TensorView& weight, Format format, Layout layout);

  Format format() const { return format_; }
  std::size_t inputs() const { return inputs_; }
  std::size_t outputs() const { return outputs_; }
  std::size_t count() const { return (outputs_ + kPanelOutputs - 1) / kPanelOutputs; }
  std::size_t blocks() const { return blocks_; }  // in a panel
  std::size_t panel_bytes() const { return blocks_ * block_shape(format_).bytes; }
  const std::byte* panel(std::size_t index) const { return memory_.data() + index * panel_bytes(); }
  std::size_t memory_bytes() const { return memory_.size(); }

 private:
  WeightMemory memory_;
  Format format_ = Format::F32;
  std::size_t inputs_ = 0;
  std::size_t outputs_ = 0;
  std::size_t blocks_ = 0;
};

}  // namespace embrace::transformers
