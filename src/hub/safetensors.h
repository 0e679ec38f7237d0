#pragma once
// The head of a safetensors file: 8 bytes of length (little endian), then JSON naming every tensor
// with its type and shape. Untrusted: lengths are limited and products checked for overflow.

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/result.h"

namespace embrace::hub {

inline constexpr std::uint64_t kSafetensorsHeaderBytesMax = 8u << 20;

struct ParameterCounts {
  std::map<std::string, std::uint64_t> by_dtype;  // "F32" -> parameters
  std::uint64_t total = 0;

  void add(const ParameterCounts& other);
  std::string render(bool sharded) const;  // {"parameters":{..},"total":n}
};

// How long the JSON is, from the file's first 8 bytes. InvalidArgument when it can't be one of
// ours.
Result<std::uint64_t> parse_safetensors_length(std::string_view start);
// The counts, from that JSON.
Result<ParameterCounts> parse_safetensors_header(std::string_view json);

}  // namespace embrace::hub
