#include "http/body.h"

#include <algorithm>
#include <memory>
#include <string>

namespace embrace::http {
namespace {

constexpr std::size_t kChunkLineBytesMax = 1024;
constexpr std::size_t kTrailerBytesMax = 8 * 1024;
// Chunks up to this size are read through the buffer, together with the line that follows them.
constexpr std::size_t kSmallChunkBytes = 16 * 1024;
constexpr std::size_t kDrainBytes = 32 * 1024;

}  // namespace

void Body::begin(const Head& head) {
  chunked_ = head.chunked;
  length_ = head.chunked ? std::nullopt : std::optional(head.content_length.value_or(0));
  left_ = length_.value_or(0);
  trailer_bytes_ = 0;
  pace_.begin();
  if (chunked_)
    stage_ = Stage::ChunkSize;
  else
    stage_ = left_ > 0 ? Stage::Data : Stage::End;
  continue_awaited_ = head.expects_continue && stage_ != Stage::End;
}

std::unexpected<Error> Body::broken(Code code, std::string_view message) {
  stage_ = Stage::Broken;
  return fail(code, std::string(message));
}

Task<Result<std::size_t>> Body::read(std::span<char> into) {
  if (stage_ == Stage::End || into.empty()) co_return std::size_t{0};
  if (stage_ == Stage::Broken) {
    co_return fail(Code::InvalidArgument, "the request's body could not be read before");
  }
  if (continue_awaited_) EMB_CO_DO(co_await send_continue());
  if (chunked_ && stage_ != Stage::Data) {
    EMB_CO_DO(co_await advance_chunks());
    if (stage_ == Stage::End) co_return std::size_t{0};
  }
  if (chunked_ && left_ <= kSmallChunkBytes && input_.ready().empty()) {
    co_return co_await read_small_chunk(into);
  }
  co_return co_await read_data(into);
}

Task<Status> Body::send_continue() {
  continue_awaited_ = false;
  if (!input_.ready().empty()) co_return Done{};  // the client did not wait
  Pieces text{"HTTP/1.1 100 Continue\r\n\r\n", {}};
  while (!text.empty()) {
    watch_.within(lane_.settings.write_idle_timeout);
    const auto sent = co_await stream_.write_some(text, More::No);
    watch_.pause();
    if (!sent) co_return broken(sent.error().code(), sent.error().message());
    text.remove_prefix(*sent);
  }
  co_return Done{};
}

Task<Result<std::size_t>> Body::read_data(std::span<char> into) {
  const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(into.size(), left_));
  watch_.within(lane_.settings.body_idle_timeout);
  const auto asked = lane_.now;
  const auto got = co_await input_.read(into.first(wanted));
  watch_.pause();
  if (!got) co_return failed_read(got.error().message());
  if (*got == 0) co_return broken(Code::InvalidArgument, "the client left before the body's end");
  EMB_CO_DO(check_pace(asked, *got));
  left_ -= *got;
  if (left_ == 0) stage_ = chunked_ ? Stage::ChunkEnd : Stage::End;
  co_return *got;
}

Task<Status> Body::fill(std::size_t bytes_max) {
  watch_.within(lane_.settings.body_idle_timeout);
  const auto asked = lane_.now;
  const auto got = co_await input_.fill(bytes_max);
  watch_.pause();
  if (!got || *got == 0) co_return failed_read("the client left before the body's end");
  co_return check_pace(asked, *got);
}

std::unexpected<Error> Body::failed_read(std::string_view why) {
  return broken(Code::Unavailable,
                watch_.expired() ? "no byte of the body came for too long" : why);
}

Status Body::check_pace(SteadyTime asked, std::size_t bytes) {
  const auto& settings = lane_.settings;
  if (pace_.keeps(asked, bytes, settings.body_bytes_per_second_min, settings.body_slow_time))
    return Done{};
  return broken(Code::Unavailable, "the body came too slowly");
}

Task<Result<std::size_t>> Body::read_small_chunk(std::span<char> into) {
  input_.make_room(kSmallChunkBytes * 2);
  EMB_CO_DO(co_await fill(kSmallChunkBytes * 2));
  co_return co_await read_data(into);
}

Task<Result<std::string_view>> Body::read_line() {
  for (std::size_t scanned = 0;;) {
    const auto text = input_.ready();
    if (const auto newline = text.find('\n', scanned); newline != std::string_view::npos) {
      if (newline == 0 || text[newline - 1] != '\r') {
        co_return broken(Code::InvalidArgument,
                         "a line of the chunked body does not end with CRLF");
      }
      co_return text.substr(0, newline - 1);
    }
    if (text.size() > kChunkLineBytesMax) {
      co_return broken(Code::InvalidArgument, "a line of the chunked body is too long");
    }
    scanned = text.size();
    EMB_CO_DO(co_await fill(kSmallChunkBytes * 2));
  }
}

Task<Status> Body::advance_chunks() {
  while (stage_ != Stage::Data && stage_ != Stage::End) {
    EMB_CO_TRY(const std::string_view line, co_await read_line());
    if (stage_ == Stage::ChunkEnd) {
      if (!line.empty()) co_return broken(Code::InvalidArgument, "a chunk is longer than its size");
      stage_ = Stage::ChunkSize;
    } else if (stage_ == Stage::ChunkSize) {
      const auto size = line.size() > kChunkLineBytesMax ? std::nullopt : parse_chunk_size(line);
      if (!size) co_return broken(Code::InvalidArgument, "a chunk's size is malformed");
      left_ = *size;
      stage_ = left_ > 0 ? Stage::Data : Stage::Trailers;
    } else {
      trailer_bytes_ += line.size() + 2;
      if (trailer_bytes_ > kTrailerBytesMax) {
        co_return broken(Code::InvalidArgument, "the trailers of the chunked body are too long");
      }
      if (line.empty()) stage_ = Stage::End;
    }
    consume_line(line);
  }
  co_return Done{};
}

bool Body::is_drainable(std::uint64_t bytes_max) const {
  if (stage_ == Stage::End) return true;
  if (stage_ == Stage::Broken || (continue_awaited_ && input_.ready().empty())) return false;
  return chunked_ || left_ <= bytes_max;
}

Task<bool> Body::drain(std::uint64_t bytes_max) {
  if (at_end()) co_return true;
  continue_awaited_ = false;
  const auto rest = std::make_unique_for_overwrite<char[]>(kDrainBytes);
  std::uint64_t dropped = 0;
  while (!at_end()) {
    const auto got = co_await read({rest.get(), kDrainBytes});
    if (!got) co_return false;
    dropped += *got;
    if (dropped > bytes_max) co_return false;
  }
  co_return true;
}

}  // namespace embrace::http
