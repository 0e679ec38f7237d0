#pragma once
// Body: where the body of the current request ends, by Content-Length or by chunks. Lives in the
// connection and is begun anew for each request; BodyHandle is what the handler holds.

#include <cstdint>
#include <optional>
#include <span>

#include "http/head.h"
#include "http/input.h"
#include "http/message.h"

namespace embrace::http {

class Body {
 public:
  Body(Stream& stream, Input& input, Watch& watch, Lane& lane)
      : stream_(stream), input_(input), watch_(watch), lane_(lane), pace_(lane) {}

  void begin(const Head& head);

  Task<Result<std::size_t>> read(std::span<char> into);
  std::optional<std::uint64_t> length() const { return length_; }

  bool at_end() const { return stage_ == Stage::End; }
  bool is_broken() const { return stage_ == Stage::Broken; }
  // True when the rest, as far as its size is known, may be read in order to keep the connection.
  // Never when the client still waits for 100: it may send the body or not, and nobody can tell.
  bool is_drainable(std::uint64_t bytes_max) const;
  // Reads and drops the rest. False when there is more than bytes_max, or the client failed.
  Task<bool> drain(std::uint64_t bytes_max);

 private:
  enum class Stage : std::uint8_t { Data, ChunkSize, ChunkEnd, Trailers, End, Broken };

  Task<Result<std::size_t>> read_data(std::span<char> into);
  Task<Result<std::size_t>> read_small_chunk(std::span<char> into);
  Task<Status> advance_chunks();  // to the next data, or to the end
  Task<Status> send_continue();
  Task<Result<std::string_view>> read_line();  // without CRLF; consume_line() lets go of it
  void consume_line(std::string_view line) { input_.consume(line.size() + 2); }
  std::unexpected<Error> broken(Code code, std::string_view message);
  // From the socket behind what is ready, while the client keeps its time and its pace.
  Task<Status> fill(std::size_t bytes_max);
  Status check_pace(SteadyTime asked, std::size_t bytes);
  std::unexpected<Error> failed_read(std::string_view why);

  Stream& stream_;
  Input& input_;
  Watch& watch_;
  Lane& lane_;
  Pace pace_;

  Stage stage_ = Stage::End;
  bool chunked_ = false;
  bool continue_awaited_ = false;
  std::optional<std::uint64_t> length_;
  std::uint64_t left_ = 0;  // of the body, or of the chunk
  std::size_t trailer_bytes_ = 0;
};

class BodyHandle final : public RequestBody {
 public:
  explicit BodyHandle(Body& body) : body_(body) {}
  Task<Result<std::size_t>> read(std::span<char> into) override { return body_.read(into); }
  std::optional<std::uint64_t> length() const override { return body_.length(); }

 private:
  Body& body_;
};

}  // namespace embrace::http
