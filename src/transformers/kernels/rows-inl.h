// The steps of ops.h on one row, and attention's fold, at one level: included after math-inl.h.

// The lanes that `count` leaves of 16.
EMB_INLINE F load_up_to(const float* from, std::size_t count, float otherwise) {
  if (count >= 16) return load<F>(from);
  F value = all(otherwise);
  for (std::size_t i = 0; i < count; ++i) value[i] = from[i];
  return value;
}
EMB_INLINE void store_up_to(float* into, F value, std::size_t count) {
  if (count >= 16) return store(into, value);
  for (std::size_t i = 0; i < count; ++i) into[i] = value[i];
}
EMB_INLINE float sum_of(F value) {
  // By halves, so that the error stays small and the order is the same everywhere.
  for (int step = 8; step > 0; step /= 2) {
    for (int i = 0; i < step; ++i) value[i] += value[i + step];
  }
  return value[0];
}

template <Activation kActivation>
EMB_INLINE F activation(F x) {
  if constexpr (kActivation == Activation::None) return x;
  if constexpr (kActivation == Activation::Relu) return choose(x < F{}, F{}, x);
  if constexpr (kActivation == Activation::Gelu) return 0.5f * x * (1.0f + erf(x * 0.70710678f));
  if constexpr (kActivation == Activation::GeluTanh) {
    const F inner = 0.79788456f * fma(x * x * x, all(0.044715f), x);
    return 0.5f * x * (1.0f + tanh(inner));
  }
  if constexpr (kActivation == Activation::GeluQuick) return x * sigmoid(1.702f * x);
  if constexpr (kActivation == Activation::Silu) return x * sigmoid(x);
  if constexpr (kActivation == Activation::Tanh) return tanh(x);
  if constexpr (kActivation == Activation::Sigmoid) return sigmoid(x);
}

template <Activation kActivation>
void activate_all(const float* in, const float* factors, float* out, std::size_t count) {
  for (std::size_t i = 0; i < count; i += 16) {
    F y = activation<kActivation>(load_up_to(in + i, count - i, 0));
    if (factors != nullptr) y *= load_up_to(factors + i, count - i, 0);
    store_up_to(out + i, y, count - i);
  }
}

void activate_row(Activation kind, const float* in, const float* factors, float* out,
                  std::size_t count) {
  using Loop = void (*)(const float*, const float*, float*, std::size_t);
  static constexpr Loop kLoops[] = {
      activate_all<Activation::None>,      activate_all<Activation::Relu>,
      activate_all<Activation::Gelu>,      activate_all<Activation::GeluTanh>,
      activate_all<Activation::GeluQuick>, activate_all<Activation::Silu>,
      activate_all<Activation::Tanh>,      activate_all<Activation::Sigmoid>,
  };
  kLoops[static_cast<std::size_t>(kind)](in, factors, out, count);
}

void rms_norm_row(const float* in, const float* weight, float epsilon, float* out,
                  std::size_t count) {
  F squares[2] = {};
  for (std::size_t i = 0; i < count; i += 16) {
    const F x = load_up_to(in + i, count - i, 0);
    squares[i / 16 % 2] = fma(x, x, squares[i / 16 % 2]);
  }
  const auto mean =
      static_cast<double>(sum_of(squares[0] + squares[1])) / static_cast<double>(count);
  const F scale = all(static_cast<float>(1.0 / __builtin_sqrt(mean + epsilon)));
  for (std::size_t i = 0; i < count; i += 16) {
    const F x = load_up_to(in + i, count - i, 0);
    store_up_to(out + i, x * scale * load_up_to(weight + i, count - i, 0), count - i);
  }
}

void layer_norm_row(const float* in, const float* weight, const float* bias, float epsilon,
                    float* out, std::size_t count) {
  F sums[2] = {};
  for (std::size_t i = 0; i < count; i += 16) sums[i / 16 % 2] += load_up_to(in + i, count - i, 0);
  const float mean = sum_of(sums[0] + sums[1]) / static_cast<float>(count);
  F squares[2] = {};
  for (std::size_t i = 0; i < count; i += 16) {
    const F x = load_up_to(in + i, count - i, mean) - mean;
    squares[i / 16 % 2] = fma(x, x, squares[i / 16 % 2]);
  }
  const auto variance =
      static_cast<double>(sum_of(squares[0] + squares[1])) / static_cast<double>(count);
  const F scale = all(static_cast<float>(1.0 / __builtin_sqrt(variance + epsilon)));
  for (std::size_t i = 0; i < count; i += 16) {
    F y = (load_up_to(in + i, count - i, 0) - mean) * scale * load_up_to(weight + i, count - i, 0);
    if (bias != nullptr) y += load_up_to(bias + i, count - i, 0);
    store_up_to(out + i, y, count - i);
  }
}

EMB_INLINE float highest_of(const float* values, std::size_t count, float highest) {
  F lanes = all(highest);
  for (std::size_t i = 0; i < count; i += 16) {
    const F x = load_up_to(values + i, count - i, highest);
    lanes = choose(x > lanes, x, lanes);
  }
  for (int i = 0; i < 16; ++i) highest = lanes[i] > highest ? lanes[i] : highest;
  return highest;
}

