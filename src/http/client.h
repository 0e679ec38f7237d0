#pragma once
// Client: requests that this server makes of others (an S3 store). Blocking, on libcurl; keeps
// connections and uses them again.
//
// What a try that failed may mean is decided here: no connection, a stall, 429 and 5xx are tried
// again after a growing pause, and are Unavailable when the last try failed too. Any other status
// is the caller's to read. A request must therefore be one that may arrive twice. A server that
// could not be reached is let alone for a moment (outages.h).
//
// Nothing here logs, and errors name a URL without its query and no header: both may hold secrets.
// Proxies are taken from the environment (http_proxy, https_proxy, no_proxy), certificate
// authorities from the system.
//
// Threads: any. Ownership: a Client outlives its Downloads.

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "http/message.h"
#include "rt/blocking.h"

namespace embrace::http {

struct ClientSettings {
  std::chrono::milliseconds connect_timeout{5'000};
  std::chrono::milliseconds stall_timeout{60'000};  // without a byte in either direction
  unsigned tries_max = 5;
  std::chrono::milliseconds pause_first{200};  // doubled before every further try
  std::chrono::milliseconds rest{1'000};       // for a server that could not be reached
  std::size_t idle_connections_max = 32;
};

// A body on its way out. It is read at offsets, because another try begins anew.
struct Upload {
  std::uint64_t size_bytes = 0;
  // Fills `into` from `offset`; fewer bytes than asked for mean that the body is cut short.
  std::function<Result<std::size_t>(std::span<char> into, std::uint64_t offset)> read_at;

  static Upload of_text(std::string text);
};

struct ClientRequest {
  std::string method = "GET";
  std::string url;  // http:// or https://, encoded; sent as it is
  Fields fields;
  std::optional<Upload> body;
};

struct ClientResponse {
  unsigned status = 0;
  Fields fields;
  std::string body;
};

class Exchange;

// A response whose head has arrived and whose body is pulled. At most about a megabyte waits in
// memory; the sender is held back meanwhile. Destroying it early closes the connection.
//
// Threads: used by one at a time.
class Download {
 public:
  Download(std::unique_ptr<Exchange> exchange, class Client& client);
  ~Download();

  unsigned status() const;
  const Fields& fields() const;
  // At most into.size() bytes; 0 means the end. Unavailable when the connection breaks or stalls.
  Result<std::size_t> read(rt::Blocking, std::span<char> into);
  // The rest. TooLarge above `bytes_max`.
  Result<std::string> read_all(rt::Blocking, std::uint64_t bytes_max);

 private:
  std::unique_ptr<Exchange> exchange_;
  Client& client_;
};

class Client {
 public:
  static constexpr std::uint64_t kResponseBytesMax = 16 << 20;

  explicit Client(ClientSettings settings = {});
  ~Client();
  Client(const Client&) = delete;

  // The whole response. TooLarge when its body exceeds `body_bytes_max`.
  Result<ClientResponse> send(rt::Blocking, const ClientRequest& request,
                              std::uint64_t body_bytes_max = kResponseBytesMax);
  // The head, and the body to pull; what the request's own body reads from stays as long. A break
  // in the response's body is not mended here.
  Result<std::unique_ptr<Download>> open(rt::Blocking, const ClientRequest& request);

 private:
  friend class Download;
  struct Impl;

  struct Try;
  Try try_once(rt::Blocking, const ClientRequest& request);
  Try try_often(rt::Blocking, const ClientRequest& request, unsigned tries_max);
  void give_back(std::unique_ptr<Exchange> exchange);

  const std::unique_ptr<Impl> impl_;
};

}  // namespace embrace::http
