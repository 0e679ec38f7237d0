#include <fcntl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <optional>

#include "base/file.h"
#include "http/streams.h"

namespace embrace::http {

namespace asio = boost::asio;
using boost::system::error_code;

void Pieces::remove_prefix(std::size_t bytes) {
  const auto from_first = std::min(bytes, first.size());
  first.remove_prefix(from_first);
  second.remove_prefix(std::min(bytes - from_first, second.size()));
}

std::span<const FileSlice> not_sent(std::span<const FileSlice> slices, std::uint64_t& done) {
  while (!slices.empty() && done >= slices.front().length) {
    done -= slices.front().length;
    slices = slices.subspan(1);
  }
  return slices;
}

namespace {

// As much as one sendfile() may take before the other connections of the thread get their turn.
constexpr std::uint64_t kSendFileBytesMax = 1 << 20;

// What a pipe should hold: the more leaves by one call, the less often is a reader woken that has
// read all. What the pipes of a user hold may be limited in all (to 64 MiB, as a rule).
constexpr int kPipeBytes[] = {1 << 20, 128 << 10};
constexpr const char* kShortFile = "the file is shorter than the part to be sent";

struct Pipe {
  File out;
  File in;

  static Result<Pipe> open() {
    int ends[2];
    if (::pipe2(ends, O_NONBLOCK | O_CLOEXEC) != 0) return fail(errno_error(errno, "make a pipe"));
    Pipe made{File(ends[0]), File(ends[1])};
    for (const int bytes : kPipeBytes) {
      if (::fcntl(ends[1], F_SETPIPE_SZ, bytes) >= 0) return made;
    }
    return fail(errno_error(errno, "make a pipe hold enough"));
  }
};

bool would_block(int number) { return number == EAGAIN || number == EWOULDBLOCK; }

std::unexpected<Error> gone(const char* what, const error_code& ec) {
  return fail(Error(Code::Unavailable, ec.message()).while_doing(what));
}

// Writes try the system call first and wait only when the socket is full: the usual response fits.
class PlainStream final : public Stream {
 public:
  explicit PlainStream(asio::ip::tcp::socket socket) : socket_(std::move(socket)) {
    error_code ec;
    socket_.native_non_blocking(true, ec);  // on failure the first call reports it
    socket_.set_option(asio::ip::tcp::no_delay(true), ec);
  }

  bool is_secure() const override { return false; }
  Task<Status> handshake() override { co_return Done{}; }

  Task<Result<std::size_t>> read_some(std::span<char> into) override {
    error_code ec;
    const auto got = co_await socket_.async_read_some(
        asio::buffer(into.data(), into.size()), asio::redirect_error(asio::use_awaitable, ec));
    if (ec == asio::error::eof) co_return std::size_t{0};
    if (ec) co_return gone("read from the client", ec);
    co_return got;
  }

  Task<Result<std::size_t>> write_some(Pieces pieces, More more) override {
    for (;;) {
      iovec parts[2] = {{const_cast<char*>(pieces.first.data()), pieces.first.size()},
                        {const_cast<char*>(pieces.second.data()), pieces.second.size()}};
      msghdr message{};
      message.msg_iov = pieces.first.empty() ? parts + 1 : parts;
      message.msg_iovlen = pieces.first.empty() || pieces.second.empty() ? 1 : 2;
      const auto sent = ::sendmsg(socket_.native_handle(), &message,
                                  MSG_NOSIGNAL | (more == More::Soon ? MSG_MORE : 0));
      if (sent >= 0) co_return static_cast<std::size_t>(sent);
      if (errno == EINTR) continue;
      if (!would_block(errno)) co_return fail(errno_error(errno, "write to the client"));
      EMB_CO_DO(co_await wait_until_writable());
    }
  }

  Task<Result<std::size_t>> send_slices_some(std::span<const FileSlice> slices,
                                             std::uint64_t done) override {
    slices = not_sent(slices, done);
    if (slices.empty()) co_return fail(Code::Internal, "no slice is left to be sent");
    const std::uint64_t left = slices.front().length - done;
    const bool is_alone = slices.size() == 1 || left >= kSendFileBytesMax;
    if (is_alone && piped_ == 0) co_return co_await send_file_some(slices.front(), done);
    co_return co_await send_through_pipe(slices, done);
  }

