// Lanes: vectors of 16, one for each output of a panel, and the few steps that processors do in
// their own ways. Included once for each level, inside its namespace and its target attribute, with
// EMB_AVX2, EMB_AVX512 and EMB_BF16 saying what it has; the compiler cuts 16 lanes into as many
// registers as the level needs.
//
// No include guard, and no includes: the level's own file has them.

// clang-format off
#define EMB_INLINE static inline __attribute__((always_inline))
// clang-format on

using F = float __attribute__((vector_size(64)));
using I = std::int32_t __attribute__((vector_size(64)));
using U = std::uint32_t __attribute__((vector_size(64)));

template <class V>
EMB_INLINE V load(const void* from) {
  V value;
  __builtin_memcpy(&value, from, sizeof value);
  return value;
}
template <class V>
EMB_INLINE void store(void* into, V value) {
  __builtin_memcpy(into, &value, sizeof value);
}
EMB_INLINE I all(std::int32_t value) { return I{} + value; }
EMB_INLINE U all(std::uint32_t value) { return U{} + value; }
// Bits, since adding a float to 0 is a step of its own: it turns -0 into 0.
EMB_INLINE F all(float value) { return (F)all(__builtin_bit_cast(std::uint32_t, value)); }
EMB_INLINE std::uint32_t load_word(const std::byte* from) {
  std::uint32_t word;
  __builtin_memcpy(&word, from, sizeof word);
  return word;
}
EMB_INLINE float as_float(std::uint32_t bits) { return __builtin_bit_cast(float, bits); }
EMB_INLINE F to_float(I value) { return __builtin_convertvector(value, F); }

// a * b + c; fused where the level can.
EMB_INLINE F fma(F a, F b, F c) { return a * b + c; }

// 16 floats of half size.
EMB_INLINE F load_halves(const std::byte* from) {
  using H = _Float16 __attribute__((vector_size(32)));
  return __builtin_convertvector(load<H>(from), F);
}
// 16 bytes without or with sign.
EMB_INLINE F load_bytes(const std::byte* from) {
  using B = std::uint8_t __attribute__((vector_size(16)));
  return __builtin_convertvector(load<B>(from), F);
}
EMB_INLINE F load_signed_bytes(const std::byte* from) {
  using B = std::int8_t __attribute__((vector_size(16)));
  return __builtin_convertvector(load<B>(from), F);
}

// sum + low(w) low(x) + high(w) high(x), where words are pairs of bfloats.
EMB_INLINE F dot_bfloats(F sum, U w, std::uint32_t x) {
#if EMB_BF16
  return (F)_mm512_dpbf16_ps((__m512)sum, (__m512bh)w, (__m512bh)all(x));
#else
  sum = fma((F)(w << 16), all(as_float(x << 16)), sum);
  return fma((F)(w & 0xffff0000u), all(as_float(x & 0xffff0000u)), sum);
#endif
}

// sum + the four products of bytes: w's without sign, x's with, from -127. Of bytes above 127
// (kWide), what counts is w - kWideZero.
#if EMB_AVX512
constexpr std::int32_t kWideZero = 128;  // starts make up for it
template <bool kWide>
EMB_INLINE I dot_bytes(I sum, U w, std::uint32_t x) {
  return (I)_mm512_dpbusd_epi32((__m512i)sum, (__m512i)w, (__m512i)all(x));
}
#elif EMB_AVX2
constexpr std::int32_t kWideZero = 0;
struct Halves {
  __m256i at[2];
};
template <bool kWide>
EMB_INLINE I dot_bytes(I sum, U w, std::uint32_t x) {
  const auto words = __builtin_bit_cast(Halves, w);
  auto sums = __builtin_bit_cast(Halves, sum);
  const __m256i factor = _mm256_set1_epi32(static_cast<std::int32_t>(x));
  for (int i = 0; i < 2; ++i) {
    __m256i pairs;
    if constexpr (kWide) {
      // Pairs of products of bytes without sign do not fit 16 bits: the sign moves to x.
      const __m256i centered = _mm256_xor_si256(words.at[i], _mm256_set1_epi8(-128));
      pairs = _mm256_maddubs_epi16(_mm256_abs_epi8(centered), _mm256_sign_epi8(factor, centered));
    } else {
      pairs = _mm256_maddubs_epi16(words.at[i], factor);
    }
    sums.at[i] = _mm256_add_epi32(sums.at[i], _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
  }
  return __builtin_bit_cast(I, sums);
}
#else
constexpr std::int32_t kWideZero = 128;
template <bool kWide>
EMB_INLINE I dot_bytes(I sum, U w, std::uint32_t x) {
  // Products of a byte without and one with sign fit 16 bits; sums are made in 32.
  using S = std::int16_t __attribute__((vector_size(64)));
  const auto even = static_cast<std::uint16_t>(static_cast<std::int8_t>(x)) |
                    std::uint32_t{static_cast<std::uint16_t>(static_cast<std::int8_t>(x >> 16))}
                        << 16;
  const auto odd = static_cast<std::uint16_t>(static_cast<std::int8_t>(x >> 8)) |
                   std::uint32_t{static_cast<std::uint16_t>(static_cast<std::int8_t>(x >> 24))}
                       << 16;
  const I low = (I)((S)(w & 0x00ff00ffu) * (S)all(even));
  const I high = (I)((S)(w >> 8 & 0x00ff00ffu) * (S)all(odd));
  sum += ((I)((U)low << 16) >> 16) + (low >> 16);
  return sum + ((I)((U)high << 16) >> 16) + (high >> 16);
}
#endif

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
