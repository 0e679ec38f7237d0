#include "http/server.h"

#include <netinet/tcp.h>
#include <sys/socket.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <csignal>
#include <latch>

#include "base/log.h"
#include "base/strings.h"
#include "http/connection.h"
#include "http/lane.h"
#include "http/peers.h"
#include "http/reply.h"
#include "http/streams.h"
#include "rt/task_group.h"

namespace embrace::http {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

using ReusePort = asio::detail::socket_option::boolean<SOL_SOCKET, SO_REUSEPORT>;

// What a connection above the cap gets instead of being served.
std::string render_refusal(Lane& lane, std::string_view why) {
  auto response = error_response(503, std::string(why));
  response.fields.add("Retry-After", "1");
  const auto& body = std::get<std::string>(response.body.bytes);
  std::string out;
  const auto id = lane.next_request_id();
  render_head(out,
              {.status = response.status,
               .length = body.size(),
               .keep_alive = false,
               .date = lane.date,
               .request_id = id},
              response.fields);
  return out + body;
}

// "host:port" or "[v6 address]:port".
Result<tcp::endpoint> resolve(const std::string& listen, const asio::any_io_executor& executor) {
  const auto colon = listen.rfind(':');
  const auto malformed = [&] {
    return fail(
        Code::InvalidArgument,
        cat("listen: \"", listen, "\" is not an address such as 127.0.0.1:8080 or [::]:8080"));
  };
  if (colon == std::string::npos) return malformed();
  std::string host = listen.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  const auto port = parse_uint(std::string_view(listen).substr(colon + 1));
  if (host.empty() || !port || *port > 65535) return malformed();

  error_code ec;
  const auto found = tcp::resolver(executor).resolve(host, cat(*port), ec);
  if (ec || found.empty()) {
    return fail(Code::Unavailable, cat("listen: can't resolve ", host, ": ", ec.message()));
  }
  return found.begin()->endpoint();
}

enum class Sharing : std::uint8_t { Alone, BetweenLanes };

// Nothing gets lost between us and a proxy on this machine. Where the host's congestion control
// paces (bbr), it would set a timer for packets that need none. What a connection begins with it
// keeps, so the listener has to ask; a refusal costs speed alone.
void stop_pacing(tcp::acceptor& acceptor) {
  constexpr std::string_view kControl = "reno";  // the one that every kernel has, for every user
  std::ignore = ::setsockopt(acceptor.native_handle(), IPPROTO_TCP, TCP_CONGESTION, kControl.data(),
                             kControl.size());
}

Result<tcp::acceptor> listen_on(tcp::endpoint endpoint, const asio::any_io_executor& executor,
                                Sharing sharing) {
  tcp::acceptor acceptor(executor);
  error_code ec;
  const auto failed = [&] {
    return fail(Code::Unavailable, cat("can't listen on ", endpoint.address().to_string(), ":",
                                       endpoint.port(), ": ", ec.message()));
  };
  acceptor.open(endpoint.protocol(), ec);
  if (!ec) acceptor.set_option(tcp::acceptor::reuse_address(true), ec);
  if (!ec && sharing == Sharing::BetweenLanes) acceptor.set_option(ReusePort(true), ec);
  if (!ec && endpoint.address().is_loopback()) stop_pacing(acceptor);
  if (!ec) acceptor.bind(endpoint, ec);
  if (!ec) acceptor.listen(asio::socket_base::max_listen_connections, ec);
  if (ec) return failed();
  return acceptor;
}

Task<void> run_connection(std::unique_ptr<Connection> connection) { co_await connection->run(); }

}  // namespace

struct Server::Impl {
  // A lane with its listening socket and clock; all three on the lane's io thread.
  struct Gate {
    Gate(const asio::any_io_executor& executor, const Impl& server,
         std::atomic<std::uint64_t>& open, tcp::acceptor listener)
        : lane(executor, server.settings, server.handler, open),
          acceptor(std::move(listener)),
          timer(executor) {}
    Lane lane;
    tcp::acceptor acceptor;
    asio::steady_timer timer;
    bool stopping = false;
  };

  Impl(Settings with, Handler give) : settings(std::move(with)), handler(std::move(give)) {}

  Status open_gates(rt::IoThreads& threads);
  void start_tasks();
  Task<void> accept_connections(Gate& gate);
  void admit(Gate& gate, tcp::socket socket);
  void refuse(Gate& gate, tcp::socket socket, std::string_view why);
  Task<void> keep_time(Gate& gate);
  template <class F>
  void on_every_lane(F act);
  void stop();

  // Constant after start().
  const Settings settings;
  const Handler handler;
  std::unique_ptr<TlsContext> tls;  // null: plain
  std::uint16_t port = 0;
  std::vector<std::unique_ptr<Gate>> gates;

  std::atomic<std::uint64_t> connections_open = 0;
  Peers peers;
  rt::TaskGroup connections{"http connections"};
  rt::TaskGroup services{"http services"};
  bool stopped = false;  // main thread only
};

Status Server::Impl::open_gates(rt::IoThreads& threads) {
  EMB_TRY(tcp::endpoint endpoint, resolve(settings.listen, threads.executor(0)));
  {
    // Sockets that share a port share it with strangers of the same user too. Taking it alone first
    // finds out whether another server is there.
    EMB_TRY(const auto probe, listen_on(endpoint, threads.executor(0), Sharing::Alone));
    error_code ec;
    port = probe.local_endpoint(ec).port();
    if (ec) return fail(Code::Unavailable, cat("can't learn the listening port: ", ec.message()));
  }
  endpoint.port(port);
  for (std::size_t i = 0; i < threads.size(); ++i) {
    const auto executor = threads.executor(i);
    EMB_TRY(auto acceptor, listen_on(endpoint, executor, Sharing::BetweenLanes));
    gates.push_back(std::make_unique<Gate>(executor, *this, connections_open, std::move(acceptor)));
  }
  return Done{};
}

