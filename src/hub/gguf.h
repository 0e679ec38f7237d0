#pragma once
// The head of a GGUF file, little endian, from strangers:
//
//   "GGUF"  version u32 (2 or 3)  tensors u64  pairs u64
//   pair    key, type u32, value          string: length u64, bytes; array: type u32, count u64,
//   ... tensor  name, dimensions u32, each u64, type u32, offset u64
//
// It has no length of its own and may be megabytes long (every token of the vocabulary is in it),
// so it is read from a beginning that grows until it is whole.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace embrace::hub {

inline constexpr std::size_t kGgufHeadBytesMax = 32u << 20;

struct GgufFacts {
  std::uint64_t total = 0;  // parameters
  std::string architecture;
  std::optional<std::uint64_t> context_length;
  std::string quantization;  // "Q4_K_M"; "" when the file does not say, or says one we don't know
  std::string imatrix_file;  // that the quantization was guided by
  std::string chat_template, bos_token, eos_token;

  std::string render() const;  // as clients read it: {"total":n,"architecture":...}
};

// nullopt: the head goes on beyond these bytes. InvalidArgument when it is none, or larger than any
// honest one.
Result<std::optional<GgufFacts>> parse_gguf_head(std::string_view bytes);

}  // namespace embrace::hub
