// Attention (attention.h) at one level: included after math-inl.h.
//
// Many queries: a block of keys is turned so that its tokens lie side by side, and its values are
// copied beside it; then, 16 queries at a time, the scores are one product, their weights are made
// in place, and what they add to the results is a second product. Few queries read keys and values
// where they lie.

EMB_INLINE F load_lanes_of(const float* from) { return load<F>(from); }
EMB_INLINE F load_lanes_of(const std::uint16_t* from) {
  using H = std::uint16_t __attribute__((vector_size(32)));
  return (F)(__builtin_convertvector(load<H>(from), U) << 16);
}
EMB_INLINE float one_of(float from) { return from; }
EMB_INLINE float one_of(std::uint16_t from) { return as_float(std::uint32_t{from} << 16); }
template <class T>
EMB_INLINE F load_lanes_up_to(const T* from, std::size_t count) {
  if (count >= 16) return load_lanes_of(from);
  F value{};
  for (std::size_t i = 0; i < count; ++i) value[i] = one_of(from[i]);
  return value;
}

// The first lanes of both in turn, and the last.
EMB_INLINE F interleave_low(F a, F b) {
  return __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
}
EMB_INLINE F interleave_high(F a, F b) {
  return __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15,
                                 31);
}
// Lane by lane into the other: 16 rows become columns. Each round turns the eight digits of an
// element's place by one, and after four its row and its column have changed places.
EMB_INLINE void transpose(F* rows) {
#pragma clang loop unroll(full)
  for (int round = 0; round < 4; ++round) {
    F turned[16];
#pragma clang loop unroll(full)
    for (int i = 0; i < 8; ++i) {
      turned[i * 2] = interleave_low(rows[i], rows[i + 8]);
      turned[i * 2 + 1] = interleave_high(rows[i], rows[i + 8]);
    }
#pragma clang loop unroll(full)
    for (int i = 0; i < 16; ++i) rows[i] = turned[i];
  }
}
// The sum of each of 16 vectors, in the lane of its number.
EMB_INLINE F sums_of(F* rows) {
#pragma clang loop unroll(full)
  for (int count = 8; count > 0; count /= 2) {
#pragma clang loop unroll(full)
    for (int i = 0; i < count; ++i) {
      const F other = rows[i + count];
      rows[i] = interleave_low(rows[i], other) + interleave_high(rows[i], other);
    }
  }
  return rows[0];
}

// exp(x) for x up to 0; 0 where it is below 1e-38.
EMB_INLINE F weight_of(F x) {
  const F least = all(-87.0f);
  I n;
  const F less_one = reduced_exp_less_one(choose(x < least, least, x), n);
  return choose(x < least, F{}, (less_one + 1.0f) * power_of_two(n));
}

constexpr float kUnseen = -__builtin_inff();

// A query's running softmax.
struct Fold {
  float highest = kUnseen;
  float sum = 0;  // of weights relative to the highest score
};

EMB_INLINE void put_log_sum(const Query& query, const Fold& fold) {
  if (query.log_sum != nullptr)
    *query.log_sum = fold.sum == 0 ? kUnseen : fold.highest + __builtin_logf(fold.sum);
}

EMB_INLINE void cap_scores(const HeadShape& shape, float* scores, std::size_t count) {
  for (std::size_t t = 0; t < count; t += 16) {
    const F score = load_up_to(scores + t, count - t, 0);
    store_up_to(scores + t, shape.softcap * tanh(score / shape.softcap), count - t);
  }
}

// Scores become weights. What was summed up before weighs `shrink` times as much from now on.
EMB_INLINE float weigh(float* scores, std::size_t count, Fold& fold) {
  const float highest = highest_of(scores, count, fold.highest);
  float shrink = 1;
  if (highest > fold.highest) {
    shrink = fold.highest == kUnseen ? 0.0f : weight_of(all(fold.highest - highest))[0];
    fold.highest = highest;
  }
  F sums{};
  for (std::size_t t = 0; t < count; t += 16) {
    F weight = load_up_to(scores + t, count - t, kUnseen);
    // Where all is hidden so far, hidden tokens weigh nothing; a NaN stays.
    weight = highest == kUnseen ? choose(weight == all(kUnseen), F{}, weight)
                                : weight_of(weight - highest);
    sums += weight;
    store_up_to(scores + t, weight, count - t);
  }
  fold.sum = fold.sum * shrink + sum_of(sums);
  return shrink;
}

