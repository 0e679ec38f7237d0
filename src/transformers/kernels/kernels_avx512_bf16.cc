// The kernels for processors with AVX-512, VNNI and BF16.
#include "transformers/kernels/kernels.h"

#if defined(__x86_64__)
#include <immintrin.h>

#pragma clang diagnostic ignored "-Wpsabi"  // vectors in arguments: all such functions are inlined
#define EMB_AVX2 1
#define EMB_AVX512 1
#define EMB_BF16 1

namespace embrace::transformers::avx512_bf16 {
// UBSan watches the callers alone: unrolled loops with its checks take minutes to compile.
#pragma clang attribute push(                                                               \
    __attribute__((                                                                         \
        target("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx512bf16,avx2,fma,f16c"))), \
    apply_to = function)
#pragma clang attribute push(__attribute__((no_sanitize("undefined"))), apply_to = function)
#include "transformers/kernels/table-inl.h"
#pragma clang attribute pop
#pragma clang attribute pop
}  // namespace embrace::transformers::avx512_bf16
#endif
