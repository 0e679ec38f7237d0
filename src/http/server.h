#pragma once
// Server: accepts connections on its io threads and gives each request to one Handler.
//
// HTTP/1.1 with keep-alive and pipelining, chunked bodies both ways, Expect: 100-continue, optional
// TLS, sendfile for file slices on plain sockets. A handler's exception becomes a logged 500.
// Threads: start(), stop() from the main thread; the handler runs on the connection's io thread.
// Ownership: the handler and IoThreads outlive the server, and the threads still run when stop()
// joins every connection. start() makes the process ignore SIGPIPE, which sendfile() can't avoid
// raising.

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "http/message.h"
#include "rt/io_threads.h"
#include "rt/task.h"

namespace embrace::http {

// Every limit of the front door, with its name in the configuration file.
struct Settings {
  std::string listen = "127.0.0.1:8080";
  std::string tls_certificate_file;  // PEM; TLS when both are set
  std::string tls_key_file;
  std::uint32_t connections_max = 10'000;
  std::uint32_t connections_per_peer_max = 1000;  // from one IPv4 address or IPv6 /64
  // Peers without that limit, because many clients come through them; empty: none.
  std::function<bool(std::string_view)> is_proxy;
  std::uint32_t head_bytes_max = 32 * 1024;    // request line and fields
  std::chrono::seconds head_timeout{15};       // first byte to the end of the head (slow loris)
  std::chrono::seconds idle_timeout{75};       // between requests of one connection
  std::chrono::seconds body_idle_timeout{60};  // no byte of a body for so long
  // A body that made us wait for body_slow_time in all, and came with fewer bytes than this for
  // each second of it, is refused. 0: however slowly it comes.
  std::uint64_t body_bytes_per_second_min = 1024;
  std::chrono::seconds body_slow_time{30};
  std::chrono::seconds write_idle_timeout{60};  // the client takes no byte for so long
  // A client that made us wait for response_slow_time in all, and took fewer bytes than this for
  // each second of it, is disconnected. 0: however slowly it takes them.
  std::uint64_t response_bytes_per_second_min = 1024;
  std::chrono::seconds response_slow_time{30};
  std::uint64_t unread_body_bytes_max = 1 << 20;  // drained to keep the connection; more closes it
  std::uint32_t gzip_bytes_min = 1024;
  std::chrono::seconds shutdown_grace{10};
};

// Ready-made counters that the server keeps for /metrics. Read from any thread.
struct Stats {
  std::uint64_t connections_accepted = 0;
  std::uint64_t connections_open = 0;
  std::uint64_t connections_refused = 0;
  std::uint64_t requests = 0;
  std::uint64_t bytes_in = 0;
  std::uint64_t bytes_out = 0;
};

// Must not fail: it turns errors into responses itself. The request is borrowed until it returns;
// the response's body may not refer to it.
using Handler = std::function<Task<Response>(Request&)>;

class Server {
 public:
  // Binds and listens; Unavailable names the address when that fails. Several acceptors share the
  // port with SO_REUSEPORT, one per io thread.
  static Result<std::unique_ptr<Server>> start(Settings settings, rt::IoThreads& threads,
                                               Handler handler);
  ~Server();  // stop()

  // The port that was bound (for "127.0.0.1:0").
  std::uint16_t port() const;
  // Stops accepting, lets running requests finish within shutdown_grace, closes the rest, joins.
  void stop();
  Stats stats() const;

 private:
  struct Impl;
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace embrace::http
