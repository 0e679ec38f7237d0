#include "transformers/kernels/attention.h"

#include "transformers/kernels/kernels.h"

namespace embrace::transformers {

void fold_tokens(const FoldShape& shape, const float* query, const float* keys, const float* values,
                 std::size_t stride, std::size_t tokens, const float* extra, Fold& fold,
                 float* out) {
  kernels().fold_f32(shape, query, keys, values, stride, tokens, extra, fold, out);
}

void fold_tokens(const FoldShape& shape, const float* query, const std::uint16_t* keys,
                 const std::uint16_t* values, std::size_t stride, std::size_t tokens,
                 const float* extra, Fold& fold, float* out) {
  kernels().fold_bf16(shape, query, keys, values, stride, tokens, extra, fold, out);
}

void finish(const Fold& fold, std::span<float> out) {
  const float scale = fold.sum == 0 ? 0.0f : 1.0f / fold.sum;
  for (float& x : out) x *= scale;
}

}  // namespace embrace::transformers