void Server::Impl::start_tasks() {
  for (auto& gate : gates) {
    services.start(gate->lane.executor, accept_connections(*gate));
    services.start(gate->lane.executor, keep_time(*gate));
  }
}

Task<void> Server::Impl::accept_connections(Gate& gate) {
  while (!gate.lane.draining) {
    tcp::socket socket(gate.lane.executor);
    error_code ec;
    co_await gate.acceptor.async_accept(socket, asio::redirect_error(asio::use_awaitable, ec));
    if (gate.lane.draining) co_return;
    if (!ec) {
      admit(gate, std::move(socket));
    } else if (ec != asio::error::connection_aborted) {
      // Out of descriptors, most likely: some will come back when connections end.
      log::warn("can't accept a connection", {{"error", ec.message()}});
      asio::steady_timer pause(gate.lane.executor, std::chrono::milliseconds(100));
      co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, ec));
    }
  }
}

void Server::Impl::admit(Gate& gate, tcp::socket socket) {
  gate.lane.accepted.add(1);
  error_code ec;
  if (connections_open.load(std::memory_order_relaxed) >= settings.connections_max)
    return refuse(gate, std::move(socket), "too many connections; try again in a moment");
  const auto peer = socket.remote_endpoint(ec);
  if (ec) return;  // gone already
  const std::string address = peer.address().to_string();
  const bool is_proxy = settings.is_proxy && settings.is_proxy(address);
  auto seat = is_proxy ? Peers::Seat() : peers.enter(address, settings.connections_per_peer_max);
  if (!is_proxy && !seat.is_taken())
    return refuse(gate, std::move(socket), "too many connections from your address");
  auto stream = tls ? tls->make_stream(std::move(socket)) : make_plain_stream(std::move(socket));
  connections.start(gate.lane.executor,
                    run_connection(std::make_unique<Connection>(gate.lane, std::move(stream),
                                                                address, std::move(seat))));
}

void Server::Impl::refuse(Gate& gate, tcp::socket socket, std::string_view why) {
  gate.lane.refused.add(1);
  if (tls) return;
  // Best effort: the first packet of a new socket has room.
  const auto text = render_refusal(gate.lane, why);
  std::ignore =
      ::send(socket.native_handle(), text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  error_code ec;
  socket.shutdown(tcp::socket::shutdown_send, ec);
}

Task<void> Server::Impl::keep_time(Gate& gate) {
  while (!gate.stopping) {
    error_code ec;
    gate.timer.expires_after(kTick);
    co_await gate.timer.async_wait(asio::redirect_error(asio::use_awaitable, ec));
    gate.lane.tick();
  }
}

// Returns when each io thread has done it.
template <class F>
void Server::Impl::on_every_lane(F act) {
  std::latch done(static_cast<std::ptrdiff_t>(gates.size()));
  for (auto& gate : gates) {
    asio::post(gate->lane.executor, [&act, &done, &gate = *gate] {
      act(gate);
      done.count_down();
    });
  }
  done.wait();
}

void Server::Impl::stop() {
  if (stopped) return;
  stopped = true;
  on_every_lane([](Gate& gate) {
    error_code ignored;
    gate.acceptor.close(ignored);
    gate.lane.start_draining();
  });
  if (!connections.wait_for_seconds(static_cast<unsigned>(settings.shutdown_grace.count()))) {
    log::warn("closing connections that did not finish in time",
              {{"connections", connections.running()}});
    on_every_lane([](Gate& gate) { gate.lane.close_all(); });
    connections.cancel();
    while (!connections.wait_for_seconds(10)) {
      log::warn("waiting for requests that can't be interrupted",
                {{"connections", connections.running()}});
    }
  }
  on_every_lane([](Gate& gate) {
    gate.stopping = true;
    gate.timer.cancel();
  });
  services.cancel();
  while (!services.wait_for_seconds(10)) log::warn("waiting for the acceptors to end");
}

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Server::~Server() { stop(); }

Result<std::unique_ptr<Server>> Server::start(Settings settings, rt::IoThreads& threads,
                                              Handler handler) {
  // sendfile() to a client that has left raises SIGPIPE and has no flag against it.
  std::signal(SIGPIPE, SIG_IGN);
  auto impl = std::make_unique<Impl>(std::move(settings), std::move(handler));
  const auto& with = impl->settings;
  if (with.tls_certificate_file.empty() != with.tls_key_file.empty()) {
    return fail(Code::InvalidArgument, "TLS needs both a certificate file and a key file");
  }
  if (!with.tls_certificate_file.empty()) {
    EMB_TRY(impl->tls, TlsContext::load(with.tls_certificate_file, with.tls_key_file));
  }
  EMB_DO(impl->open_gates(threads));
  impl->start_tasks();
  return std::unique_ptr<Server>(new Server(std::move(impl)));
}

std::uint16_t Server::port() const { return impl_->port; }

void Server::stop() { impl_->stop(); }

Stats Server::stats() const {
  Stats stats;
  for (const auto& gate : impl_->gates) {
    stats.connections_accepted += gate->lane.accepted.get();
    stats.connections_refused += gate->lane.refused.get();
    stats.requests += gate->lane.requests.get();
    stats.bytes_in += gate->lane.bytes_in.get();
    stats.bytes_out += gate->lane.bytes_out.get();
  }
  stats.connections_open = impl_->connections_open.load();
  return stats;
}

}  // namespace embrace::http
