// Any bytes either are a GGUF file or are refused; every fact and every tensor of one lies inside
// it, and can be read.

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/check.h"
#include "transformers/tensor/gguf.h"

namespace {

using namespace embrace::transformers;

// Looks at every byte, so that the sanitizer sees one that is outside.
void look_at(std::span<const std::byte> bytes) {
  volatile unsigned sum = 0;
  for (const std::byte byte : bytes) sum = sum + static_cast<unsigned>(byte);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto read = Gguf::parse({reinterpret_cast<const std::byte*>(data), size});
  if (!read) return 0;
  for (const auto& [key, value] : read->facts()) {
    if (const auto* text = std::get_if<std::string_view>(&value))
      look_at(std::as_bytes(std::span(*text)));
    const auto* array = std::get_if<GgufArray>(&value);
    if (array == nullptr) continue;
    const auto texts = array->texts();
    EMB_CHECK_OR_DIE(texts.has_value() != array->numbers().has_value(), "texts or numbers");
    EMB_CHECK_OR_DIE(!texts || texts->size() == array->count, "all texts are there");
  }
  for (const auto& [name, view] : read->tensors()) {
    EMB_CHECK_OR_DIE(view.bytes.size() == tensor_bytes(view.dtype, view.shape),
                     "a tensor has the bytes of its shape");
    EMB_CHECK_OR_DIE(read_all(view).has_value(), "a tensor that was taken can be read");
  }
  return 0;
}
