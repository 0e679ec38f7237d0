#include "transformers/models/seq2seq.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "base/check.h"
#include "base/strings.h"

namespace embrace::transformers {

namespace {

// Adds scores[i] for keys that a query is behind[i] = query - key away from.
void add_distances(std::span<const float> distances, std::size_t heads, std::size_t head,
                   std::size_t buckets, std::size_t farthest, bool both_ways, std::size_t query,
                   std::size_t first_key, std::span<float> scores) {
  for (std::size_t i = 0; i < scores.size(); ++i) {
    const auto apart = static_cast<std::int64_t>(first_key + i) - static_cast<std::int64_t>(query);
    scores[i] += distances[distance_bucket(apart, buckets, farthest, both_ways) * heads + head];
  }
}

// One query over rows of keys and values, each all heads' keys and then values.
template <class Extra>
void attend_one(std::span<const float> query, std::span<const float> rows, std::size_t width,
                std::size_t head, float scale, Extra extra, std::span<float> out) {
  const std::size_t size = query.size();
  const std::size_t count = rows.size() / (2 * width);
  std::vector<float> scores(count);
  for (std::size_t key = 0; key < count; ++key)
    scores[key] = scale * dot(query, rows.subspan(key * 2 * width + head * size, size));
  extra(std::span<float>(scores));
  softmax(scores);
  std::ranges::fill(out, 0.0f);
  for (std::size_t key = 0; key < count; ++key) {
    const auto value = rows.subspan(key * 2 * width + width + head * size, size);
    for (std::size_t i = 0; i < size; ++i) out[i] += scores[key] * value[i];
  }
}

}  // namespace

std::size_t Seq2Seq::State::memory_bytes() const {
  std::size_t floats = 0;
  for (const Layer& layer : layers_)
    floats += layer.source->rows() * layer.source->columns() + layer.past.capacity();
  return floats * sizeof(float);
}

Status Seq2Seq::check(std::span<const std::int32_t> tokens) const {
  for (const std::int32_t token : tokens) {
    if (token < 0 || static_cast<std::size_t>(token) >= shape_.vocabulary)
      return fail(Code::InvalidArgument, cat("the model has no token ", token));
  }
  return Done{};
}

void Seq2Seq::embed(const Half& half, std::int32_t token, std::size_t position,
                    std::span<float> row) const {
  half.words.copy_row(static_cast<std::size_t>(token), row);
  for (float& value : row) value *= word_scale_;
  if (half.positions) half.positions->add_row(position + position_offset_, row);
  if (sinusoids_ && !half.positions) {
    const std::size_t pairs = (row.size() + 1) / 2;  // sines, then cosines (Vaswani et al. 2017)
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::size_t pair = i < pairs ? i : i - pairs;
      const double angle =
          static_cast<double>(position) /
          std::pow(10000.0, 2.0 * static_cast<double>(pair) / static_cast<double>(row.size()));
      row[i] += static_cast<float>(i < pairs ? std::sin(angle) : std::cos(angle));
    }
  }
}

void Seq2Seq::apply_norm(Team& team, const Norm& norm, const Matrix& in, Matrix& out) const {
  if (rms_) {
    rms_norm(team, in, norm.weight, norm.epsilon, out);
  } else {
    norm.apply(team, in, out);
  }
}

template <class Work>
void Seq2Seq::apply_part(Team& team, const Norm& norm, Matrix& hidden, Work work) const {
  Matrix normed;
  if (norm_first_) apply_norm(team, norm, hidden, normed);
  work(norm_first_ ? normed : hidden);
  if (!norm_first_) apply_norm(team, norm, hidden, hidden);
}

void Seq2Seq::apply_network(Team& team, const Layer& layer, Matrix& hidden) const {
  apply_part(team, layer.norm, hidden, [&](const Matrix& in) {
    Matrix inner;
    if (gated_) {
      layer.inner.apply_gated(team, in, activation_, inner);
    } else {
      layer.inner.apply(team, in, inner);
      activate(team, activation_, inner);
    }
    layer.outer.add_to(team, inner, hidden);
  });
}

