#pragma once
// One query's attention, folded token by token into a running softmax (Milakov and Gimelshein 2018;
// Dao et al. 2022): scores are never kept, so that keys and values may come in stretches, page by
// page, in any number.
//
//   Fold fold;
//   out is zeros;
//   for each page: fold_tokens(shape, query, keys, values, stride, tokens, nullptr, fold, out);
//   finish(fold, out);
//
// A token whose score is minus infinity is not seen; a query that sees none gets zeros. Causal
// masks and windows are a matter of which tokens are given.
//
// Threads: any, for different `fold` and `out`.

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>

namespace embrace::transformers {

struct FoldShape {
  std::size_t width = 0;  // of a head
  float scale = 1;        // of the product of query and key
  float softcap = 0;      // scores become cap * tanh(score / cap); 0: they stay
};

struct Fold {
  float highest = -std::numeric_limits<float>::infinity();
  float sum = 0;  // of weights relative to the highest score
};

// Folds `tokens` keys and values, `stride` elements from token to token, into out[width]. `extra`
// is added to their scores; it may be nullptr. Keys and values are f32, or BF16.
void fold_tokens(const FoldShape& shape, const float* query, const float* keys, const float* values,
                 std::size_t stride, std::size_t tokens, const float* extra, Fold& fold,
                 float* out);
void fold_tokens(const FoldShape& shape, const float* query, const std::uint16_t* keys,
                 const std::uint16_t* values, std::size_t stride, std::size_t tokens,
                 const float* extra, Fold& fold, float* out);

void finish(const Fold& fold, std::span<float> out);

}  // namespace embrace::transformers