void softmax_row(float* scores, std::size_t count) {
  constexpr float kNone = -__builtin_inff();
  const float highest = highest_of(scores, count, kNone);
  if (highest == kNone) {
    // Nothing to see; unless there is a NaN, which no comparison finds.
    for (std::size_t i = 0; i < count; ++i) scores[i] = scores[i] == kNone ? 0.0f : scores[i];
    return;
  }
  F sums{};
  for (std::size_t i = 0; i < count; i += 16) {
    const F x = exp(load_up_to(scores + i, count - i, kNone) - highest);
    sums += x;
    store_up_to(scores + i, x, count - i);
  }
  const F sum = all(sum_of(sums));
  for (std::size_t i = 0; i < count; i += 16)
    store_up_to(scores + i, load_up_to(scores + i, count - i, 0) / sum, count - i);
}

// ---- Attention

EMB_INLINE F load_lanes_of(const float* from) { return load<F>(from); }
EMB_INLINE F load_lanes_of(const std::uint16_t* from) {
  using H = std::uint16_t __attribute__((vector_size(32)));
  return (F)(__builtin_convertvector(load<H>(from), U) << 16);
}
EMB_INLINE float one_of(float from) { return from; }
EMB_INLINE float one_of(std::uint16_t from) { return as_float(std::uint32_t{from} << 16); }

template <class T>
EMB_INLINE float dot_row(const float* a, const T* b, std::size_t count) {
  F sums{};
  std::size_t i = 0;
  for (; i + 16 <= count; i += 16) sums = fma(load<F>(a + i), load_lanes_of(b + i), sums);
  float rest = 0;
  for (; i < count; ++i) rest += a[i] * one_of(b[i]);
  return sum_of(sums) + rest;
}

// A stretch of at most kFoldTokens tokens.
template <class T>
EMB_INLINE void fold_stretch(const FoldShape& shape, const float* query, const T* keys,
                             const T* values, std::size_t stride, std::size_t tokens,
                             const float* extra, Fold& fold, float* out) {
  float scores[kFoldTokens];
  for (std::size_t t = 0; t < tokens; ++t)
    scores[t] = dot_row(query, keys + t * stride, shape.width) * shape.scale;
  if (shape.softcap > 0) {
    for (std::size_t t = 0; t < tokens; t += 16) {
      const F score = load_up_to(scores + t, tokens - t, 0);
      store_up_to(scores + t, shape.softcap * tanh(score / shape.softcap), tokens - t);
    }
  }
  if (extra != nullptr) {
    for (std::size_t t = 0; t < tokens; ++t) scores[t] += extra[t];
  }
  constexpr float kNone = -__builtin_inff();
  const float highest = highest_of(scores, tokens, fold.highest);
  if (highest > fold.highest) {
    const float shrink = fold.highest == kNone ? 0.0f : exp(all(fold.highest - highest))[0];
    fold.sum *= shrink;
    for (std::size_t i = 0; i < shape.width; i += 16) {
      const F sum = load_up_to(out + i, shape.width - i, 0);
      store_up_to(out + i, sum * shrink, shape.width - i);
    }
    fold.highest = highest;
  }
  F sums{};
  for (std::size_t t = 0; t < tokens; t += 16) {
    F weight = load_up_to(scores + t, tokens - t, kNone);
    // Where all is hidden so far, hidden tokens weigh nothing.
    if (highest == kNone)
      weight = choose(weight == all(kNone), F{}, weight);
    else
      weight = exp(weight - highest);
    sums += weight;
    store_up_to(scores + t, weight, tokens - t);
  }
  fold.sum += sum_of(sums);
  std::size_t i = 0;
  for (; i + 32 <= shape.width; i += 32) {
    F low = load<F>(out + i);
    F high = load<F>(out + i + 16);
    for (std::size_t t = 0; t < tokens; ++t) {
      const F weight = all(scores[t]);
      low = fma(load_lanes_of(values + t * stride + i), weight, low);
      high = fma(load_lanes_of(values + t * stride + i + 16), weight, high);
    }
    store(out + i, low);
    store(out + i + 16, high);
  }
  for (; i + 16 <= shape.width; i += 16) {
    F sum = load<F>(out + i);
    for (std::size_t t = 0; t < tokens; ++t)
      sum = fma(load_lanes_of(values + t * stride + i), all(scores[t]), sum);
    store(out + i, sum);
  }
  for (; i < shape.width; ++i) {
    for (std::size_t t = 0; t < tokens; ++t) out[i] += scores[t] * one_of(values[t * stride + i]);
  }
}

template <class T>
void fold_row(const FoldShape& shape, const float* query, const T* keys, const T* values,
              std::size_t stride, std::size_t tokens, const float* extra, Fold& fold, float* out) {
  for (std::size_t at = 0; at < tokens; at += kFoldTokens) {
    const std::size_t count = tokens - at < kFoldTokens ? tokens - at : kFoldTokens;
    fold_stretch(shape, query, keys + at * stride, values + at * stride, stride, count,
                 extra == nullptr ? nullptr : extra + at, fold, out);
  }
}
