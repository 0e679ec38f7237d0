#include "transformers/kernels/attention.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "transformers/kernels/kernels.h"
#include "transformers/tensor/matrix.h"

namespace embrace::transformers {

namespace {

// What the kernels write on: kept by each thread for its next queries.
float* scratch_for(const HeadShape& shape, std::size_t queries) {
  thread_local Matrix memory;
  memory.resize(1, attention_scratch(shape.width, queries));
  return memory.all().data();
}

}  // namespace

void attend_queries(const HeadShape& shape, std::span<const Query> queries,
                    const SeenKeys<float>& keys, const ScoreExtra& extra) {
  kernels().attend_f32(shape, queries, keys, extra, scratch_for(shape, queries.size()));
}

void attend_queries(const HeadShape& shape, std::span<const Query> queries,
                    const SeenKeys<std::uint16_t>& keys, const ScoreExtra& extra) {
  kernels().attend_bf16(shape, queries, keys, extra, scratch_for(shape, queries.size()));
}

void join_parts(std::size_t width, std::span<const float> parts, float* out) {
  const std::size_t step = width + 1;
  float highest = -std::numeric_limits<float>::infinity();
  for (std::size_t at = width; at < parts.size(); at += step)
    highest = std::max(highest, parts[at]);
  std::fill_n(out, width, 0.0f);
  float sum = 0;
  for (std::size_t at = 0; at < parts.size(); at += step) {
    const float log_sum = parts[at + width];
    if (log_sum == -std::numeric_limits<float>::infinity()) continue;  // it saw nothing
    const float weight = std::exp(log_sum - highest);
    sum += weight;
    for (std::size_t i = 0; i < width; ++i) out[i] += weight * parts[at + i];
  }
  if (sum == 0) return;
  for (std::size_t i = 0; i < width; ++i) out[i] /= sum;
}

}  // namespace embrace::transformers
