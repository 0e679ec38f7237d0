// Keys come from digests and upload names, but a path is built from them: whatever parses must stay
// inside its folder.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "base/strings.h"
#include "blob/backend.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto key = embrace::blob::Key::parse(text);
  if (!key) return 0;
  if (key->text() != text || text.size() > 512) std::abort();
  for (const auto segment : embrace::split(text, '/')) {
    if (segment.empty() || segment == "." || segment == "..") std::abort();
    if (segment.find('\0') != segment.npos) std::abort();
  }
  return 0;
}
