#include "transformers/kernels/attention.h"

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

}  // namespace embrace::transformers