// ---- Few queries

template <class T>
EMB_INLINE void score_tokens(const HeadShape& shape, const float* query, const T* keys,
                             std::size_t stride, std::size_t tokens, float* scores) {
  const std::size_t width = shape.width / 16 * 16;
  for (std::size_t first = 0; first < tokens; first += 16) {
    const std::size_t left = tokens - first;
    F sums[16];
    for (std::size_t t = 0; t < 16; ++t) {
      const T* key = keys + (first + (t < left ? t : left - 1)) * stride;
      F sum{};
      for (std::size_t i = 0; i < width; i += 16)
        sum = fma(load<F>(query + i), load_lanes_of(key + i), sum);
      if (width < shape.width) {
        sum = fma(load_up_to(query + width, shape.width - width, 0),
                  load_lanes_up_to(key + width, shape.width - width), sum);
      }
      sums[t] = sum;
    }
    store_up_to(scores + first, sums_of(sums) * shape.scale, left);
  }
}

// Adds weighted values to what `out` holds, `shrink` times.
template <int kVectors, class T>
EMB_INLINE void add_values(const T* values, std::size_t stride, const float* weights,
                           std::size_t tokens, float shrink, float* out, std::size_t lanes) {
  F sums[kVectors];
  for (int v = 0; v < kVectors; ++v) sums[v] = load_up_to(out + v * 16, lanes, 0) * shrink;
  for (std::size_t t = 0; t < tokens; ++t) {
    const F weight = all(weights[t]);
    for (int v = 0; v < kVectors; ++v)
      sums[v] = fma(load_lanes_up_to(values + t * stride + v * 16, lanes), weight, sums[v]);
  }
  for (int v = 0; v < kVectors; ++v) store_up_to(out + v * 16, sums[v], lanes);
}

template <class T>
void attend_one(const HeadShape& shape, const Query& query, std::size_t index,
                const SeenKeys<T>& keys, const ScoreExtra& extra) {
  for (std::size_t i = 0; i < shape.width; ++i) query.out[i] = 0;
  Fold fold;
  std::size_t start = 0;  // of the stretch
  for (const KeyStretch<T>& stretch : keys.stretches) {
    const std::size_t from = query.first > start ? query.first - start : 0;
    const std::size_t end = query.last > start ? query.last - start : 0;
    const std::size_t to = end < stretch.tokens ? end : stretch.tokens;
    for (std::size_t at = from; at < to; at += kBlockTokens) {
      const std::size_t count = to - at < kBlockTokens ? to - at : kBlockTokens;
      float scores[kBlockTokens];
      score_tokens(shape, query.at, stretch.keys + at * keys.stride, keys.stride, count, scores);
      if (shape.softcap > 0) cap_scores(shape, scores, count);
      if (extra) extra(index, start + at, {scores, count});
      const float shrink = weigh(scores, count, fold);
      const T* values = stretch.values + at * keys.stride;
      std::size_t i = 0;
      for (; i + 64 <= shape.width; i += 64)
        add_values<4>(values + i, keys.stride, scores, count, shrink, query.out + i, 16);
      for (; i < shape.width; i += 16) {
        add_values<1>(values + i, keys.stride, scores, count, shrink, query.out + i,
                      shape.width - i);
      }
    }
    start += stretch.tokens;
  }
  const float scale = fold.sum == 0 ? 0.0f : 1.0f / fold.sum;
  for (std::size_t i = 0; i < shape.width; ++i) query.out[i] *= scale;
  put_log_sum(query, fold);
}

// ---- Many queries

