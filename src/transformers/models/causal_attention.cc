// CausalAttention of decoder_parts.h: new keys and values go to their pages, and queries attend to
// all pages of their sequence.
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/strings.h"
#include "transformers/kernels/attention.h"
#include "transformers/models/decoder_parts.h"

namespace embrace::transformers {

namespace {

constexpr std::size_t kPage = KvPool::kPageTokens;

inline void narrow(float x, float& into) { into = x; }
inline void narrow(float x, std::uint16_t& into) {
  auto bits = std::bit_cast<std::uint32_t>(x);
  if ((bits & 0x7FFFFFFFu) > 0x7F800000u) {
    bits |= 0x00400000u;  // rounding must not make an infinity of what is no number
  } else {
    bits += 0x7FFFu + ((bits >> 16) & 1u);
  }
  into = static_cast<std::uint16_t>(bits >> 16);
}

// Where few queries look at many tokens, threads share the tokens out: in parts of at least
// kPartTokens, so many at most. What a part is depends on the tokens alone, so that texts do not
// depend on the number of threads.
constexpr std::size_t kFewQueries = 16;
constexpr std::size_t kPartTokens = 128;
constexpr std::size_t kPartsMax = 16;

std::size_t first_seen(const CausalAttention& layer, std::size_t position) {
  return layer.window == 0 || position < layer.window ? 0 : position + 1 - layer.window;
}

// A piece of rows, one head of keys, and a part of the tokens that they see.
struct Task {
  const CausalLm::Batch::Part* piece;
  std::size_t kv_head;
  std::size_t part;
  std::size_t parts;
  std::size_t first;  // token of the part, and the last: behind it
  std::size_t last;
  std::size_t results;  // of the piece: its first row in work.attended_parts

