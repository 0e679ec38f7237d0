#pragma once
// Input: the receiving side of a connection. Bytes that arrived and are not used yet stay here, so
// a pipelined request waits its turn behind the body before it.

#include <chrono>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "http/lane.h"
#include "http/stream.h"

namespace embrace::http {

class Input {
 public:
  Input(Stream& stream, Lane& lane) : stream_(stream), lane_(lane) {}

  std::string_view ready() const { return {buffer_.data() + begin_, end_ - begin_}; }
  void consume(std::size_t bytes);
  void make_room(std::size_t bytes);  // for a reader that knows that much is coming

  // Reads more behind ready(); 0 at the end of the stream. The buffer grows to bytes_max at most,
  // and ready() must be smaller than that.
  Task<Result<std::size_t>> fill(std::size_t bytes_max);
  // Into the caller's memory: what is ready, else straight from the socket.
  Task<Result<std::size_t>> read(std::span<char> into);

 private:
  Stream& stream_;
  Lane& lane_;
  std::vector<char> buffer_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

}  // namespace embrace::http
