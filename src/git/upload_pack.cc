// Serving fetches with the system's git upload-pack.
//
// A stateless request is read whole before the process starts (wants and haves, a few KB, at most
// kRequestBytesMax) and handed over as a file, so the process can never wait for us while we wait
// for it.

#include <fcntl.h>
#include <unistd.h>
#include <zlib.h>

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <optional>

#include "base/strings.h"
#include "git/process.h"
#include "git/smart_http.h"

namespace embrace::git {
namespace {

namespace asio = boost::asio;

constexpr std::size_t kAdvertisementBytesMax = std::size_t{256} << 20;
constexpr std::size_t kRequestBytesMax = std::size_t{16} << 20;

// Only what the protocol's versions look like goes into the child's environment.
std::string tame_protocol(std::string_view protocol) {
  constexpr std::size_t bytes_max = 64;
  if (protocol.size() > bytes_max) return "";
  for (char c : protocol) {
    if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '=' || c == ':' || c == '-'))
      return "";
  }
  return std::string(protocol);
}

GitCommand upload_pack_command(const std::string& folder, std::string_view protocol,
                               std::string mode) {
  GitCommand command{.arguments = {"-c", "pack.threads=2", "-c", "pack.windowMemory=64m", "-c",
                                   "pack.deltaCacheSize=64m", "-c", "core.bigFileThreshold=16m",
                                   "upload-pack", "--strict", std::move(mode), folder},
                     .environment = {}};
  if (const std::string version = tame_protocol(protocol); !version.empty()) {
    command.environment.emplace_back("GIT_PROTOCOL", version);
  }
  return command;
}

bool is_version_2(std::string_view protocol) {
  for (std::string_view word : split(protocol, ':')) {
    if (word == "version=2") return true;
  }
  return false;
}

Result<std::string> gunzip(std::string_view bytes, std::size_t bytes_max) {
  z_stream stream{};
  if (inflateInit2(&stream, 16 + MAX_WBITS) != Z_OK)
    return fail(Code::Internal, "zlib refused to start");
  struct End {
    z_stream* stream;
    ~End() { inflateEnd(stream); }
  } end{&stream};
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());  // bounded by kRequestBytesMax
  std::string out;
  char piece[65536];
  int result = Z_OK;
  while (result == Z_OK) {
    stream.next_out = reinterpret_cast<Bytef*>(piece);
    stream.avail_out = sizeof piece;
    result = inflate(&stream, Z_NO_FLUSH);
    out.append(piece, sizeof piece - stream.avail_out);
    if (out.size() > bytes_max) return fail(Code::TooLarge, "the fetch request is too long");
  }
  if (result != Z_STREAM_END) return fail(Code::InvalidArgument, "the request is not valid gzip");
  return out;
}

// The process's stdout as a source of bytes.
class UploadPackSource : public rt::ByteSource {
 public:
  UploadPackSource(rt::Pool& pool, Process process, File output, File errors)
      : pool_(pool),
        process_(std::move(process)),
        output_(std::move(output)),
        errors_(std::move(errors)) {}

  Task<Result<std::size_t>> read(std::span<char> into) override {
    if (ended_) co_return std::size_t{0};
    if (!pipe_) EMB_CO_DO(attach(co_await asio::this_coro::executor));
    auto [error, got] = co_await pipe_->async_read_some(asio::buffer(into.data(), into.size()),
                                                        asio::as_tuple(asio::use_awaitable));
    if (!error) co_return got;
    if (error != asio::error::eof)
      co_return fail(errno_error(error.value(), "read from git upload-pack"));
    co_return co_await finish();
  }

 private:
  Status attach(const asio::any_io_executor& executor) {
    // The descriptor closes its own copy.
    const int copy = ::fcntl(output_.fd(), F_DUPFD_CLOEXEC, 0);
    if (copy < 0) return fail(errno_error(errno, "read from git upload-pack"));
    pipe_.emplace(executor, copy);
    return Done{};
  }

  // A fetch that dies in the middle must not look complete.
  Task<Result<std::size_t>> finish() {
    ended_ = true;
    EMB_CO_TRY(int status, co_await pool_.run([this](rt::Blocking) { return process_.wait(); }));
    if (status != 0) {
      co_return fail(Code::Internal,
                     cat("git upload-pack ended with ", status, ": ", read_memory_file(errors_)));
    }
    co_return std::size_t{0};
  }

  rt::Pool& pool_;
  Process process_;
  File output_;
  File errors_;
  std::optional<asio::posix::stream_descriptor> pipe_;
  bool ended_ = false;
};

Result<std::unique_ptr<rt::ByteSource>> start_upload_pack(rt::Pool& pool, const std::string& folder,
                                                          std::string_view protocol,
                                                          std::string request, bool gzip) {
  if (gzip) {
    EMB_TRY(request, gunzip(request, kRequestBytesMax));
  }
  EMB_TRY(File in, make_memory_file(request));
  EMB_TRY(File errors, make_memory_file(""));
  EMB_TRY(Pipe out, make_pipe());
  EMB_TRY(Process process,
          Process::start(upload_pack_command(folder, protocol, "--stateless-rpc"),
                         {.in = in.fd(), .out = out.write_end.fd(), .err = errors.fd()}));
  return std::make_unique<UploadPackSource>(pool, std::move(process), std::move(out.read_end),
                                            std::move(errors));
}

}  // namespace

Result<std::string> advertise_upload_pack(rt::Blocking blocking, const std::string& folder,
                                          std::string_view protocol) {
  EMB_TRY(GitOutput output,
          run_git(blocking, upload_pack_command(folder, protocol, "--http-backend-info-refs"), "",
                  kAdvertisementBytesMax));
  if (output.status != 0) return fail(Code::Internal, cat("git upload-pack: ", output.err));
  if (is_version_2(protocol)) return std::move(output.out);
  return cat(pkt_line("# service=git-upload-pack\n"), kFlush, output.out);
}

Task<Result<std::unique_ptr<rt::ByteSource>>> serve_upload_pack(rt::Pool& pool, std::string folder,
                                                                std::string protocol,
                                                                rt::ByteSource& request,
                                                                bool gzip) {
  EMB_CO_TRY(std::string bytes, co_await rt::read_all(request, kRequestBytesMax));
  co_return co_await pool.run([&](rt::Blocking) {
    return start_upload_pack(pool, folder, protocol, std::move(bytes), gzip);
  });
}

}  // namespace embrace::git
