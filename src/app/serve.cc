#include "app/serve.h"

#include <pthread.h>
#include <signal.h>

#include <algorithm>
#include <atomic>
#include <cstdio>

#include "api/machine.h"
#include "api/metrics.h"
#include "api/wall.h"
#include "app/house.h"
#include "app/version.h"
#include "base/strings.h"
#include "http/server.h"
#include "hub/accounts.h"
#include "rt/io_threads.h"
#include "rt/places.h"
#include "rt/pool.h"
#include "rt/spool.h"
#include "web/pages.h"

namespace embrace::app {
namespace {

// Blocked before any thread starts, so that every thread inherits it and only wait() below sees the
// signals.
class StopSignals {
 public:
  StopSignals() {
    sigemptyset(&set_);
    sigaddset(&set_, SIGINT);
    sigaddset(&set_, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &set_, nullptr);
    ::signal(SIGPIPE,
             SIG_IGN);  // a client that went away is an error code, not the end of the program
  }
  void wait() const {
    int number = 0;
    sigwait(&set_, &number);
    log::info("stopping", {{"signal", number}});
  }

 private:
  sigset_t set_;
};

// Wildcard addresses are no place to visit.
std::string shown_url(const Settings& settings, std::uint16_t port) {
  if (!settings.hub.public_url.empty()) return settings.hub.public_url;
  std::string host = settings.http.listen.substr(0, settings.http.listen.rfind(':'));
  if (host.empty() || host == "0.0.0.0" || host == "127.0.0.1" || host == "[::]" || host == "[::1]")
    host = "localhost";
  return cat(settings.http.tls_certificate_file.empty() ? "http://" : "https://", host, ":", port);
}

void print_welcome(const std::string& url, const std::optional<hub::FirstAdmin>& admin) {
  std::string text = cat("Embrace ", kVersion, " is ready at ", url, "\n");
  if (admin) {
    text += cat("\n  This is the first start. Keep these; they are shown once:\n", "    user      ",
                admin->name, "\n", "    password  ", admin->password, "\n", "    token     ",
                admin->token, "\n\n", "  Try:  export HF_ENDPOINT=", url, "\n",
                "        hf auth login --token ", admin->token, "\n");
  }
  std::fputs(text.c_str(), stdout);
  std::fflush(stdout);
}

// Each runs one argon2 at a time: what guesses at passwords may cost the machine.
constexpr unsigned kPasswordThreads = 2;

api::Machine describe_machine(const Settings& settings, Millis now_ms) {
  api::Machine machine{
      .started_ms = now_ms,
      .database = settings.database.url.starts_with("sqlite:") ? "sqlite" : "postgresql",
      .blobs = settings.blobs.starts_with("s3:") ? "s3" : "file",
      .io_threads = settings.io_threads,
      .pool_threads = settings.pool_threads,
      .transfer_threads = settings.transfer_threads,
      .settings = {}};
  for (auto& row : describe_settings(settings)) {
    machine.settings.push_back(
        {.name = std::string(row.name), .value = row.value, .help = std::string(row.help)});
  }
  return machine;
}

void add_gauges(api::Metrics& metrics, const http::Server& server, const rt::Pool& pool,
                const rt::Pool& transfers) {
  metrics.add_gauge("embrace_connections_open", "Open client connections",
                    [&server] { return static_cast<double>(server.stats().connections_open); });
  metrics.add_gauge("embrace_connections_refused",
                    "Connections refused: connections_max or connections_per_peer_max was reached",
                    [&server] { return static_cast<double>(server.stats().connections_refused); });
  metrics.add_gauge("embrace_received_bytes", "Bytes received since the start",
                    [&server] { return static_cast<double>(server.stats().bytes_in); });
  metrics.add_gauge("embrace_sent_bytes", "Bytes sent since the start",
                    [&server] { return static_cast<double>(server.stats().bytes_out); });
  metrics.add_gauge("embrace_pool_queued", "Short work waiting for a thread",
                    [&pool] { return static_cast<double>(pool.queued()); });
  metrics.add_gauge("embrace_transfers_queued", "Transfers waiting for a thread",
                    [&transfers] { return static_cast<double>(transfers.queued()); });
}

void add_git_gauges(api::Metrics& metrics, const rt::Places& fetches, const rt::Places& pushes,
                    const rt::Places& write_turns, const rt::Spools& spools) {
  metrics.add_gauge("embrace_fetches_running", "git processes that serve clones and fetches",
                    [&fetches] { return fetches.taken(); });
  metrics.add_gauge("embrace_fetches_waiting", "Clones and fetches in line for a process",
                    [&fetches] { return static_cast<double>(fetches.waiting()); });
  metrics.add_gauge("embrace_pushes_running", "Pushes being received",
                    [&pushes] { return pushes.taken(); });
  metrics.add_gauge("embrace_pushes_waiting", "Pushes in line",
                    [&pushes] { return static_cast<double>(pushes.waiting()); });
  metrics.add_gauge("embrace_writes_waiting", "Writes in line for their repository's turn",
                    [&write_turns] { return static_cast<double>(write_turns.waiting()); });
  metrics.add_gauge("embrace_spool_bytes", "Bytes on disk that slow clients have not taken yet",
                    [&spools] { return static_cast<double>(spools.file_bytes()); });
}

}  // namespace

Status serve(Settings settings) {
  const StopSignals signals;
  const auto blocking = rt::Blocking::on_main_thread();
  EMB_TRY(auto house, House::open(blocking, std::move(settings)));
  const Settings& s = house->settings();
  EMB_TRY(auto first_admin, hub::ensure_admin(house->services(), blocking));

  std::atomic<bool> ready{false};
  api::Metrics metrics;
  const web::Pages pages;
  const api::Machine machine = describe_machine(s, house->services().clock.now_ms());
  rt::IoThreads io(s.io_threads);
  rt::Pool pool("pool", s.pool_threads);
  rt::Pool transfers("transfers", s.transfer_threads);
  rt::Pool passwords("passwords", kPasswordThreads);
  rt::Places fetches({.places = std::max(1u, s.hub.fetch_processes_max)});
  // Longer than a push may stand still (body_idle_timeout): who waits outlasts who stalls.
  rt::Places pushes(
      {.places = std::max(1u, s.hub.push_processes_max), .wait_max = std::chrono::seconds(90)});
  // Fewer than threads: some always are left for bytes that come in. Waiting costs no thread, so
  // whoever gets into the line may stay there until a long rewrite of history is over.
  rt::Places write_turns({.places = std::max(1u, s.transfer_threads - s.transfer_threads / 4),
                          .wait_max = std::chrono::seconds(120),
                          .waiting_max = 1024});
  rt::Places shards({.places = std::max(1u, s.transfer_threads / 2),
                     .wait_max = std::chrono::seconds(120),
                     .waiting_max = 1024});
  rt::Places comparisons({.places = s.hub.comparisons_max});
  rt::Spools spools(transfers, s.hub.data_folder + "/tmp",
                    {.file_bytes_max = s.hub.fetch_spool_bytes_max,
                     .files_bytes_max = s.hub.fetch_spools_bytes_max});
  EMB_TRY(auto proxies, api::TrustedProxies::parse(s.trusted_proxies));
  api::Api api{.services = house->services(),
               .pool = pool,
               .transfers = transfers,
               .passwords = passwords,
               .fetches = fetches,
               .pushes = pushes,
               .write_turns = write_turns,
               .shards = shards,
               .comparisons = comparisons,
               .spools = spools,
               .metrics = metrics,
               .pages = pages,
               .machine = machine,
               .proxies = std::move(proxies),
               .version = std::string(kVersion),
               .is_ready = [&ready] { return ready.load(); }};
  api::Wall wall(api);

  http::Settings http = s.http;
  http.is_proxy = [&proxies = api.proxies](std::string_view peer) {
    return proxies.contains(peer);
  };
  EMB_TRY(auto server, http::Server::start(std::move(http), io, [&wall](http::Request& request) {
            return wall.handle(request);
          }));
  add_gauges(metrics, *server, pool, transfers);
  add_git_gauges(metrics, fetches, pushes, write_turns, spools);
  house->services().jobs.start();
  ready = true;
  print_welcome(shown_url(s, server->port()), first_admin);

  signals.wait();
  ready = false;
  server->stop();
  house->services().jobs.stop();
  return Done{};
}

}  // namespace embrace::app
