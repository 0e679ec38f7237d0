#include "http/connection.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <exception>

#include "base/log.h"
#include "base/strings.h"
#include "http/gzip.h"

namespace embrace::http {
namespace {

constexpr std::chrono::seconds kGoodbyeTime{2};
constexpr std::uint64_t kGoodbyeBytesMax = 64u << 20;
constexpr std::size_t kRequestIdBytesMax = 128;
constexpr std::uint64_t kTurnBytes = 1u << 20;  // of a file, before other connections are served

bool is_sane_id(std::string_view id) {
  return !id.empty() && id.size() <= kRequestIdBytesMax && std::ranges::all_of(id, [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           std::string_view("=;:_.-").contains(c);
  });
}

// A client that gave its request a name finds that name in our logs.
std::string request_id(const Fields& fields, Lane& lane) {
  for (const std::string_view name : {"X-Request-Id", "X-Amzn-Trace-Id"}) {
    if (const auto id = fields.find(name); id && is_sane_id(*id)) return std::string(*id);
  }
  return lane.next_request_id();
}

}  // namespace

Connection::Connection(Lane& lane, std::unique_ptr<Stream> stream, std::string peer,
                       Peers::Seat seat)
    : lane_(lane),
      stream_(std::move(stream)),
      peer_(std::move(peer)),
      seat_(std::move(seat)),
      watch_(lane),
      input_(*stream_, lane),
      body_(*stream_, input_, watch_, lane),
      pace_(lane) {
  lane_.connections.insert(this);
  ++lane_.connections_open;
}

Connection::~Connection() {
  lane_.connections.erase(this);
  --lane_.connections_open;
}

Task<void> Connection::run() {
  try {
    watch_.within(lane_.settings.head_timeout);
    if (const auto shaken = co_await stream_->handshake(); shaken) {
      while (co_await serve_one()) {
      }
      if (!aborted_ && !resets_) co_await say_goodbye();
    }
  } catch (const std::exception& e) {
    if (!aborted_) log::error("a connection failed", {{"peer", peer_}, {"error", e.what()}});
  }
  if (resets_)
    stream_->reset();
  else
    stream_->close();
}

void Connection::check_deadline() {
  if (watch_.check()) stream_->cancel();
}

void Connection::close_if_idle() {
  if (idle_) stream_->cancel();
}

void Connection::abort() {
  aborted_ = true;
  stream_->close();
}

Task<bool> Connection::serve_one() {
  auto head = co_await read_head();
  if (!head) {
    if (head.error().status != 0) co_await refuse(std::move(head).error());
    co_return false;
  }
  lane_.requests.add(1);
  body_.begin(*head);
  Exchange exchange;
  exchange.is_http10 = head->is_http10;
  exchange.keep_alive = head->keep_alive;
  Request request = make_request(*std::move(head));
  exchange.is_head = request.method == Method::Head;

  Response response = co_await answer(request);
  exchange.request_id = std::move(request.id);
  compress_if_wanted(request.fields, response, lane_.settings.gzip_bytes_min);
  const auto unread_max = lane_.settings.unread_body_bytes_max;
  exchange.keep_alive = exchange.keep_alive && !lane_.draining && body_.is_drainable(unread_max);
  client_talks_ = !body_.at_end();

  if (!co_await send(std::move(response), exchange)) co_return false;
  if (client_talks_ && body_.is_drainable(unread_max)) {
    client_talks_ = !co_await body_.drain(unread_max);
  }
  co_return exchange.keep_alive && !client_talks_;
}

Task<std::expected<Head, Refusal>> Connection::read_head() {
  const std::size_t bytes_max = lane_.settings.head_bytes_max;
  bool started = false;
  for (std::size_t scanned = 0;;) {
    while (input_.ready().starts_with("\r\n")) input_.consume(2);  // RFC 9112, 2.2
    const auto text = input_.ready();
    const auto end = text.find("\r\n\r\n", scanned - std::min<std::size_t>(scanned, 3));
    if (end != std::string_view::npos && end + 4 <= bytes_max) {
      watch_.pause();
      auto head = parse_head(text.substr(0, end + 4));
      input_.consume(end + 4);
      co_return head;
    }
    if (text.size() >= bytes_max) {
      if (text.find('\n') == std::string_view::npos) {
        co_return std::unexpected(Refusal{414, "the request line is too long"});
      }
      co_return std::unexpected(
          Refusal{431, cat("the request's head exceeds ", bytes_max, " bytes")});
    }
    if (text != "\r" && is_hopeless(text)) {
      co_return std::unexpected(Refusal{400, "this is not an HTTP/1.1 request"});
    }
    if (text.empty() && lane_.draining) co_return std::unexpected(Refusal{0, {}});
    // The head's time runs from its first byte and is not renewed by the next.
    idle_ = text.empty();
    if (idle_)
      watch_.within(lane_.settings.idle_timeout);
    else if (!started)
      watch_.within(lane_.settings.head_timeout);
    started = !idle_;
    scanned = text.size();
    const auto got = co_await input_.fill(bytes_max);
    idle_ = false;
    if (!got || *got == 0) co_return std::unexpected(refusal_of_failed_read());
  }
}

Refusal Connection::refusal_of_failed_read() const {
  if (!watch_.expired() || input_.ready().empty() || aborted_) return {0, {}};
  return {408, cat("the request's head did not arrive within ", lane_.settings.head_timeout.count(),
                   " seconds")};
}

Request Connection::make_request(Head head) {
  Request request;
  request.id = request_id(head.fields, lane_);
  request.method = head.method;
  request.method_name = std::move(head.method_name);
  request.path = std::move(head.path);
  request.logged_path = request.path;
  request.query_text = std::move(head.query_text);
  if (!request.query_text.empty()) request.query = Query::parse(request.query_text);
  request.fields = std::move(head.fields);
  request.peer = peer_;
  request.secure = stream_->is_secure();
  request.body = std::make_unique<BodyHandle>(body_);
  return request;
}

// The request wall: whatever a handler throws is logged once and becomes a 500.
Task<Response> Connection::answer(Request& request) {
  std::string what;
  try {
    co_return co_await lane_.handler(request);
  } catch (const std::exception& e) {
    what = e.what();
  } catch (...) {
    what = "not a std::exception";
  }
  if (!aborted_) {
    log::error("a request failed", {{"request_id", request.id},
                                    {"method", request.method_name},
                                    {"path", request.logged_path},
                                    {"error", what}});
  }
  co_return error_response(500, "internal error; the server's log has it under this request id");
}

Task<void> Connection::refuse(Refusal refusal) {
  Exchange exchange;
  exchange.request_id = lane_.next_request_id();
  client_talks_ = true;
  co_await send(error_response(refusal.status, refusal.message), exchange);
}

Task<bool> Connection::send(Response response, const Exchange& exchange) {
  HeadLine line;
  line.status = response.status;
  line.is_http10 = exchange.is_http10;
  line.date = lane_.date;
  line.request_id = exchange.request_id;
  const auto length = response.body.length();
  const bool sends_body = has_body(response.status) && !exchange.is_head;
  if (!has_body(response.status))
    line.framing = Framing::None;
  else if (length)
    line.length = *length;
  else if (exchange.is_head)
    line.framing = Framing::None;
  else
    line.framing = exchange.is_http10 ? Framing::UntilClose : Framing::Chunked;
  line.keep_alive = exchange.keep_alive && line.framing != Framing::UntilClose;

  pace_.begin();
  out_.clear();
  render_head(out_, line, response.fields);
  bool sent = false;
  if (!sends_body || length == 0) {
    sent = co_await write({out_, {}}, More::No);
  } else if (auto* text = std::get_if<std::string>(&response.body.bytes)) {
    sent = co_await write({out_, *text}, More::No);
  } else if (auto* slices = std::get_if<std::vector<FileSlice>>(&response.body.bytes)) {
    sent = co_await write({out_, {}}, More::Soon) && co_await send_slices(*slices);
  } else if (auto* source = std::get_if<std::unique_ptr<rt::ByteSource>>(&response.body.bytes)) {
    auto* pieces = length ? (*source)->as_pieces() : nullptr;
    sent = co_await write({out_, {}}, More::No) &&
           co_await (pieces ? send_pieces(*pieces, *length)
                            : send_source(std::move(*source), length, line.framing));
  }
  if (!sent && client_talks_)
    client_talks_ = false;  // nobody listens: no need to wait for the rest
  co_return sent&& line.keep_alive == exchange.keep_alive;
}

Task<bool> Connection::send_slices(std::span<const FileSlice> slices) {
  std::uint64_t length = 0;
  for (const auto& slice : slices) length += slice.length;
  std::uint64_t turn = 0;
  for (std::uint64_t done = 0; done < length;) {
    watch_.within(lane_.settings.write_idle_timeout);
    const auto asked = lane_.now;
    const auto sent = co_await stream_->send_slices_some(slices, done);
    watch_.pause();
    if (!sent) {
      resets_ = watch_.expired();
      if (sent.error().code() != Code::Unavailable && !aborted_) {
        log::warn("a file could not be sent", {{"peer", peer_}, {"error", sent.error().message()}});
      }
      co_return false;
    }
    done += *sent;
    lane_.bytes_out.add(*sent);
    if (done == length) break;
    if (!keeps_pace(asked, *sent)) co_return false;
    // A fast client must not keep the thread to itself.
    turn += *sent;
    if (turn < kTurnBytes) continue;
    turn = 0;
    co_await boost::asio::post(lane_.executor, boost::asio::use_awaitable);
  }
  co_return true;
}

// Pieces that end before `length`, or go beyond it, end the connection.
Task<bool> Connection::send_pieces(rt::PieceSource& source, std::uint64_t length) {
  std::uint64_t left = length;
  while (left > 0) {
    auto pieces = co_await source.next();
    if (!pieces || pieces->empty()) {
      if (!aborted_) {
        log::warn("a response was cut short",
                  {{"peer", peer_},
                   {"error", pieces ? "the source ended early" : pieces.error().message()}});
      }
      co_return false;
    }
    std::vector<FileSlice> slices;  // that follow each other
    for (auto& piece : *pieces) {
      const std::uint64_t size = rt::size_of(piece);
      if (size > left) {
        log::error("a source gave more bytes than it promised", {{"peer", peer_}});
        co_return false;
      }
      left -= size;
      if (auto* slice = std::get_if<FileSlice>(&piece)) {
        slices.push_back(std::move(*slice));
        continue;
      }
      if (!co_await send_slices(slices)) co_return false;
      slices.clear();
      const Pieces text{std::get<std::string>(piece), {}};
      if (!co_await write(text, left > 0 ? More::Soon : More::No)) co_return false;
    }
    if (!co_await send_slices(slices)) co_return false;
  }
  co_return true;
}

// A source that fails or lies about its length ends the connection: the client sees that the body
// was cut.
Task<bool> Connection::send_source(std::unique_ptr<rt::ByteSource> source,
                                   std::optional<std::uint64_t> length, Framing framing) {
  constexpr std::size_t kBytes = 128 * 1024;
  const auto buffer = std::make_unique_for_overwrite<char[]>(kBytes + 2);
  std::string chunk_line;
  std::uint64_t done = 0;
  for (;;) {
    std::size_t room = kBytes;
    if (length) room = static_cast<std::size_t>(std::min<std::uint64_t>(room, *length - done));
    if (room == 0) co_return true;
    const auto got = co_await source->read({buffer.get(), room});
    if (!got || (*got == 0 && length)) {
      resets_ = framing == Framing::UntilClose;
      if (!aborted_) {
        log::warn(
            "a response was cut short",
            {{"peer", peer_}, {"error", got ? "the source ended early" : got.error().message()}});
      }
      co_return false;
    }
    done += *got;
    if (framing == Framing::Chunked) {
      if (*got == 0) co_return co_await write({"0\r\n\r\n", {}}, More::No);
      char digits[17];
      const auto end = std::to_chars(digits, digits + sizeof digits, *got, 16).ptr;
      chunk_line.assign(digits, end);
      chunk_line += "\r\n";
      buffer[*got] = '\r';
      buffer[*got + 1] = '\n';
      if (!co_await write({chunk_line, {buffer.get(), *got + 2}}, More::No)) co_return false;
    } else {
      if (*got == 0) co_return true;
      if (!co_await write({{buffer.get(), *got}, {}}, More::No)) co_return false;
    }
  }
}

Task<bool> Connection::write(Pieces pieces, More more) {
  while (!pieces.empty()) {
    watch_.within(lane_.settings.write_idle_timeout);
    const auto asked = lane_.now;
    const auto sent = co_await stream_->write_some(pieces, more);
    watch_.pause();
    if (!sent) {
      resets_ = watch_.expired();
      co_return false;
    }
    lane_.bytes_out.add(*sent);
    pieces.remove_prefix(*sent);
    if (!keeps_pace(asked, *sent)) co_return false;
  }
  co_return true;
}

bool Connection::keeps_pace(SteadyTime asked, std::size_t bytes) {
  const auto& settings = lane_.settings;
  if (pace_.keeps(asked, bytes, settings.response_bytes_per_second_min,
                  settings.response_slow_time)) {
    return true;
  }
  log::info("a client took its answer too slowly", {{"peer", peer_}});
  resets_ = true;
  return false;
}

// Closing a socket that still has unread bytes resets it, and the reset can overtake our response.
// So: end our side, then read what comes until the client ends its own, for a moment and an amount
// at most.
Task<void> Connection::say_goodbye() {
  watch_.within(kGoodbyeTime);
  co_await stream_->shutdown();
  if (!client_talks_) co_return;
  input_.consume(input_.ready().size());
  const auto dropped = std::make_unique_for_overwrite<char[]>(32 * 1024);
  for (std::uint64_t total = 0; !watch_.expired() && total < kGoodbyeBytesMax;) {
    const auto got = co_await stream_->read_some({dropped.get(), 32 * 1024});
    if (!got || *got == 0) break;
    total += *got;
    lane_.bytes_in.add(*got);
  }
}

}  // namespace embrace::http
