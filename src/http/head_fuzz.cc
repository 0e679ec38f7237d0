// Any bytes as a request's head, and as a chunk's line.

#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "http/head.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace embrace::http;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto head = parse_head(text)) {
    if (head->chunked && head->content_length) std::abort();  // two opinions on where the body ends
    if (!head->path.starts_with('/') && head->path != "*") std::abort();
    if (head->path.starts_with("//")) std::abort();
    std::ignore = Query::parse(head->query_text);
  }
  std::ignore = is_hopeless(text);
  std::ignore = parse_chunk_size(text);
  return 0;
}