Status Seq2Seq::encode(Team& team, const EncoderBatch& batch, Matrix& hidden) const {
  EMB_DO(check(batch.ids));
  for (std::size_t i = 0; i < batch.sequences(); ++i) {
    if (batch.length(i) == 0) return fail(Code::InvalidArgument, "a text has no tokens");
    if (batch.length(i) > shape_.length_max) {
      return fail(Code::InvalidArgument, cat("a text has ", batch.length(i), " tokens, but the ",
                                             "model reads ", shape_.length_max, " at most"));
    }
  }
  hidden.resize(batch.rows(), shape_.width);
  if (batch.rows() == 0) return Done{};
  for (std::size_t i = 0; i < batch.sequences(); ++i) {
    for (std::size_t row = batch.starts[i]; row < batch.starts[i + 1]; ++row)
      embed(encoder_, batch.ids[row], row - batch.starts[i], hidden.row(row));
  }
  if (encoder_.first_norm) apply_norm(team, *encoder_.first_norm, hidden, hidden);
  AttentionShape attention;
  attention.heads = shape_.heads;
  attention.head_size = shape_.head_size;
  attention.scale = attention_scale_;
  AddScores extra;
  if (!encoder_.distances.empty()) {
    extra = [this](std::size_t head, std::size_t query, std::size_t first_key,
                   std::span<float> scores) {
      add_distances(encoder_.distances, shape_.heads, head, buckets_, farthest_, true, query,
                    first_key, scores);
    };
  }
  for (const Layer& layer : encoder_.layers) {
    apply_part(team, layer.own.norm, hidden, [&](const Matrix& in) {
      Matrix qkv;
      Matrix context;
      layer.own.qkv.apply(team, in, qkv);
      attend(team, batch, qkv, attention, extra, context);
      layer.own.out.add_to(team, context, hidden);
    });
    apply_network(team, layer, hidden);
  }
  if (encoder_.last_norm) apply_norm(team, *encoder_.last_norm, hidden, hidden);
  return Done{};
}

Result<Seq2Seq::State> Seq2Seq::read(Team& team, std::span<const std::int32_t> source) const {
  EncoderBatch batch;
  batch.add(source);
  Matrix hidden;
  EMB_DO(encode(team, batch, hidden));
  State state;
  for (const Layer& layer : decoder_.layers) {
    auto looked_at = std::make_shared<Matrix>();
    layer.source->kv.apply(team, hidden, *looked_at);
    state.layers_.push_back({std::move(looked_at), {}});
  }
  return state;
}

Status Seq2Seq::step(Team& team, std::span<State* const> states,
                     std::span<const std::int32_t> tokens, Matrix& logits) const {
  EMB_CHECK(states.size() == tokens.size(), "every state has a token");
  EMB_DO(check(tokens));
  for (const State* state : states) {
    EMB_CHECK(state->layers_.size() == decoder_.layers.size(), "the state is this model's");
    if (state->length_ >= shape_.length_max) {
      return fail(Code::InvalidArgument,
                  cat("the model writes ", shape_.length_max, " tokens at most"));
    }
  }
  const std::size_t width = shape_.heads * shape_.head_size;
  const std::size_t size = shape_.head_size;
  Matrix hidden(states.size(), shape_.width);
  for (std::size_t i = 0; i < states.size(); ++i)
    embed(decoder_, tokens[i], states[i]->length_, hidden.row(i));
  if (decoder_.first_norm) apply_norm(team, *decoder_.first_norm, hidden, hidden);
  Matrix queries;
  Matrix context;
  for (std::size_t l = 0; l < decoder_.layers.size(); ++l) {
    const Layer& layer = decoder_.layers[l];
    apply_part(team, layer.own.norm, hidden, [&](const Matrix& in) {
      layer.own.qkv.apply(team, in, queries);
      context.resize(in.rows(), width);
      for (std::size_t i = 0; i < states.size(); ++i) {
        const auto kept = queries.row(i).subspan(width);
        auto& past = states[i]->layers_[l].past;
        past.insert(past.end(), kept.begin(), kept.end());
      }
      team.run(states.size() * shape_.heads, [&](std::size_t part) {
        const std::size_t i = part / shape_.heads;
        const std::size_t head = part % shape_.heads;
        const auto extra = [&](std::span<float> scores) {
          if (decoder_.distances.empty()) return;
          add_distances(decoder_.distances, shape_.heads, head, buckets_, farthest_, false,
                        states[i]->length_, 0, scores);
        };
        attend_one(queries.row(i).subspan(head * size, size), states[i]->layers_[l].past, width,
                   head, attention_scale_, extra, context.row(i).subspan(head * size, size));
      });
      layer.own.out.add_to(team, context, hidden);
    });
    apply_part(team, layer.source->norm, hidden, [&](const Matrix& in) {
      layer.source->qkv.apply(team, in, queries);
      context.resize(in.rows(), width);
      team.run(states.size() * shape_.heads, [&](std::size_t part) {
        const std::size_t i = part / shape_.heads;
        const std::size_t head = part % shape_.heads;
        attend_one(
            queries.row(i).subspan(head * size, size), states[i]->layers_[l].source->all(), width,
            head, attention_scale_, [](std::span<float>) {},
            context.row(i).subspan(head * size, size));
      });
      layer.source->out.add_to(team, context, hidden);
    });
    apply_network(team, layer, hidden);
  }
  if (decoder_.last_norm) apply_norm(team, *decoder_.last_norm, hidden, hidden);
  for (float& value : hidden.all()) value *= head_scale_;
  head_.apply(team, hidden, logits);
  if (!head_bias_.empty()) {
    for (std::size_t i = 0; i < logits.rows(); ++i) {
      for (std::size_t k = 0; k < head_bias_.size(); ++k) logits.row(i)[k] += head_bias_[k];
    }
  }
  for (State* state : states) ++state->length_;
  return Done{};
}

}  // namespace embrace::transformers