  // The row of the first part of what `head` of the piece's row `r` saw; its others follow.
  std::size_t first_result(const CausalAttention& layer, std::size_t r, std::size_t head) const {
    return results + (r * layer.heads + head) * parts;
  }
};

// Returns the rows of parts that they need.
std::size_t share_out(const CausalAttention& layer, const CausalLm::Batch& batch,
                      std::vector<Task>& tasks) {
  tasks.clear();
  std::size_t results = 0;
  for (const CausalLm::Batch::Part& piece : batch.pieces) {
    const std::size_t first = first_seen(layer, piece.position) / kPartTokens * kPartTokens;
    const std::size_t end = piece.position + piece.rows;
    std::size_t size = end - first;
    if (piece.rows * (layer.heads / layer.kv_heads) <= kFewQueries)
      size = ((size + kPartsMax - 1) / kPartsMax + kPartTokens - 1) / kPartTokens * kPartTokens;
    const std::size_t parts = (end - first + size - 1) / size;
    for (std::size_t head = 0; head < layer.kv_heads; ++head) {
      for (std::size_t part = 0; part < parts; ++part) {
        const std::size_t at = first + part * size;
        tasks.push_back({&piece, head, part, parts, at, std::min(end, at + size), results});
      }
    }
    if (parts > 1) results += piece.rows * layer.heads * parts;
  }
  return results;
}

// All queries of a task.
template <class T>
void attend_task(const CausalAttention& layer, std::size_t index, const Task& task,
                 CausalLm::Workspace& work) {
  const CausalLm::Batch::Part& piece = *task.piece;
  const std::size_t group = layer.heads / layer.kv_heads;
  const std::size_t width = layer.head_dim;
  const std::size_t first_page = std::max(task.first, first_seen(layer, piece.position)) / kPage;
  const std::size_t before = first_page * kPage;
  thread_local std::vector<KeyStretch<T>> stretches;
  stretches.clear();
  for (std::size_t page = first_page; page * kPage < task.last; ++page) {
    stretches.push_back({piece.sequence->keys<T>(page, index, task.kv_head),
                         piece.sequence->values<T>(page, index, task.kv_head),
                         std::min(kPage, task.last - page * kPage)});
  }
  thread_local std::vector<Query> queries;
  queries.clear();
  for (std::size_t r = 0; r < piece.rows; ++r) {
    const std::size_t position = piece.position + r;
    const std::size_t first = std::max(task.first, first_seen(layer, position));
    const std::size_t last = std::max(first, std::min(task.last, position + 1));
    for (std::size_t head = task.kv_head * group; head < (task.kv_head + 1) * group; ++head) {
      Query query{.at = work.qkv.row(piece.row + r).data() + head * width,
                  .first = first - before,
                  .last = last - before};
      if (task.parts == 1) {
        query.out = work.attended.row(piece.row + r).data() + head * width;
      } else {
        const std::size_t result = task.first_result(layer, r, head) + task.part;
        query.out = work.attended_parts.row(result).data();
        query.log_sum = query.out + width;
      }
      queries.push_back(query);
    }
  }
  attend_queries({width, layer.scale, layer.softcap}, queries, SeenKeys<T>{stretches, width});
}

void join_all(const CausalAttention& layer, const Task& task, CausalLm::Workspace& work) {
  const std::size_t group = layer.heads / layer.kv_heads;
  const std::size_t step = work.attended_parts.columns();
  for (std::size_t r = 0; r < task.piece->rows; ++r) {
    for (std::size_t head = task.kv_head * group; head < (task.kv_head + 1) * group; ++head) {
      const std::size_t result = task.first_result(layer, r, head);
      join_parts(layer.head_dim,
                 work.attended_parts.all().subspan(result * step, task.parts * step),
                 work.attended.row(task.piece->row + r).data() + head * layer.head_dim);
    }
  }
}

template <class T>
void store(const CausalAttention& layer, std::size_t index, const CausalLm::Batch::Part& piece,
           std::size_t r, std::span<const float> row) {
  const std::size_t width = layer.head_dim;
  const std::size_t position = piece.position + r;
  const float* keys = row.data() + layer.heads * width;
  const float* values = keys + layer.kv_heads * width;
  for (std::size_t head = 0; head < layer.kv_heads; ++head) {
    T* key = piece.sequence->keys<T>(position / kPage, index, head) + position % kPage * width;
    T* value = piece.sequence->values<T>(position / kPage, index, head) + position % kPage * width;
    for (std::size_t i = 0; i < width; ++i) narrow(keys[head * width + i], key[i]);
    for (std::size_t i = 0; i < width; ++i) narrow(values[head * width + i], value[i]);
  }
}

template <class T>
void run_pages(const CausalAttention& layer, Team& team, std::size_t index, const Matrix& angles,
               CausalLm::Workspace& work) {
  const auto& pieces = work.batch.pieces;
  const std::size_t width = layer.head_dim;
  team.split(pieces.size(), 1, [&](std::size_t begin, std::size_t end) {
    for (std::size_t p = begin; p < end; ++p) {
      for (std::size_t r = 0; r < pieces[p].rows; ++r) {
        const auto row = work.qkv.row(pieces[p].row + r);
        const auto queries = row.first(layer.heads * width);
        const auto keys = row.subspan(layer.heads * width, layer.kv_heads * width);
        if (!layer.query_norm.empty()) {
          rms_norm_heads(queries, layer.query_norm, layer.epsilon);
          rms_norm_heads(keys, layer.key_norm, layer.epsilon);
        }
        if (angles.columns() > 0) {
          const auto turns = angles.row(pieces[p].row + r);
          Rope::turn(queries, width, turns);
          Rope::turn(keys, width, turns);
        }
        store<T>(layer, index, pieces[p], r, row);
      }
    }
  });
  work.attended.resize(work.qkv.rows(), layer.heads * width);
  thread_local std::vector<Task> memory;
  std::vector<Task>& tasks = memory;  // the caller's, whichever thread reads it
  work.attended_parts.resize(share_out(layer, work.batch, tasks), width + 1);
  team.run(tasks.size(),
           [&](std::size_t task) { attend_task<T>(layer, index, tasks[task], work); });
  for (const Task& task : tasks) {
    if (task.parts > 1 && task.part == 0) join_all(layer, task, work);
  }
}

}  // namespace

void CausalAttention::take(const DecoderConfig& config, std::size_t layer) {
  heads = config.shape.heads;
  kv_heads = config.shape.kv_heads;
  head_dim = config.shape.head_dim;
  scale = 1.0f / std::sqrt(static_cast<float>(head_dim));
  window = config.windows[layer];
  epsilon = config.epsilon;
}

Status CausalAttention::load(const Weights& weights, const std::string& prefix, std::size_t hidden,
                             Precision precision, Biases has) {
  std::vector<TensorView> joined;
  std::vector<const TensorView*> biases;
  const std::pair<const char*, std::size_t> parts[] = {
      {"q_proj", heads}, {"k_proj", kv_heads}, {"v_proj", kv_heads}};
  for (const auto& [name, count] : parts) {
    EMB_TRY(TensorView view,
            weights.get(cat(prefix, name, ".weight"), {static_cast<std::int64_t>(count * head_dim),
                                                       static_cast<std::int64_t>(hidden)}));
    joined.push_back(std::move(view));
    biases.push_back(has.inputs ? weights.find(cat(prefix, name, ".bias")) : nullptr);
  }
  EMB_TRY(qkv, Linear::join(joined, biases, precision));
  EMB_TRY(out,
          load_linear(weights, prefix + "o_proj", heads * head_dim, hidden, precision, has.out));
  return Done{};
}

Status CausalAttention::load_norms(const Weights& weights, const std::string& prefix,
                                   bool plus_one) {
  EMB_TRY(query_norm, load_vector(weights, prefix + "q_norm.weight", head_dim, plus_one));
  EMB_TRY(key_norm, load_vector(weights, prefix + "k_norm.weight", head_dim, plus_one));
  return Done{};
}

void CausalAttention::attend(Team& team, std::size_t layer, const Matrix& angles, const Matrix& in,
                             CausalLm::Workspace& work) const {
  qkv.apply(team, in, work.qkv);
  if (work.batch.parts.front().sequence->pool().shape().storage == KvStorage::F32) {
    run_pages<float>(*this, team, layer, angles, work);
  } else {
    run_pages<std::uint16_t>(*this, team, layer, angles, work);
  }
}

}  // namespace embrace::transformers
