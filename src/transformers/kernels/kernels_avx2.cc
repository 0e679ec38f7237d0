// The kernels for processors with AVX2, FMA and F16C.
#include "transformers/kernels/kernels.h"

#if defined(__x86_64__)
#include <immintrin.h>

#pragma clang diagnostic ignored "-Wpsabi"  // vectors in arguments: all such functions are inlined
#define EMB_AVX2 1
#define EMB_AVX512 0
#define EMB_BF16 0

namespace embrace::transformers::avx2 {
// UBSan watches the callers alone: unrolled loops with its checks take minutes to compile.
#pragma clang attribute push(__attribute__((target("avx2,fma,f16c"))), apply_to = function)
#pragma clang attribute push(__attribute__((no_sanitize("undefined"))), apply_to = function)
#include "transformers/kernels/table-inl.h"
#pragma clang attribute pop
#pragma clang attribute pop
}  // namespace embrace::transformers::avx2
#endif
