#include "http/client.h"

#include <algorithm>
#include <random>
#include <thread>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/strings.h"
#include "base/sync.h"
#include "http/client_exchange.h"
#include "http/outages.h"

namespace embrace::http {

namespace {

using std::chrono::milliseconds;

constexpr std::size_t kReadBytes = 64 << 10;
constexpr std::uint64_t kExcuseBytesMax = 64 << 10;
constexpr std::size_t kExcuseShownMax = 300;
constexpr milliseconds kPauseMax{10'000};
constexpr unsigned kTimeoutsMax = 2;  // each of them has held a thread for long

bool is_worth_another_try(unsigned status) {
  return status == 429 || (status >= 500 && status != 501 && status != 505);
}

// What a refusing server said, fit for one line of a log.
std::string shown_excuse(std::string_view body) {
  std::string out;
  for (const char c : body.substr(0, kExcuseShownMax)) {
    out += c >= ' ' && c < 127 ? c : ' ';
  }
  return std::string(trim(out));
}

// Many callers that failed together are not to come back together.
milliseconds spread(milliseconds pause) {
  thread_local std::minstd_rand dice{std::random_device{}()};
  const auto most = static_cast<std::uint32_t>(pause.count() / 2);
  return pause + milliseconds(std::uniform_int_distribution<std::uint32_t>(0, most)(dice));
}

// "https://host:port"
std::string origin_of(std::string_view url) {
  const std::size_t scheme = url.find("://");
  return std::string(url.substr(0, url.find('/', scheme == url.npos ? 0 : scheme + 3)));
}

milliseconds asked_pause(const Fields& fields) {
  const auto text = fields.find("Retry-After");
  const auto seconds = text ? parse_uint(*text) : std::nullopt;  // a date is not worth its parser
  if (!seconds || *seconds > 3600) return milliseconds(0);
  return milliseconds(*seconds * 1000);
}

}  // namespace

Upload Upload::of_text(std::string text) {
  const std::uint64_t size = text.size();
  return {.size_bytes = size,
          .read_at = [text = std::move(text)](std::span<char> into,
                                              std::uint64_t offset) -> Result<std::size_t> {
            const std::size_t count = std::min<std::uint64_t>(into.size(), text.size() - offset);
            std::copy_n(text.data() + offset, count, into.data());
            return count;
          }};
}

struct Client::Impl {
  explicit Impl(ClientSettings given) : settings(given) {}

  const ClientSettings settings;
  Outages outages;
  Sync<std::vector<std::unique_ptr<Exchange>>> idle;  // each with its connection
};

Client::Client(ClientSettings settings) : impl_(std::make_unique<Impl>(settings)) {}
Client::~Client() = default;

void Client::give_back(std::unique_ptr<Exchange> exchange) {
  if (!exchange->finish()) return;
  impl_->idle.with([&](auto& idle) {
    if (idle.size() < impl_->settings.idle_connections_max) idle.push_back(std::move(exchange));
  });
}

struct Client::Try {
  Result<std::unique_ptr<Download>> download;
  bool again = false;      // another try may go better
  bool reached = true;     // somebody answered
  bool timed_out = false;  // nobody did, and it took its time
  milliseconds pause{0};   // that was asked for
};

Client::Try Client::try_once(rt::Blocking blocking, const ClientRequest& request) {
  std::unique_ptr<Exchange> exchange = impl_->idle.with([](auto& idle) {
    if (idle.empty()) return std::unique_ptr<Exchange>();
    auto last = std::move(idle.back());
    idle.pop_back();
    return last;
  });
  if (!exchange) exchange = std::make_unique<Exchange>();
  if (auto started = exchange->start(request, impl_->settings); !started) {
    const bool again = exchange->is_worth_another_try();
    return {.download = fail(std::move(started).error()),
            .again = again,
            .reached = !again,
            .timed_out = exchange->has_timed_out()};
  }
  auto download = std::make_unique<Download>(std::move(exchange), *this);
  if (!is_worth_another_try(download->status())) return {.download = std::move(download)};
  const std::string excuse =
      shown_excuse(download->read_all(blocking, kExcuseBytesMax).value_or(""));
  return {.download =
              fail(Code::Unavailable, cat(request.method, " ", shown_url(request.url), ": status ",
                                          download->status(), excuse.empty() ? "" : ": ", excuse)),
          .again = true,
          .pause = asked_pause(download->fields())};
}

Client::Try Client::try_often(rt::Blocking blocking, const ClientRequest& request,
                              unsigned tries_max) {
  milliseconds pause = impl_->settings.pause_first;
  for (unsigned tries = 1;; ++tries) {
    Try done = try_once(blocking, request);
    if (done.download || !done.again) return done;
    if (tries >= tries_max || (done.timed_out && tries >= kTimeoutsMax)) {
      if (tries > 1) {
        done.download = fail(Code::Unavailable,
                             cat(done.download.error().message(), " (tried ", tries, " times)"));
      }
      return done;
    }
    std::this_thread::sleep_for(spread(std::min(std::max(pause, done.pause), kPauseMax)));
    pause *= 2;
  }
}

Result<std::unique_ptr<Download>> Client::open(rt::Blocking blocking,
                                               const ClientRequest& request) {
  const std::string origin = origin_of(request.url);
  EMB_TRY(const unsigned tries_max, impl_->outages.admit(origin, impl_->settings.tries_max,
                                                         std::chrono::steady_clock::now()));
  Try done = try_often(blocking, request, tries_max);
  impl_->outages.ended(origin, done.reached, done.reached ? "" : done.download.error().message(),
                       std::chrono::steady_clock::now() + impl_->settings.rest);
  return std::move(done.download);
}

Result<ClientResponse> Client::send(rt::Blocking blocking, const ClientRequest& request,
                                    std::uint64_t body_bytes_max) {
  // A body that breaks off is as good a reason for another try as a head that never comes.
  for (unsigned tries = 1;; ++tries) {
    EMB_TRY(auto download, open(blocking, request));
    auto body = download->read_all(blocking, body_bytes_max);
    if (body) return ClientResponse{download->status(), download->fields(), *std::move(body)};
    if (body.error().code() != Code::Unavailable || tries >= impl_->settings.tries_max) {
      return fail(std::move(body).error());
    }
  }
}

Download::Download(std::unique_ptr<Exchange> exchange, Client& client)
    : exchange_(std::move(exchange)), client_(client) {}

Download::~Download() { client_.give_back(std::move(exchange_)); }

unsigned Download::status() const { return exchange_->status(); }
const Fields& Download::fields() const { return exchange_->fields(); }

Result<std::size_t> Download::read(rt::Blocking, std::span<char> into) {
  return exchange_->read(into);
}

Result<std::string> Download::read_all(rt::Blocking blocking, std::uint64_t bytes_max) {
  std::string out;
  std::string piece(kReadBytes, '\0');
  for (;;) {
    EMB_TRY(const std::size_t count, read(blocking, piece));
    if (count == 0) return out;
    if (count > bytes_max - out.size()) {
      return fail(Code::TooLarge, cat("a response of more than ", bytes_max, " bytes"));
    }
    out.append(piece, 0, count);
  }
}

}  // namespace embrace::http
