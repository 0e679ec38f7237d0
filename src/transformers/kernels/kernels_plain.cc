// The kernels for every processor, in vectors that the compiler maps to what there is.
#include "transformers/kernels/kernels.h"

#pragma clang diagnostic ignored "-Wpsabi"  // vectors in arguments: all such functions are inlined
#define EMB_AVX2 0
#define EMB_AVX512 0
#define EMB_BF16 0

namespace embrace::transformers::plain {
// UBSan watches the callers alone: unrolled loops with its checks take minutes to compile.
#pragma clang attribute push(__attribute__((no_sanitize("undefined"))), apply_to = function)
#include "transformers/kernels/table-inl.h"
#pragma clang attribute pop
}  // namespace embrace::transformers::plain
