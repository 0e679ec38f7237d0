#pragma once
// Content: bytes on their way out of the house. A store makes one, http sends it without knowing
// where it came from.
//
//   text            small and in memory
//   file slices     sent by the kernel (sendfile, splice) where the connection allows
//   a ByteSource    pulled piece by piece (decompression, a remote store, a git process)
//   a PieceSource   a ByteSource, some of whose pieces are file slices (a file stored in chunks)

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
class PieceSource;

class ByteSource {
 public:
  virtual ~ByteSource() = default;
  // Fills at most into.size() bytes. 0 means the end.
  virtual Task<Result<std::size_t>> read(std::span<char> into) = 0;
  // Itself, for senders that can do better than read().
  virtual PieceSource* as_pieces() { return nullptr; }
};

// A source that has its bytes ready in pieces, some of them parts of files. A sender that can let
// the kernel copy asks for pieces; everybody else reads. One reader uses one of the two.
class PieceSource : public ByteSource {
 public:
  using Piece = std::variant<std::string, FileSlice>;
  // The next pieces, in order and none of them empty. No piece means the end.
  virtual Task<Result<std::vector<Piece>>> next() = 0;

  Task<Result<std::size_t>> read(std::span<char> into) final;
  PieceSource* as_pieces() final { return this; }

 private:
  std::vector<Piece> pieces_;  // for read()
  std::size_t piece_ = 0;
  std::uint64_t used_ = 0;  // of that piece
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

// Any content in pieces: a text is one, slices are what they are, and a source that knows no pieces
// is read into texts.
std::unique_ptr<PieceSource> in_pieces(Content content);
std::uint64_t size_of(const PieceSource::Piece& piece);

// Reads a source to its end. TooLarge above `bytes_max`. Borrows the source until it returns.
Task<Result<std::string>> read_all(ByteSource& source, std::uint64_t bytes_max);

}  // namespace embrace::rt
