#include "http/input.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"

namespace embrace::http {
namespace {

constexpr std::size_t kFirstBytes = 4096;  // an ordinary head

}  // namespace

void Input::consume(std::size_t bytes) {
  EMB_CHECK(bytes <= end_ - begin_, "only bytes that arrived are consumed");
  begin_ += bytes;
  if (begin_ == end_) begin_ = end_ = 0;
}

void Input::make_room(std::size_t bytes) {
  if (buffer_.size() < bytes) buffer_.resize(bytes);
}

Task<Result<std::size_t>> Input::fill(std::size_t bytes_max) {
  if (begin_ > 0 && end_ == buffer_.size()) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  if (end_ == buffer_.size()) {
    const auto wanted = std::min(bytes_max, std::max(kFirstBytes, buffer_.size() * 2));
    buffer_.resize(std::max(wanted, buffer_.size()));
  }
  EMB_CHECK(end_ < buffer_.size(), "the buffer has room for more");
  EMB_CO_TRY(const std::size_t got, co_await stream_.read_some(std::span(buffer_).subspan(end_)));
  end_ += got;
  lane_.bytes_in.add(got);
  co_return got;
}

Task<Result<std::size_t>> Input::read(std::span<char> into) {
  if (begin_ < end_) {
    const auto length = std::min(into.size(), end_ - begin_);
    std::memcpy(into.data(), buffer_.data() + begin_, length);
    consume(length);
    co_return length;
  }
  EMB_CO_TRY(const std::size_t got, co_await stream_.read_some(into));
  lane_.bytes_in.add(got);
  co_return got;
}

}  // namespace embrace::http
