#include "transformers/kernels/kernels.h"

namespace embrace::transformers {

const Kernels& kernels() {
#if defined(__x86_64__)
  switch (level()) {
    case Level::Amx:
      return amx::kernels();
    case Level::Avx512Bf16:
      return avx512_bf16::kKernels;
    case Level::Avx512:
      return avx512::kKernels;
    case Level::Avx2:
      return avx2::kKernels;
    case Level::Plain:
      break;
  }
#endif
  return plain::kKernels;
}

}  // namespace embrace::transformers
