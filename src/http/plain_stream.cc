#include <sys/sendfile.h>
#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>

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

namespace {

// As much as one sendfile() may take before the other connections of the thread get their turn.
constexpr std::uint64_t kSendFileBytesMax = 1 << 20;

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

  Task<Result<std::size_t>> send_file_some(int fd, std::uint64_t offset,
                                           std::uint64_t length) override {
    for (;;) {
      auto at = static_cast<off_t>(offset);
      const auto sent =
          ::sendfile(socket_.native_handle(), fd, &at, std::min(length, kSendFileBytesMax));
      if (sent > 0) co_return static_cast<std::size_t>(sent);
      if (sent == 0) co_return fail(Code::Corrupt, "the file is shorter than the part to be sent");
      if (errno == EINTR) continue;
      if (!would_block(errno)) co_return fail(errno_error(errno, "send a file to the client"));
      EMB_CO_DO(co_await wait_until_writable());
    }
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
  Task<Status> wait_until_writable() {
    error_code ec;
    co_await socket_.async_wait(asio::ip::tcp::socket::wait_write,
                                asio::redirect_error(asio::use_awaitable, ec));
    if (ec) co_return gone("write to the client", ec);
    co_return Done{};
  }

  asio::ip::tcp::socket socket_;
};

}  // namespace

std::unique_ptr<Stream> make_plain_stream(asio::ip::tcp::socket socket) {
  return std::make_unique<PlainStream>(std::move(socket));
}

}  // namespace embrace::http
