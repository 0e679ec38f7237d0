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

// One piece of rows and one head of keys: all of its queries.
template <class T>
void attend_piece(const CausalAttention& layer, std::size_t index,
                  const CausalLm::Batch::Part& piece, std::size_t kv_head, const Matrix& qkv,
                  Matrix& out) {
  const std::size_t group = layer.heads / layer.kv_heads;
  const std::size_t width = layer.head_dim;
  const std::size_t column = kv_head * group * width;
  const auto first_of = [&](std::size_t position) {
    return layer.window == 0 || position < layer.window ? 0 : position + 1 - layer.window;
  };
  const std::size_t first_page = first_of(piece.position) / kPage;
  const std::size_t before = first_page * kPage;
  const std::size_t end = piece.position + piece.rows;
  thread_local std::vector<KeyStretch<T>> stretches;
  stretches.clear();
  for (std::size_t page = first_page; page * kPage < end; ++page) {
    stretches.push_back({piece.sequence->keys<T>(page, index, kv_head),
                         piece.sequence->values<T>(page, index, kv_head),
                         std::min(kPage, end - page * kPage)});
  }
  thread_local std::vector<Query> queries;
  queries.clear();
  for (std::size_t r = 0; r < piece.rows; ++r) {
    const std::size_t position = piece.position + r;
    for (std::size_t h = 0; h < group; ++h) {
      const std::size_t at = column + h * width;
      queries.push_back({qkv.row(piece.row + r).data() + at, out.row(piece.row + r).data() + at,
                         first_of(position) - before, position + 1 - before});
    }
  }
  attend_queries({width, layer.scale, layer.softcap}, queries, SeenKeys<T>{stretches, width});
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
  team.run(pieces.size() * layer.kv_heads, [&](std::size_t task) {
    attend_piece<T>(layer, index, pieces[task / layer.kv_heads], task % layer.kv_heads, work.qkv,
                    work.attended);
  });
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