  Task<void> shutdown() override {
    error_code ignored;  // the other side may have gone first
    socket_.shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
    co_return;
  }

  void cancel() override {
    error_code ignored;
    socket_.cancel(ignored);
  }
  void reset() override {
    error_code ignored;
    socket_.set_option(asio::socket_base::linger(true, 0), ignored);
    close();
  }
  void close() override {
    error_code ignored;
    socket_.close(ignored);
  }

 private:
  Task<Result<std::size_t>> send_file_some(const FileSlice& slice, std::uint64_t done) {
    for (;;) {
      auto at = static_cast<off_t>(slice.offset + done);
      const auto sent = ::sendfile(socket_.native_handle(), slice.file->fd(), &at,
                                   std::min(slice.length - done, kSendFileBytesMax));
      if (sent > 0) co_return static_cast<std::size_t>(sent);
      if (sent == 0) co_return fail(Code::Corrupt, kShortFile);
      if (errno == EINTR) continue;
      if (!would_block(errno)) co_return fail(errno_error(errno, "send a file to the client"));
      EMB_CO_DO(co_await wait_until_writable());
    }
  }

  // Many slices are one call to the socket: sendfile() would wake the reader for each. The pipe
  // holds pages, not bytes.
  Task<Result<std::size_t>> send_through_pipe(std::span<const FileSlice> slices,
                                              std::uint64_t done) {
    if (!pipe_) {
      auto made = Pipe::open();
      if (!made) co_return co_await send_file_some(slices.front(), done);  // slower, and as good
      pipe_ = *std::move(made);
    }
    EMB_CO_TRY(const More more, fill_pipe(slices, done));
    for (;;) {
      const auto sent = ::splice(pipe_->out.fd(), nullptr, socket_.native_handle(), nullptr,
                                 static_cast<std::size_t>(piped_),
                                 SPLICE_F_NONBLOCK | (more == More::Soon ? SPLICE_F_MORE : 0));
      if (sent > 0) {
        piped_ -= static_cast<std::uint64_t>(sent);
        done += static_cast<std::uint64_t>(sent);
        if (not_sent(slices, done).empty()) pipe_.reset();
        co_return static_cast<std::size_t>(sent);
      }
      if (sent == 0) co_return fail(Code::Internal, "the pipe to the client is empty");
      if (errno == EINTR) continue;
      if (!would_block(errno)) co_return fail(errno_error(errno, "send a file to the client"));
      EMB_CO_DO(co_await wait_until_writable());
    }
  }

  // What lies in the pipe follows byte `done`. Soon: it does not hold all that follows.
  Result<More> fill_pipe(std::span<const FileSlice> slices, std::uint64_t done) {
    std::uint64_t at = done + piped_;
    for (const FileSlice& slice : slices) {
      while (at < slice.length) {
        auto from = static_cast<loff_t>(slice.offset + at);
        const auto got =
            ::splice(slice.file->fd(), &from, pipe_->in.fd(), nullptr,
                     static_cast<std::size_t>(std::min(slice.length - at, kSendFileBytesMax)),
                     SPLICE_F_NONBLOCK);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0 && would_block(errno) && piped_ > 0) return More::Soon;  // it is full
        if (got < 0) return fail(errno_error(errno, "read a file for the client"));
        if (got == 0) return fail(Code::Corrupt, kShortFile);
        at += static_cast<std::uint64_t>(got);
        piped_ += static_cast<std::uint64_t>(got);
      }
      at -= slice.length;
    }
    return More::No;
  }

  Task<Status> wait_until_writable() {
    error_code ec;
    co_await socket_.async_wait(asio::ip::tcp::socket::wait_write,
                                asio::redirect_error(asio::use_awaitable, ec));
    if (ec) co_return gone("write to the client", ec);
    co_return Done{};
  }

  asio::ip::tcp::socket socket_;
  std::optional<Pipe> pipe_;
  std::uint64_t piped_ = 0;  // bytes in the pipe
};

}  // namespace

std::unique_ptr<Stream> make_plain_stream(asio::ip::tcp::socket socket) {
  return std::make_unique<PlainStream>(std::move(socket));
}

}  // namespace embrace::http