// Queries and vectors of a product's tile, by how many registers there are.
#if EMB_AVX512
constexpr int kQueryTile = 8;
constexpr int kVectorTile = 2;
#elif EMB_AVX2
constexpr int kQueryTile = 4;
constexpr int kVectorTile = 1;
#else
constexpr int kQueryTile = 2;
constexpr int kVectorTile = 1;
#endif
static_assert(kBlockQueries % kQueryTile == 0);

// sums[rows][vectors] += a[rows][count] * b[count][vectors]; strides are in floats.
template <int kVectors>
EMB_INLINE void add_product(const float* a, std::size_t a_stride, const float* b,
                            std::size_t b_stride, std::size_t count,
                            F (&sums)[kQueryTile][kVectors]) {
  for (std::size_t k = 0; k < count; ++k) {
    F w[kVectors];
#pragma clang loop unroll(full)
    for (int v = 0; v < kVectors; ++v) w[v] = load<F>(b + k * b_stride + v * 16);
#pragma clang loop unroll(full)
    for (int r = 0; r < kQueryTile; ++r) {
      const F x = all(a[r * a_stride + k]);
#pragma clang loop unroll(full)
      for (int v = 0; v < kVectors; ++v) sums[r][v] = fma(w[v], x, sums[r][v]);
    }
  }
}

// A block's two products in float vectors, on the caller's scratch. What else multiplies (tiles)
// has the same members: width, scores, sums and folds, and the steps in the order of attend_many().
template <class T>
struct VectorProducts {
  std::size_t head_width;
  std::size_t width;  // in whole vectors
  float* scores;      // kBlockQueries x kBlockTokens
  float* sums;        // of weighted values: rows of width, one for each query
  Fold* folds;        // of each query

  float* keys;     // width x kBlockTokens
  float* values;   // kBlockTokens x width
  float* queries;  // times the scale; rows of width

  VectorProducts(const HeadShape& shape, std::span<const Query> from, float* scratch)
      : head_width(shape.width), width((shape.width + 15) / 16 * 16) {
    const std::size_t rows = whole_rows(from.size());
    keys = scratch;
    values = keys + width * kBlockTokens;
    queries = values + width * kBlockTokens;
    sums = queries + width * rows;
    scores = sums + width * rows;
    folds = reinterpret_cast<Fold*>(scores + kBlockQueries * kBlockTokens);
    for (std::size_t row = 0; row < rows; ++row) {
      for (std::size_t i = 0; i < width; i += 16) {
        const F value =
            row < from.size() ? load_up_to(from[row].at + i, head_width - i, 0) * shape.scale : F{};
        store(queries + row * width + i, value);
      }
    }
  }

  // Takes in keys and values of a block: at most kBlockTokens rows.
  void take(const T* const* key_rows, const T* const* value_rows, std::size_t count) {
    for (std::size_t t = 0; t < count; t += 16) {
      for (std::size_t i = 0; i < width; i += 16) {
        F rows[16];
        for (std::size_t r = 0; r < 16; ++r)
          rows[r] = t + r < count ? load_lanes_up_to(key_rows[t + r] + i, head_width - i) : F{};
        transpose(rows);
        for (std::size_t r = 0; r < 16; ++r) store(keys + (i + r) * kBlockTokens + t, rows[r]);
      }
    }
    for (std::size_t t = 0; t < count; ++t) {
      for (std::size_t i = 0; i < width; i += 16)
        store(values + t * width + i, load_lanes_up_to(value_rows[t] + i, head_width - i));
    }
  }

  // Fills the scores of `count` queries from `query` on, for whole vectors of tokens.
  void score(std::size_t query, std::size_t count, Range tokens) {
    for (std::size_t row = 0; row < count; row += kQueryTile) {
      std::size_t token = tokens.first;
      for (; token + kVectorTile * 16 <= tokens.last; token += kVectorTile * 16)
        score_tile<kVectorTile>(query, row, token);
      if (token < tokens.last) score_tile<1>(query, row, token);
    }
  }

  // Adds values by the weights that stand in the scores, to sums that weigh `shrinks` times as much
  // as before.
  void add(std::size_t query, std::size_t count, Range tokens, const float* shrinks) {
    for (std::size_t row = 0; row < count; row += kQueryTile) {
      std::size_t column = 0;
      for (; column + kVectorTile * 16 <= width; column += kVectorTile * 16)
        value_tile<kVectorTile>(query, row, tokens, shrinks + row, column);
      if (column < width) value_tile<1>(query, row, tokens, shrinks + row, column);
    }
  }

