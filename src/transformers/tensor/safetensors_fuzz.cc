// Any bytes either are a safetensors file or are refused; every tensor of one lies inside it and
// can be read as numbers.

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/check.h"
#include "transformers/tensor/safetensors.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace et = embrace::transformers;
  const std::span file(reinterpret_cast<const std::byte*>(data), size);
  const auto read = et::parse_safetensors(file);
  if (!read) return 0;
  for (const auto& [name, view] : read->tensors) {
    EMB_CHECK_OR_DIE(view.bytes.size() == et::tensor_bytes(view.dtype, view.shape),
                     "a tensor has the bytes of its shape");
    EMB_CHECK_OR_DIE(et::read_all(view).has_value(), "a tensor that was taken can be read");
  }
  return 0;
}
