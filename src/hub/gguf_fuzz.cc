// A GGUF head may say anything; what is made of it is JSON, and never larger than what it came from
// allows.

#include <cstdlib>

#include "hub/gguf.h"
#include "json/view.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace embrace;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto whole = hub::parse_gguf_head(bytes);
  if (whole && *whole) {
    if (!json::Document::parse((*whole)->render())) std::abort();
    // Every beginning of a good head is too short, and not wrong.
    for (std::size_t cut = 0; cut < size && cut < 64; ++cut) {
      const auto part = hub::parse_gguf_head(bytes.substr(0, cut));
      if (!part) std::abort();
    }
  }
  return 0;
}
