// Commits from strangers: the first byte chooses how the rest is sliced; both spellings are tried.

#include <algorithm>
#include <cstdint>
#include <string_view>

#include "hub/commits.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::size_t slice = data[0] + std::size_t{1};
  const std::string_view body(reinterpret_cast<const char*>(data) + 1, size - 1);
  embrace::hub::NdjsonCommitParser parser(1 << 16);
  bool is_good = true;
  for (std::size_t at = 0; at < body.size() && is_good; at += slice)
    is_good = parser.feed(body.substr(at, slice)).has_value();
  if (is_good) (void)parser.finish();
  (void)embrace::hub::parse_json_commit(body);
  return 0;
}
