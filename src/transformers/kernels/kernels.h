#pragma once
// Kernels: the table of inner loops at one level. linear.cc, ops.cc and attention.cc choose the
// work and cut it for threads; these do it.
//
// Threads: any. All memory is the caller's; nothing is kept.

#include <cstddef>
#include <cstdint>

#include "transformers/kernels/attention.h"
#include "transformers/kernels/level.h"
#include "transformers/kernels/ops.h"
#include "transformers/kernels/panels.h"

namespace embrace::transformers {

// What rows of activations become for a product: words of 4 bytes.
enum class RowForm : std::uint8_t {
  Floats,
  SplitFloats,  // three bfloats that add up to each: words of highest, middle and lowest thirds,
                // tile_words of each in turn
  Bfloats,      // pairs
  Bytes,        // with sign, four of them
};
// The form that a format's few_rows takes.
constexpr RowForm few_form(Format format) {
  return format == Format::F32    ? RowForm::Floats
         : format == Format::BF16 ? RowForm::Bfloats
                                  : RowForm::Bytes;
}

// Rows of activations in their form. A row ends with zeros up to a whole block. few_rows has rows
// one after the other; many_rows has tiles of `tile_rows` rows, and in a tile all rows' first
// `tile_words` words, then their next, the last tile filled up with zeros. Numbers beside the words
// lie alike.
struct Rows {
  const std::byte* words = nullptr;
  // For bytes: for each 32 inputs a scale, and scale times sum; for each scale of the weights, what
  // the sum of products starts with (see Kernels::zero).
  const float* scales = nullptr;
  const float* sums = nullptr;
  const std::int32_t* starts = nullptr;
};

struct Outputs {
  float* at = nullptr;          // of the first output of first_panel in first_row
  std::size_t stride = 0;       // floats from row to row
  const float* bias = nullptr;  // nullptr, or one for each output, from the weight's first on
  std::size_t first_panel = 0;
  std::size_t first_row = 0;
};

struct Range {
  std::size_t first = 0;
  std::size_t last = 0;  // behind the last
};

// out[rows][outputs of panels] = rows * panels^T + bias
using Multiply = void (*)(const Panels& weight, const Rows& in, const Outputs& out, Range panels,
                          Range rows);

struct Kernels {
  // Weights are read once from memory for some rows, or kept in the cache for many, whose range
  // begins with a tile.
  Multiply few_rows[kFormats];
  Multiply many_rows[kFormats];
  // Rows from which many_rows is the faster, and the tile that it computes at once.
  std::size_t many;
  RowForm many_form[kFormats];
  std::size_t tile_rows;
  std::size_t tile_words;
  std::size_t tile_panels;
  // Rows that many_rows is best given at once: theirs stay in the second cache while weights pass.
  std::size_t rows_together;
  // What the stored bytes of a format are too large by, as its kernel sees them: sums start at
  // minus zero times the sum of the inputs' bytes.
  std::int32_t zero[kFormats];

  // To bfloats, to the nearest; a NaN stays one.
  void (*round_row)(const float* from, std::size_t count, std::uint16_t* into);
  // To thirds, as RowForm says; nullptr where no form wants them.
  void (*split_row)(const float* from, std::size_t count, std::byte* into);
  // To bytes from -127 to 127 and a scale for each 32; `halves` are sums of the bytes for each 16.
  // `count` may end within a block, which then ends with zeros. A block with a NaN or an infinity
  // gets NaN as scale.
  void (*quantize_row)(const float* from, std::size_t count, std::int8_t* into, float* scales,
                       std::int32_t* halves);

  // ops.h, row by row. `factors` (of gates) and `bias` may be nullptr; `out` may be `in`.
  void (*activate_row)(Activation kind, const float* in, const float* factors, float* out,
                       std::size_t count);
  void (*rms_norm_row)(const float* in, const float* weight, float epsilon, float* out,
                       std::size_t count);
  void (*layer_norm_row)(const float* in, const float* weight, const float* bias, float epsilon,
                         float* out, std::size_t count);
  void (*softmax_row)(float* scores, std::size_t count);

  // attention.h, on attention_scratch() floats.
  void (*attend_f32)(const HeadShape& shape, std::span<const Query> queries,
                     const SeenKeys<float>& keys, const ScoreExtra& extra, float* scratch);
  void (*attend_bf16)(const HeadShape& shape, std::span<const Query> queries,
                      const SeenKeys<std::uint16_t>& keys, const ScoreExtra& extra, float* scratch);
};

// Queries whose scores against so many tokens are computed at once.
constexpr std::size_t kBlockQueries = 16;
constexpr std::size_t kBlockTokens = 64;
constexpr std::size_t whole_rows(std::size_t queries) {
  return (queries + kBlockQueries - 1) / kBlockQueries * kBlockQueries;
}
// Keys and values of a block, queries, sums, scores and weights; two numbers for each query.
constexpr std::size_t attention_scratch(std::size_t width, std::size_t queries) {
  const std::size_t lanes = (width + 31) / 32 * 32;
  const std::size_t rows = whole_rows(queries);
  return 2 * lanes * (kBlockTokens + rows) + 2 * kBlockQueries * kBlockTokens + 2 * rows;
}

// Of the current level.
const Kernels& kernels();

namespace plain {
extern const Kernels kKernels;
}
namespace avx2 {
extern const Kernels kKernels;
}
namespace avx512 {
extern const Kernels kKernels;
}
namespace avx512_bf16 {
extern const Kernels kKernels;
}
namespace amx {
const Kernels& kernels();
}

}  // namespace embrace::transformers
