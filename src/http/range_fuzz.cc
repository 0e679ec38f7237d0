// Any text as a Range header and as a list of entity tags.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "http/gzip.h"
#include "http/range.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace embrace::http;
  std::uint64_t entity_bytes = 0;
  if (size < sizeof entity_bytes) return 0;
  std::memcpy(&entity_bytes, data, sizeof entity_bytes);
  const std::string_view text(reinterpret_cast<const char*>(data) + sizeof entity_bytes,
                              size - sizeof entity_bytes);
  if (const auto ranges = parse_range(text, entity_bytes); ranges && *ranges) {
    if ((*ranges)->empty() || (*ranges)->size() > kRangesMax) std::abort();
    for (const auto& range : **ranges) {
      if (range.length == 0 || range.first >= entity_bytes) std::abort();
      if (range.length > entity_bytes - range.first) std::abort();
    }
  }
  std::ignore = etag_matches(text, "\"abc\"");
  std::ignore = accepts_gzip(text);
  return 0;
}
