#include <openssl/ssl.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <vector>

#include "base/file.h"
#include "base/strings.h"
#include "http/streams.h"

namespace embrace::http {

namespace asio = boost::asio;
namespace ssl = boost::asio::ssl;
using boost::system::error_code;

namespace {

constexpr std::size_t kRecordBytes = 16 * 1024;  // of a TLS record, at most
constexpr std::size_t kFileBytes = 8 * kRecordBytes;

std::unexpected<Error> gone(const char* what, const error_code& ec) {
  return fail(Error(Code::Unavailable, ec.message()).while_doing(what));
}

class TlsStream final : public Stream {
 public:
  TlsStream(asio::ip::tcp::socket socket, ssl::context& context)
      : stream_(std::move(socket), context) {
    error_code ignored;
    stream_.next_layer().set_option(asio::ip::tcp::no_delay(true), ignored);
  }

  bool is_secure() const override { return true; }

  Task<Status> handshake() override {
    error_code ec;
    co_await stream_.async_handshake(ssl::stream_base::server,
                                     asio::redirect_error(asio::use_awaitable, ec));
    if (ec) co_return gone("TLS handshake", ec);
    co_return Done{};
  }

  Task<Result<std::size_t>> read_some(std::span<char> into) override {
    error_code ec;
    if (said_goodbye_) {
      // What still comes is only read in order to be dropped; nobody deciphers it.
      const auto dropped = co_await stream_.next_layer().async_read_some(
          asio::buffer(into.data(), into.size()), asio::redirect_error(asio::use_awaitable, ec));
      if (ec) co_return gone("read from the client", ec);
      co_return dropped;
    }
    const auto got = co_await stream_.async_read_some(
        asio::buffer(into.data(), into.size()), asio::redirect_error(asio::use_awaitable, ec));
    // Many clients end without close_notify. HTTP's own framing notices a body that was cut.
    if (ec == asio::error::eof || ec == ssl::error::stream_truncated) co_return std::size_t{0};
    if (ec) co_return gone("read from the client", ec);
    co_return got;
  }

  Task<Result<std::size_t>> write_some(Pieces pieces, More) override {
    std::string_view bytes = pieces.first.empty() ? pieces.second : pieces.first;
    if (!pieces.first.empty() && !pieces.second.empty()) {
      // One record for a head and its body: two would be two packets.
      joined_.assign(pieces.first.substr(0, kRecordBytes));
      joined_.append(pieces.second.substr(0, kRecordBytes - joined_.size()));
      bytes = joined_;
    }
    co_return co_await write_bytes(bytes);
  }

  Task<Result<std::size_t>> send_slices_some(std::span<const FileSlice> slices,
                                             std::uint64_t done) override {
    slices = not_sent(slices, done);
    if (slices.empty()) co_return fail(Code::Internal, "no slice is left to be sent");
    const FileSlice& slice = slices.front();
    file_bytes_.resize(kFileBytes);
    const auto wanted =
        static_cast<std::size_t>(std::min<std::uint64_t>(slice.length - done, kFileBytes));
    ssize_t got = 0;
    do {
      got = ::pread(slice.file->fd(), file_bytes_.data(), wanted,
                    static_cast<off_t>(slice.offset + done));
    } while (got < 0 && errno == EINTR);
    if (got < 0) co_return fail(errno_error(errno, "read a file for the client"));
    if (got == 0) co_return fail(Code::Corrupt, "the file is shorter than the part to be sent");
    // All that was read is written, since reading it again would cost more than waiting.
    std::string_view left(file_bytes_.data(), static_cast<std::size_t>(got));
    while (!left.empty()) {
      EMB_CO_TRY(const std::size_t sent, co_await write_bytes(left));
      left.remove_prefix(sent);
    }
    co_return static_cast<std::size_t>(got);
  }

  Task<void> shutdown() override {
    error_code ignored;  // the other side may have gone first
    said_goodbye_ = true;
    co_await stream_.async_shutdown(asio::redirect_error(asio::use_awaitable, ignored));
    stream_.next_layer().shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
  }

  void cancel() override {
    error_code ignored;
    stream_.next_layer().cancel(ignored);
  }
  void reset() override {
    error_code ignored;
    stream_.next_layer().set_option(asio::socket_base::linger(true, 0), ignored);
    close();
  }
  void close() override {
    error_code ignored;
    stream_.next_layer().close(ignored);
  }

 private:
  Task<Result<std::size_t>> write_bytes(std::string_view bytes) {
    error_code ec;
    const auto sent = co_await stream_.async_write_some(
        asio::buffer(bytes.data(), bytes.size()), asio::redirect_error(asio::use_awaitable, ec));
    if (ec) co_return gone("write to the client", ec);
    co_return sent;
  }

  ssl::stream<asio::ip::tcp::socket> stream_;
  bool said_goodbye_ = false;
  std::string joined_;
  std::vector<char> file_bytes_;
};

// HTTP/1.1 is all we speak; a client that offers only other protocols is told so in the handshake.
int choose_protocol(SSL*, const unsigned char** out, unsigned char* out_length,
                    const unsigned char* offered, unsigned offered_length, void*) {
  static constexpr unsigned char kOurs[] = "\x08http/1.1";
  unsigned char* chosen = nullptr;
  if (SSL_select_next_proto(&chosen, out_length, kOurs, sizeof kOurs - 1, offered,
                            offered_length) != OPENSSL_NPN_NEGOTIATED) {
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  }
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

}  // namespace

struct TlsContext::Impl {
  ssl::context context{ssl::context::tls_server};
};

TlsContext::TlsContext(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
TlsContext::~TlsContext() = default;

Result<std::unique_ptr<TlsContext>> TlsContext::load(const std::string& certificate_file,
                                                     const std::string& key_file) {
  auto impl = std::make_unique<Impl>();
  error_code ec;
  impl->context.use_certificate_chain_file(certificate_file, ec);
  if (ec) {
    return fail(Code::InvalidArgument,
                cat("can't use the TLS certificate ", certificate_file, ": ", ec.message()));
  }
  impl->context.use_private_key_file(key_file, ssl::context::pem, ec);
  if (ec) {
    return fail(Code::InvalidArgument, cat("can't use the TLS key ", key_file, ": ", ec.message()));
  }
  SSL_CTX* native = impl->context.native_handle();
  if (SSL_CTX_check_private_key(native) != 1) {
    return fail(Code::InvalidArgument,
                cat("the TLS key ", key_file, " does not belong to ", certificate_file));
  }
  SSL_CTX_set_min_proto_version(native, TLS1_2_VERSION);
  SSL_CTX_set_options(
      native, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_mode(native, SSL_MODE_RELEASE_BUFFERS);  // idle connections hold no record buffers
  SSL_CTX_set_alpn_select_cb(native, choose_protocol, nullptr);
  return std::unique_ptr<TlsContext>(new TlsContext(std::move(impl)));
}

std::unique_ptr<Stream> TlsContext::make_stream(asio::ip::tcp::socket socket) {
  return std::make_unique<TlsStream>(std::move(socket), impl_->context);
}

}  // namespace embrace::http
