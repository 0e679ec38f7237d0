#pragma once
// One head's attention: softmax(scale q k^T + extra) v for some queries over the same keys (Vaswani
// et al. 2017). Keys are taken block by block into a running softmax (Milakov and Gimelshein 2018;
// Dao et al. 2022), so that no more than a block of scores is ever kept, and keys and values may
// lie in stretches, page by page, in any number.
//
// Threads: any, for different queries.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>

namespace embrace::transformers {

struct HeadShape {
  std::size_t width = 0;  // of a query, a key and a value
  float scale = 1;        // of the product of query and key
  float softcap = 0;      // scores become cap * tanh(score / cap); 0: they stay
};

// Causal masks and windows are a matter of which tokens a query sees: those from `first` to before
// `last`, counted over all stretches. One that sees none gets zeros.
struct Query {
  const float* at = nullptr;  // width floats
  float* out = nullptr;       // width floats, the result
  std::size_t first = 0;
  std::size_t last = 0;
  // nullptr, or where the logarithm of the sum of all exp(score) goes: what join_parts() wants.
  float* log_sum = nullptr;
};

// Keys and values of tokens that follow each other. T is float, or std::uint16_t (BF16).
template <class T>
struct KeyStretch {
  const T* keys = nullptr;
  const T* values = nullptr;
  std::size_t tokens = 0;
};
template <class T>
struct SeenKeys {
  std::span<const KeyStretch<T>> stretches;
  std::size_t stride = 0;  // elements from token to token
};

// Adds to the scores of a query (by its index) against tokens [first, first + scores.size()), after
// the cap. A score of minus infinity is not seen. May be empty.
using ScoreExtra =
    std::function<void(std::size_t query, std::size_t first, std::span<float> scores)>;

// Values of tokens that some of the queries do not see must be numbers all the same: what is not
// finite among them may spread to all.
void attend_queries(const HeadShape& shape, std::span<const Query> queries,
                    const SeenKeys<float>& keys, const ScoreExtra& extra = {});
void attend_queries(const HeadShape& shape, std::span<const Query> queries,
                    const SeenKeys<std::uint16_t>& keys, const ScoreExtra& extra = {});

// The result over all tokens of a query whose parts of them were looked at one by one (Dao 2023,
// flash decoding). Each part is the width floats that it gave and their log_sum.
void join_parts(std::size_t width, std::span<const float> parts, float* out);

}  // namespace embrace::transformers
