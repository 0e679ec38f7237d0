#include "transformers/models/encoder_parts.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <utility>

#include "base/check.h"
#include "base/strings.h"
#include "transformers/kernels/attention.h"
#include "transformers/kernels/ops.h"

namespace embrace::transformers {

namespace {

// Rows of a sequence that one thread attends to at a time.
constexpr std::size_t kPieceRows = 64;

struct Stretch {
  std::size_t sequence;
  std::size_t first;
  std::size_t last;  // behind the last
};

}  // namespace

Result<Norm> Norm::load(const Weights& weights, const std::string& name, std::size_t width,
                        double epsilon) {
  const std::vector<std::int64_t> shape{static_cast<std::int64_t>(width)};
  const bool old = weights.find(name + ".weight") == nullptr && weights.find(name + ".gamma");
  Norm norm;
  norm.epsilon = static_cast<float>(epsilon);
  EMB_TRY(const TensorView weight, weights.get(name + (old ? ".gamma" : ".weight"), shape));
  EMB_TRY(norm.weight, read_all(weight));
  const std::string bias_name = name + (old ? ".beta" : ".bias");
  if (weights.find(bias_name) != nullptr) {
    EMB_TRY(const TensorView bias, weights.get(bias_name, shape));
    EMB_TRY(norm.bias, read_all(bias));
  }
  return norm;
}

void Norm::apply(Team& team, const Matrix& in, Matrix& out) const {
  layer_norm(team, in, weight, bias, epsilon, out);
}

Result<Table> Table::load(const Weights& weights, const std::string& name, std::size_t rows,
                          std::size_t columns) {
  Table table;
  EMB_TRY(table.view_,
          weights.get(name, {static_cast<std::int64_t>(rows), static_cast<std::int64_t>(columns)}));
  if (columns % block_elements(table.view_.dtype) != 0)
    return fail(Code::InvalidArgument, cat("tensor ", name, ": rows are not whole blocks"));
  return table;
}

void Table::copy_row(std::size_t index, std::span<float> into) const {
  const auto columns = static_cast<std::int64_t>(into.size());
  const Status read = read_elements(view_, static_cast<std::int64_t>(index) * columns, into);
  EMB_CHECK(read.has_value(), "the row is in the table");
}

void Table::add_row(std::size_t index, std::span<float> into) const {
  std::vector<float> row(into.size());
  copy_row(index, row);
  for (std::size_t i = 0; i < row.size(); ++i) into[i] += row[i];
}

Result<std::string> find_prefix(const Weights& weights, std::string_view ending) {
  for (const auto& [name, view] : weights.all()) {
    if (name.ends_with(ending)) return name.substr(0, name.size() - ending.size());
  }
  return fail(Code::InvalidArgument, cat("the model's files hold no tensor ", ending));
}

Result<Linear> load_joined(const Weights& weights, const std::vector<std::string>& names,
                           std::size_t inputs, std::size_t outputs_each, Precision precision) {
  std::vector<TensorView> views;
  std::vector<const TensorView*> biases;
  for (const std::string& name : names) {
    EMB_TRY(TensorView view, weights.get(name + ".weight", {static_cast<std::int64_t>(outputs_each),
                                                            static_cast<std::int64_t>(inputs)}));
    views.push_back(std::move(view));
    biases.push_back(weights.find(name + ".bias"));
  }
  return Linear::join(views, biases, precision);
}

std::size_t distance_bucket(std::int64_t key_minus_query, std::size_t buckets, std::size_t farthest,
                            bool both_ways) {
  std::size_t start = 0;
  if (both_ways) {
    buckets /= 2;
    if (key_minus_query > 0) start = buckets;
    key_minus_query = -std::abs(key_minus_query);
  }
  const auto distance = static_cast<std::size_t>(std::max<std::int64_t>(0, -key_minus_query));
  const std::size_t exact = buckets / 2;
  if (distance < exact) return start + distance;
  // In the steps and the precision of the official package, for the sake of the edges.
  const float wide =
      std::log(static_cast<float>(distance) / static_cast<float>(exact)) /
      static_cast<float>(std::log(static_cast<double>(farthest) / static_cast<double>(exact))) *
      static_cast<float>(buckets - exact);
  return start + std::min(buckets - 1, exact + static_cast<std::size_t>(wide));
}

float dot(std::span<const float> a, std::span<const float> b) {
  constexpr std::size_t kLanes = 16;  // sums of their own, which the compiler makes vectors of
  float sums[kLanes] = {};
  std::size_t i = 0;
  for (; i + kLanes <= a.size(); i += kLanes) {
    for (std::size_t lane = 0; lane < kLanes; ++lane) sums[lane] += a[i + lane] * b[i + lane];
  }
  float sum = 0;
  for (const float lane : sums) sum += lane;
  for (; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

void attend(Team& team, const EncoderBatch& batch, const Matrix& qkv, const AttentionShape& shape,
            const AddScores& extra, Matrix& out) {
  const std::size_t width = shape.heads * shape.head_size;
  EMB_CHECK(qkv.columns() == 3 * width && qkv.rows() == batch.rows(), "qkv has its three parts");
  out.resize(batch.rows(), width);
  // Stretches of rows of one sequence, short enough to share among threads.
  std::vector<Stretch> pieces;
  for (std::size_t i = 0; i < batch.sequences(); ++i) {
    for (std::size_t row = batch.starts[i]; row < batch.starts[i + 1]; row += kPieceRows)
      pieces.push_back({i, row, std::min(row + kPieceRows, batch.starts[i + 1])});
  }
  team.run(pieces.size() * shape.heads, [&](std::size_t part) {
    const Stretch& piece = pieces[part / shape.heads];
    const std::size_t head = part % shape.heads;
    const std::size_t begin = batch.starts[piece.sequence];
    const std::size_t end = batch.starts[piece.sequence + 1];
    const std::size_t column = head * shape.head_size;
    std::vector<Query> queries;
    for (std::size_t row = piece.first; row < piece.last; ++row) {
      queries.push_back({qkv.row(row).data() + column, out.row(row).data() + column,
                         row - begin - std::min(row - begin, shape.window),
                         row - begin + 1 + std::min(end - row - 1, shape.window)});
    }
    const KeyStretch<float> keys{qkv.row(begin).data() + width + column,
                                 qkv.row(begin).data() + 2 * width + column, end - begin};
    ScoreExtra add;
    if (extra) {
      add = [&](std::size_t query, std::size_t first, std::span<float> scores) {
        extra(head, piece.first + query, begin + first, scores);
      };
    }
    attend_queries({shape.head_size, shape.scale, 0}, queries,
                   SeenKeys<float>{{&keys, 1}, qkv.columns()}, add);
  });
}

}  // namespace embrace::transformers
