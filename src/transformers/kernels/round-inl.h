// Rows of activations, rounded to what the products take, at one level: included after lanes-inl.h.

void round_row(const float* from, std::size_t count, std::uint16_t* into) {
  using H = std::uint16_t __attribute__((vector_size(32)));
  std::size_t i = 0;
#if EMB_BF16
  for (; i + 16 <= count; i += 16) store(into + i, _mm512_cvtneps_pbh(_mm512_loadu_ps(from + i)));
#endif
  const auto round = [](U bits) __attribute__((always_inline)) {
    const U rounded = (bits + 0x7fffu + (bits >> 16 & 1u)) >> 16;
    const U nan = (U)((bits & 0x7fffffffu) > 0x7f800000u);
    return (rounded & ~nan) | ((bits >> 16 | 0x40u) & nan);
  };
  for (; i + 16 <= count; i += 16)
    store(into + i, __builtin_convertvector(round(load<U>(from + i)), H));
  for (; i < count; ++i) {
    U one{};
    one[0] = __builtin_bit_cast(std::uint32_t, from[i]);
    into[i] = static_cast<std::uint16_t>(round(one)[0]);
  }
}

EMB_INLINE void quantize_block(const float* from, std::int8_t* into, float* scale,
                               std::int32_t* halves) {
  using B = std::int8_t __attribute__((vector_size(16)));
  const F low = load<F>(from);
  const F high = load<F>(from + 16);
  const I low_size = (I)low & 0x7fffffff;
  const I high_size = (I)high & 0x7fffffff;
  const std::int32_t largest_bits =
      __builtin_reduce_max(__builtin_elementwise_max(low_size, high_size));
  const float largest = __builtin_bit_cast(float, largest_bits);
  // A scale that its inverse can undo; what is smaller counts as zero.
  const bool usable = largest_bits < 0x7f800000 && largest > 1e-30f;
  const float inverse = usable ? 127.0f / largest : 0.0f;
  // Adding 1.5 * 2^23 rounds to whole numbers, ties to even, in the lowest bits.
  const F magic = all(12582912.0f);
  const I zero = all(std::int32_t{0x4b400000});
  I a = (I)(low * inverse + magic) - zero;
  I b = (I)(high * inverse + magic) - zero;
  if (!usable) a = b = I{};
  store(into, __builtin_convertvector(a, B));
  store(into + 16, __builtin_convertvector(b, B));
  *scale = usable ? largest / 127.0f : largest_bits < 0x7f800000 ? 0.0f : __builtin_nanf("");
  halves[0] = __builtin_reduce_add(a);
  halves[1] = __builtin_reduce_add(b);
}

void quantize_row(const float* from, std::size_t count, std::int8_t* into, float* scales,
                  std::int32_t* halves) {
  for (; count >= 32; count -= 32, from += 32, into += 32, ++scales, halves += 2)
    quantize_block(from, into, scales, halves);
  if (count == 0) return;
  float rest[32] = {};
  for (std::size_t i = 0; i < count; ++i) rest[i] = from[i];
  quantize_block(rest, into, scales, halves);
}
