#pragma once
// What encoders are put together from, beside the products and ops.h: norms and embedding tables by
// name, and attention of every token to every other of its sequence.
//
// Threads: everything here may be used from any thread.

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "transformers/kernels/linear.h"
#include "transformers/kernels/team.h"
#include "transformers/models/encoder.h"
#include "transformers/tensor/matrix.h"
#include "transformers/tensor/weights.h"

namespace embrace::transformers {

// A layer norm's numbers.
struct Norm {
  std::vector<float> weight;
  std::vector<float> bias;  // may be empty
  float epsilon = 1e-5f;

  // `name`.weight and, if there is one, `name`.bias; old BERT files call them gamma and beta.
  static Result<Norm> load(const Weights& weights, const std::string& name, std::size_t width,
                           double epsilon);
  void apply(Team& team, const Matrix& in, Matrix& out) const;  // out may be in
};

// A table with a row for each id, read where it lies: whoever has it keeps the Weights.
class Table {
 public:
  static Result<Table> load(const Weights& weights, const std::string& name, std::size_t rows,
                            std::size_t columns);
  // into += row `index`, which is there.
  void add_row(std::size_t index, std::span<float> into) const;
  void copy_row(std::size_t index, std::span<float> into) const;

 private:
  TensorView view_;
};

// The name, without `ending`, of the first tensor that ends in it: "bert." of
// "bert.embeddings.word_embeddings.weight". InvalidArgument when there is none.
Result<std::string> find_prefix(const Weights& weights, std::string_view ending);

// Query, key and value (weights `query`.weight and so on) as one product.
Result<Linear> load_joined(const Weights& weights, const std::vector<std::string>& names,
                           std::size_t inputs, std::size_t outputs_each, Precision precision);

// Which of T5's numbers counts for a key that is `key_minus_query` tokens ahead (Raffel et al.
// 2020): half of the buckets for each direction where both count, half of those one for each
// distance, the rest ever wider up to `farthest`. `buckets` >= 4, `farthest` > half of them.
std::size_t distance_bucket(std::int64_t key_minus_query, std::size_t buckets, std::size_t farthest,
                            bool both_ways);

float dot(std::span<const float> a, std::span<const float> b);

struct AttentionShape {
  std::size_t heads = 1;
  std::size_t head_size = 1;
  float scale = 1;                            // of the product of query and key
  std::size_t window = std::size_t{1} << 40;  // tokens further apart do not see each other
};

// Adds to the scores of one query against keys [first_key, first_key + scores.size()) before the
// softmax. `query` and `first_key` count rows of the whole batch; the rows are qkv's.
using AddScores = std::function<void(std::size_t head, std::size_t query, std::size_t first_key,
                                     std::span<float> scores)>;

// softmax(scale q k^T + what `extra` adds) v for each head of each sequence (Vaswani et al. 2017).
// A row of qkv is all heads' queries, then keys, then values; a row of out is all heads' results.
// `extra` may be empty.
void attend(Team& team, const EncoderBatch& batch, const Matrix& qkv, const AttentionShape& shape,
            const AddScores& extra, Matrix& out);

}  // namespace embrace::transformers
