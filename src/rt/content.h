#pragma once
// Content: bytes on their way out of the house. A store makes one, http sends it without knowing
// where it came from.
//
//   text            small and in memory
//   file slices     sent with sendfile where the connection allows
//   a ByteSource    pulled piece by piece (decompression, a remote store, a git process)

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "base/file.h"
#include "base/result.h"
#include "rt/task.h"

namespace embrace::rt {

// Bytes that are pulled. Threads: used by one coroutine at a time, resumed on that coroutine's
// executor; an implementation that blocks hops to a Pool itself.
class ByteSource {
 public:
  virtual ~ByteSource() = default;
  // Fills at most into.size() bytes. 0 means the end.
  virtual Task<Result<std::size_t>> read(std::span<char> into) = 0;
};

struct Content {
  Content() = default;
  Content(std::string text) : bytes(std::move(text)) {}  // NOLINT: a string is content
  Content(std::vector<FileSlice> slices) : bytes(std::move(slices)) {}  // NOLINT
  Content(std::unique_ptr<ByteSource> source, std::optional<std::uint64_t> length)
      : bytes(std::move(source)), source_length(length) {}

  // Known for text and slices; for a source only when its maker knows it.
  std::optional<std::uint64_t> length() const;

  std::variant<std::string, std::vector<FileSlice>, std::unique_ptr<ByteSource>> bytes;
  std::optional<std::uint64_t> source_length;
};

// Reads a source to its end. TooLarge above `bytes_max`. Borrows the source until it returns.
Task<Result<std::string>> read_all(ByteSource& source, std::uint64_t bytes_max);

}  // namespace embrace::rt