  void end() {}

  template <int kVectors>
  void score_tile(std::size_t query, std::size_t row, std::size_t token) {
    F found[kQueryTile][kVectors] = {};
    add_product<kVectors>(queries + (query + row) * width, width, keys + token, kBlockTokens, width,
                          found);
#pragma clang loop unroll(full)
    for (int r = 0; r < kQueryTile; ++r) {
#pragma clang loop unroll(full)
      for (int v = 0; v < kVectors; ++v)
        store(scores + (row + r) * kBlockTokens + token + v * 16, found[r][v]);
    }
  }

  template <int kVectors>
  void value_tile(std::size_t query, std::size_t row, Range tokens, const float* shrinks,
                  std::size_t column) {
    float* at = sums + (query + row) * width + column;
    F found[kQueryTile][kVectors];
#pragma clang loop unroll(full)
    for (int r = 0; r < kQueryTile; ++r) {
#pragma clang loop unroll(full)
      for (int v = 0; v < kVectors; ++v)
        found[r][v] = load<F>(at + r * width + v * 16) * all(shrinks[r]);
    }
    add_product<kVectors>(scores + row * kBlockTokens + tokens.first, kBlockTokens,
                          values + tokens.first * width + column, width, tokens.last - tokens.first,
                          found);
#pragma clang loop unroll(full)
    for (int r = 0; r < kQueryTile; ++r) {
#pragma clang loop unroll(full)
      for (int v = 0; v < kVectors; ++v) store(at + r * width + v * 16, found[r][v]);
    }
  }
};

// Scores of tokens outside [first, last) of the block become minus infinity.
EMB_INLINE void hide(float* scores, Range tokens, std::size_t first, std::size_t last) {
  const I lanes = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  for (std::size_t t = tokens.first; t < tokens.last; t += 16) {
    if (first <= t && t + 16 <= last) continue;
    const I token = lanes + static_cast<std::int32_t>(t);
    const B16 seen = (token >= all(static_cast<std::int32_t>(first))) &
                     (token < all(static_cast<std::int32_t>(last)));
    store(scores + t, choose(seen, load<F>(scores + t), all(kUnseen)));
  }
}

// At most kBlockQueries queries from `query` on, over the block that begins with token `start`.
template <class Products>
void attend_block(const HeadShape& shape, std::span<const Query> queries, std::size_t query,
                  std::size_t start, std::size_t count, const ScoreExtra& extra,
                  Products& products) {
  const std::size_t left = queries.size() - query;
  const std::size_t rows = left < kBlockQueries ? left : kBlockQueries;
  // What each of them sees of the block, and what any does.
  Range seen[kBlockQueries] = {};
  Range any{count, 0};
  for (std::size_t r = 0; r < rows; ++r) {
    const Query& one = queries[query + r];
    const std::size_t first = one.first > start ? one.first - start : 0;
    const std::size_t end = one.last > start ? one.last - start : 0;
    seen[r] = {first, end < count ? end : count};
    if (seen[r].first >= seen[r].last) {
      seen[r] = {};
      continue;
    }
    if (seen[r].first < any.first) any.first = seen[r].first;
    if (seen[r].last > any.last) any.last = seen[r].last;
  }
  if (any.first >= any.last) return;
  const Range whole{any.first / 16 * 16, (any.last + 15) / 16 * 16};
  products.score(query, rows, whole);
  float shrinks[kBlockQueries];
  for (std::size_t r = 0; r < kBlockQueries; ++r) {
    float* scores = products.scores + r * kBlockTokens;
    shrinks[r] = 1;
    if (seen[r].first >= seen[r].last) {
      for (std::size_t t = whole.first; t < whole.last; t += 16) store(scores + t, F{});
      continue;
    }
    if (shape.softcap > 0) cap_scores(shape, scores + whole.first, whole.last - whole.first);
    if (extra) {
      extra(query + r, start + seen[r].first,
            {scores + seen[r].first, seen[r].last - seen[r].first});
    }
    hide(scores, whole, seen[r].first, seen[r].last);
    shrinks[r] = weigh(scores + whole.first, whole.last - whole.first, products.folds[query + r]);
  }
  products.add(query, rows, any, shrinks);
}

