#pragma once
// Stream: the bytes of one connection, plain or TLS, so that the connection's loop exists once.
//
// Threads: the connection's io thread. Every wait ends with an error after cancel() or close();
// deadlines are the caller's work (lane.h).

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "base/file.h"
#include "base/result.h"
#include "rt/task.h"

namespace embrace::http {

// Two texts that leave in one system call: a head and its body.
struct Pieces {
  std::string_view first;
  std::string_view second;

  bool empty() const { return first.empty() && second.empty(); }
  std::size_t size() const { return first.size() + second.size(); }
  void remove_prefix(std::size_t bytes);
};

enum class More : std::uint8_t { No, Soon };  // Soon: the kernel may hold a packet that is not full

// The slices that are not sent yet when `done` bytes of all of them are; `done` becomes the bytes
// of the first of these.
std::span<const FileSlice> not_sent(std::span<const FileSlice> slices, std::uint64_t& done);

class Stream {
 public:
  virtual ~Stream() = default;

  virtual bool is_secure() const = 0;
  virtual Task<Status> handshake() = 0;
  // At least one byte into a buffer that is not empty; 0 when the other side has ended.
  virtual Task<Result<std::size_t>> read_some(std::span<char> into) = 0;
  virtual Task<Result<std::size_t>> write_some(Pieces pieces, More more) = 0;
  // Some bytes of slices of files, from byte `done` of them all on, the kernel doing the copy where
  // it can. The stream may have taken more than it says: whoever began with some slices goes on
  // with the same, `done` growing by what each call returns, until all are sent. Corrupt when a
  // file ends before its slice.
  virtual Task<Result<std::size_t>> send_slices_some(std::span<const FileSlice> slices,
                                                     std::uint64_t done) = 0;
  // Tells the other side that no byte follows. TLS waits for its answer. Reading
  // goes on, for bytes that are dropped.
  virtual Task<void> shutdown() = 0;

  virtual void cancel() = 0;  // the pending wait fails
  virtual void close() = 0;
  virtual void reset() = 0;  // close, and tell the other side that something is missing
};

}  // namespace embrace::http
