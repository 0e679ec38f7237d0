// The steps of ops.h on one row, at one level: included after math-inl.h.

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