// Where the rows of a block are.
template <class T>
struct KeyRows {
  struct Place {
    std::size_t stretch = 0;
    std::size_t before = 0;  // tokens of the stretches before it
  };
  std::size_t count = 0;
  const T* keys[kBlockTokens];
  const T* values[kBlockTokens];

  // Tokens from `start` to before `last`, a block of them at most; `place` is at `start` or before.
  void find(const SeenKeys<T>& from, std::size_t start, std::size_t last, Place& place) {
    count = last - start < kBlockTokens ? last - start : kBlockTokens;
    for (std::size_t t = 0; t < count; ++t) {
      while (start + t >= place.before + from.stretches[place.stretch].tokens)
        place.before += from.stretches[place.stretch++].tokens;
      const std::size_t at = (start + t - place.before) * from.stride;
      keys[t] = from.stretches[place.stretch].keys + at;
      values[t] = from.stretches[place.stretch].values + at;
    }
  }
  // Asks memory for them: pages lie far from each other.
  void fetch(std::size_t width) const {
    for (std::size_t t = 0; t < count; ++t) {
      for (std::size_t i = 0; i < width; i += 64 / sizeof(T)) {
        __builtin_prefetch(keys[t] + i);
        __builtin_prefetch(values[t] + i);
      }
    }
  }
};

template <class Products, class T>
void attend_many(const HeadShape& shape, std::span<const Query> queries, const SeenKeys<T>& keys,
                 const ScoreExtra& extra, float* scratch) {
  Products products(shape, queries, scratch);
  Range tokens{static_cast<std::size_t>(-1), 0};
  for (std::size_t row = 0; row < whole_rows(queries.size()); ++row) {
    products.folds[row] = Fold{};
    for (std::size_t i = 0; i < products.width; i += 16)
      store(products.sums + row * products.width + i, F{});
    if (row >= queries.size() || queries[row].first >= queries[row].last) continue;
    if (queries[row].first < tokens.first) tokens.first = queries[row].first;
    if (queries[row].last > tokens.last) tokens.last = queries[row].last;
  }
  KeyRows<T> here;
  KeyRows<T> next;
  typename KeyRows<T>::Place place;
  if (tokens.first < tokens.last) next.find(keys, tokens.first, tokens.last, place);
  for (std::size_t start = tokens.first; start < tokens.last; start += kBlockTokens) {
    here = next;
    next.count = 0;
    if (start + here.count < tokens.last) {
      next.find(keys, start + here.count, tokens.last, place);
      next.fetch(shape.width);
    }
    products.take(here.keys, here.values, here.count);
    for (std::size_t query = 0; query < queries.size(); query += kBlockQueries)
      attend_block(shape, queries, query, start, here.count, extra, products);
  }
  products.end();
  for (std::size_t row = 0; row < queries.size(); ++row) {
    const float sum = products.folds[row].sum;
    const float scale = sum == 0 ? 0.0f : 1.0f / sum;
    const float* sums = products.sums + row * products.width;
    for (std::size_t i = 0; i < shape.width; i += 16)
      store_up_to(queries[row].out + i, load<F>(sums + i) * scale, shape.width - i);
    put_log_sum(queries[row], products.folds[row]);
  }
}

// Below this many queries a block of keys is not worth its turning.
constexpr std::size_t kManyQueries = 6;

template <class Products, class T>
void attend(const HeadShape& shape, std::span<const Query> queries, const SeenKeys<T>& keys,
            const ScoreExtra& extra, float* scratch) {
  if (queries.size() >= kManyQueries)
    return attend_many<Products>(shape, queries, keys, extra, scratch);
  for (std::size_t i = 0; i < queries.size(); ++i) attend_one(shape, queries[i], i, keys, extra);
}
