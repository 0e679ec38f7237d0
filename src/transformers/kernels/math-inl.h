// exp, tanh, erf and what is made of them, for 16 lanes at one level: included after lanes-inl.h.
// Within 2e-7 of the exact values (erf, tanh and sigmoid absolutely, exp relatively); NaN stays
// NaN.

using B16 = std::int32_t __attribute__((vector_size(64)));  // lanes of a comparison: 0 or -1

EMB_INLINE F choose(B16 where, F then, F otherwise) {
  return (F)(((I)then & where) | ((I)otherwise & ~where));
}
EMB_INLINE F magnitude(F x) { return (F)((I)x & 0x7fffffff); }
EMB_INLINE F with_sign_of(F magnitude, F sign) {
  return (F)((U)magnitude | ((U)sign & 0x80000000u));
}
// 2^n for n from -126 to 127.
EMB_INLINE F power_of_two(I n) { return (F)((n + 127) << 23); }

// x = n ln 2 + rest, the rest within ln 2 / 2; gives exp(rest) - 1 by Taylor's series to the 7th
// power, whose error is below 6e-9.
EMB_INLINE F reduced_exp_less_one(F x, I& n) {
  const F magic = all(12582912.0f);  // 1.5 * 2^23: what is added to it is rounded to whole numbers
  const F shifted = fma(x, all(1.44269504f), magic);
  n = (I)shifted - all(std::int32_t{0x4b400000});
  const F whole = shifted - magic;
  F rest = fma(whole, all(-0.693359375f), x);  // ln 2 in two parts, the first of few bits
  rest = fma(whole, all(2.12194440e-4f), rest);
  F sum = all(1.0f / 5040);
  sum = fma(sum, rest, all(1.0f / 720));
  sum = fma(sum, rest, all(1.0f / 120));
  sum = fma(sum, rest, all(1.0f / 24));
  sum = fma(sum, rest, all(1.0f / 6));
  sum = fma(sum, rest, all(0.5f));
  return fma(sum * rest, rest, rest);
}

EMB_INLINE F exp(F x) {
  x = choose(x > all(89.0f), all(89.0f), x);  // infinite from 88.73 on
  x = choose(x < all(-104.0f), all(-104.0f), x);
  I n;
  const F less_one = reduced_exp_less_one(x, n);
  const I half = n >> 1;  // twice a half: the whole may be no number of its own
  return (less_one + 1.0f) * power_of_two(half) * power_of_two(n - half);
}

EMB_INLINE F sigmoid(F x) { return 1.0f / (1.0f + exp(-x)); }

// By exp(2 |x|) - 1, which keeps its digits near 0.
EMB_INLINE F tanh(F x) {
  F twice = magnitude(x) * 2.0f;
  twice = choose(twice > all(20.0f), all(20.0f), twice);
  I n;
  const F less_one = reduced_exp_less_one(twice, n);
  const F scale = power_of_two(n);
  const F grown = fma(less_one, scale, scale - 1.0f);
  return with_sign_of(grown / (grown + 2.0f), x);
}

// Up to 1 a polynomial of x^2; from there 1 - exp(-x^2) t q(t) with t = 1 / (1 + x / 2). Both were
// fitted at Chebyshev's nodes, the second for x from 1 to 4, from where on erf is 1.
EMB_INLINE F erf(F x) {
  F size = magnitude(x);
  const F square = size * size;
  F near = all(-9.673581e-06f);
  near = fma(near, square, all(0.00011268251f));
  near = fma(near, square, all(-0.00084843964f));
  near = fma(near, square, all(0.0052210535f));
  near = fma(near, square, all(-0.026865438f));
  near = fma(near, square, all(0.11283783f));
  near = fma(near, square, all(-0.37612638f));
  near = fma(near, square, all(1.1283792f)) * size;
  size = choose(size > all(4.0f), all(4.0f), size);
  const F t = 1.0f / fma(size, all(0.5f), all(1.0f));
  F far = all(0.0529504f);
  far = fma(far, t, all(-0.09098477f));
  far = fma(far, t, all(-0.10868841f));
  far = fma(far, t, all(0.20924884f));
  far = fma(far, t, all(0.11062507f));
  far = fma(far, t, all(0.2655429f));
  far = fma(far, t, all(0.27925786f));
  far = fma(far, t, all(0.28227499f));
  far = 1.0f - exp(-size * size) * t * far;
  return with_sign_of(choose(magnitude(x) > all(1.0f), far, near), x);
}

// The highest of some floats and of `highest`; a NaN is none.
EMB_INLINE float highest_of(const float* values, std::size_t count, float highest) {
  F lanes = all(highest);
  for (std::size_t i = 0; i < count; i += 16) {
    const F x = load_up_to(values + i, count - i, highest);
    lanes = choose(x > lanes, x, lanes);
  }
  for (int step = 8; step > 0; step /= 2) {
    for (int i = 0; i < step; ++i)
      lanes[i] = lanes[i + step] > lanes[i] ? lanes[i + step] : lanes[i];
  }
  return lanes[0];
}
