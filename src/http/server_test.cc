#include "http/server.h"

#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <sys/socket.h>
#include <zlib.h>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <future>
#include <stdexcept>
#include <thread>

#include "base/file.h"
#include "base/strings.h"
#include "http/range.h"
#include "http/wire_client_test.h"
#include "testing/temp_folder.h"

namespace embrace::http {
namespace {

using namespace std::chrono_literals;

// Gives `pieces` times "piece ", then ends or fails.
class Pieces : public rt::ByteSource {
 public:
  Pieces(int pieces, bool fails) : left_(pieces), fails_(fails) {}
  Task<Result<std::size_t>> read(std::span<char> into) override {
    if (left_ == 0 && fails_) co_return fail(Code::Unavailable, "the store went away");
    if (left_-- <= 0) co_return std::size_t{0};
    co_return std::string_view("piece ").copy(into.data(), into.size());
  }

 private:
  int left_;
  const bool fails_;
};

// The file in slices with a word between them, a few per call, as a chunked file comes. It may
// promise more or less than it has.
class Slices : public rt::PieceSource {
 public:
  Slices(std::shared_ptr<const File> file, std::uint64_t bytes)
      : file_(std::move(file)), bytes_(bytes) {}
  Task<Result<std::vector<Piece>>> next() override {
    std::vector<Piece> pieces;
    for (int i = 0; i < 3 && at_ < bytes_; ++i) {
      const auto length = std::min<std::uint64_t>(kSliceBytes, bytes_ - at_);
      pieces.emplace_back(FileSlice{file_, at_, length});
      pieces.emplace_back(std::string("word"));
      at_ += length;
    }
    co_return pieces;
  }
  static constexpr std::uint64_t kSliceBytes = 70'000;

 private:
  std::shared_ptr<const File> file_;
  const std::uint64_t bytes_;
  std::uint64_t at_ = 0;
};

// Slices of all sizes that follow each other without a word between them, from behind to before.
std::vector<FileSlice> many_slices(std::shared_ptr<const File> file, std::uint64_t bytes) {
  std::vector<FileSlice> slices;
  for (std::uint64_t end = bytes, i = 0; end > 0; ++i) {
    const auto length =
        std::min<std::uint64_t>(end, i % 40 == 0 ? 1'300'000 : 1 + i * 7919 % 90'000);
    slices.push_back({file, end -= length, length});
  }
  return slices;
}

struct World {
  std::shared_ptr<const File> file;
  std::uint64_t file_bytes = 0;
  std::promise<void> slow_has_begun;
};

Task<Result<rt::Content>> open_slice(std::shared_ptr<const File> file, ByteRange range) {
  co_return rt::Content(std::vector<FileSlice>{{std::move(file), range.first, range.length}});
}

Task<Response> count_body(Request& request) {
  std::vector<char> buffer(256 * 1024);
  std::uint64_t bytes = 0;
  for (;;) {
    const auto got = co_await request.body->read(buffer);
    if (!got) {
      Response response(400);
      response.body = std::string(got.error().message());
      co_return response;
    }
    if (*got == 0) break;
    bytes += *got;
  }
  Response response;
  response.body = cat(bytes);
  co_return response;
}

Task<Response> handle(World& world, Request& request) {
  Response response;
  const auto path = request.path;
  if (path == "/hello") {
    response.body = std::string("hello");
  } else if (path == "/show") {
    response.body = cat(request.method_name, " ", request.query.find("q").value_or("-"), " ",
                        request.peer, " ", request.id, request.secure ? " tls" : "");
  } else if (path == "/echo") {
    auto body = co_await read_body(request, 1 << 20);
    response.status = body ? 200 : 400;
    response.body = body ? *std::move(body) : body.error().message();
  } else if (path == "/count") {
    co_return co_await count_body(request);
  } else if (path == "/empty") {
    response.status = 204;
  } else if (path == "/pieces") {
    response.body = rt::Content(std::make_unique<Pieces>(3, false), std::nullopt);
  } else if (path == "/measured-pieces") {
    response.body = rt::Content(std::make_unique<Pieces>(3, false), 18);
  } else if (path == "/short-pieces") {
    response.body = rt::Content(std::make_unique<Pieces>(3, false), 100);
  } else if (path == "/failing-pieces") {
    response.body = rt::Content(std::make_unique<Pieces>(3, true), std::nullopt);
  } else if (path == "/slices" || path == "/short-slices" || path == "/long-slices") {
    const auto count = (world.file_bytes + Slices::kSliceBytes - 1) / Slices::kSliceBytes;
    const auto length = world.file_bytes + 4 * count;
    response.body = rt::Content(
        std::make_unique<Slices>(world.file, world.file_bytes),
        path == "/slices" ? length : (path == "/long-slices" ? length - 7 : length + 7));
  } else if (path == "/run") {
    response.body = rt::Content(many_slices(world.file, world.file_bytes));
  } else if (path == "/torn-run") {
    auto slices = many_slices(world.file, world.file_bytes);
    slices[slices.size() / 2].offset = world.file_bytes;
    response.body = rt::Content(std::move(slices));
  } else if (path == "/throw") {
    throw std::runtime_error("a bug");
  } else if (path == "/text") {
    response.may_compress = true;
    response.fields.add("ETag", "\"t\"");
    response.body = std::string(5000, 'x');
  } else if (path == "/file") {
    Entity entity{world.file_bytes, "\"file\"", "application/octet-stream"};
    auto result = co_await respond_with_entity(
        request, entity, [file = world.file](ByteRange range) { return open_slice(file, range); });
    co_return *std::move(result);
  } else if (path == "/slow") {
    world.slow_has_begun.set_value();
    boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor, 300ms);
    co_await timer.async_wait(boost::asio::use_awaitable);
    response.body = std::string("slow");
  } else if (path == "/stuck") {
    world.slow_has_begun.set_value();
    boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor, 1h);
    co_await timer.async_wait(boost::asio::use_awaitable);
  } else {
    response.status = 404;  // without reading the body
    response.body = std::string("nothing here");
  }
  co_return response;
}

class ServerTest : public ::testing::Test {
 protected:
  void start(Settings settings = {}) {
    settings.listen = "127.0.0.1:0";
    auto started = Server::start(settings, threads_,
                                 [this](Request& request) { return handle(world_, request); });
    ASSERT_TRUE(started) << started.error().message();
    server_ = *std::move(started);
  }
  void make_file(std::uint64_t bytes) {
    std::string text(bytes, '\0');
    for (std::size_t i = 0; i < text.size(); ++i)
      text[i] = static_cast<char>(i * 2654435761u >> 13);
    ASSERT_TRUE(write_file_durably(folder_ / "file", text));
    world_.file = std::make_shared<const File>(*File::open_for_read(folder_ / "file"));
    world_.file_bytes = bytes;
    file_text_ = std::move(text);
  }
  unsigned short port() const { return server_->port(); }
  unsigned status_of(std::string_view bytes) {
    WireClient client(port());
    client.send(bytes);
    return client.read_reply().status;
  }

  ::testing::TempFolder folder_;
  std::string file_text_;
  World world_;
  rt::IoThreads threads_{2};
  std::unique_ptr<Server> server_;
};

constexpr std::string_view kHello = "GET /hello HTTP/1.1\r\nHost: h\r\n\r\n";

TEST_F(ServerTest, OneConnectionServesManyRequests) {
  start();
  WireClient client(port());
  for (int i = 0; i < 100; ++i) {
    client.send(kHello);
    const auto reply = client.read_reply();
    ASSERT_EQ(reply.status, 200u);
    ASSERT_EQ(reply.body, "hello");
    EXPECT_TRUE(reply.fields.contains("date"));
    EXPECT_TRUE(reply.fields.contains("x-request-id"));
  }
  EXPECT_EQ(server_->stats().connections_accepted, 1u);
  EXPECT_EQ(server_->stats().requests, 100u);
}

TEST_F(ServerTest, PipelinedRequestsAreAnsweredInOrder) {
  start();
  WireClient client(port());
  client.send(
      "GET /show?q=1 HTTP/1.1\r\nHost: h\r\n\r\n"
      "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nbody"
      "POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
      "POST /missing HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nbody"
      "\r\nGET /show?q=3 HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_TRUE(client.read_reply().body.starts_with("GET 1 127.0.0.1 "));
  EXPECT_EQ(client.read_reply().body, "body");
  EXPECT_EQ(client.read_reply().body, "abc");
  EXPECT_EQ(client.read_reply().status, 404u);
  EXPECT_TRUE(client.read_reply().body.starts_with("GET 3 "));
}

TEST_F(ServerTest, AHeadMayComeByteByByte) {
  start();
  WireClient client(port());
  for (const char c : kHello) client.send({&c, 1});
  EXPECT_EQ(client.read_reply().body, "hello");
  for (const char c :
       std::string_view("POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: "
                        "chunked\r\n\r\n2;x=y\r\nab\r\n1\r\nc\r\n0\r\nT: t\r\n\r\n")) {
    client.send({&c, 1});
  }
  EXPECT_EQ(client.read_reply().body, "abc");
}

TEST_F(ServerTest, RequestIdsAreTakenWhenSaneAndMadeOtherwise) {
  start();
  WireClient client(port());
  client.send("GET /show HTTP/1.1\r\nHost: h\r\nX-Request-Id: mine-1\r\n\r\n");
  EXPECT_EQ(client.read_reply().field("x-request-id"), "mine-1");
  client.send("GET /show HTTP/1.1\r\nHost: h\r\nX-Amzn-Trace-Id: Root=1-67;x:y\r\n\r\n");
  EXPECT_EQ(client.read_reply().field("x-request-id"), "Root=1-67;x:y");
  client.send("GET /show HTTP/1.1\r\nHost: h\r\nX-Request-Id: <script>\r\n\r\n");
  const auto first = client.read_reply().field("x-request-id");
  client.send(kHello);
  const auto second = client.read_reply().field("x-request-id");
  EXPECT_NE(first, second);
  EXPECT_GE(first.size(), 16u);
  EXPECT_EQ(first.find('<'), std::string::npos);
}

TEST_F(ServerTest, ContinueIsSaidAtTheFirstRead) {
  start();
  WireClient client(port());
  client.send(
      "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.read_available_line(), "HTTP/1.1 100 Continue\r\n");
  EXPECT_EQ(client.read_available_line(), "\r\n");
  client.send("body");
  EXPECT_EQ(client.read_reply().body, "body");
}

TEST_F(ServerTest, ARefusedUploadIsNeverAskedFor) {
  start();
  WireClient client(port());
  client.send(
      "PUT /missing HTTP/1.1\r\nHost: h\r\nContent-Length: 9999999999\r\nExpect: "
      "100-continue\r\n\r\n");
  const auto reply = client.read_reply();
  EXPECT_EQ(reply.status, 404u);
  EXPECT_EQ(reply.field("connection"), "close");
  EXPECT_TRUE(client.at_end());
}

TEST_F(ServerTest, SmallUnreadBodiesAreDroppedAndLargeOnesEndTheConnection) {
  Settings settings;
  settings.unread_body_bytes_max = 1000;
  start(settings);
  WireClient client(port());
  client.send("PUT /missing HTTP/1.1\r\nHost: h\r\nContent-Length: 1000\r\n\r\n" +
              std::string(1000, 'x'));
  EXPECT_EQ(client.read_reply().field("connection"), "");
  client.send(kHello);
  EXPECT_EQ(client.read_reply().body, "hello");

  client.send("PUT /missing HTTP/1.1\r\nHost: h\r\nContent-Length: 2000000\r\n\r\n");
  client.send(std::string(2'000'000, 'x'));
  const auto reply = client.read_reply();
  EXPECT_EQ(reply.status, 404u);
  EXPECT_EQ(reply.field("connection"), "close");
  client.end_output();
  EXPECT_TRUE(client.at_end());

  WireClient chunked(port());
  chunked.send("PUT /missing HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n");
  for (int i = 0; i < 20; ++i) chunked.send("64\r\n" + std::string(100, 'x') + "\r\n");
  EXPECT_EQ(chunked.read_reply().status, 404u);
  chunked.end_output();
  EXPECT_TRUE(chunked.at_end());
}

TEST_F(ServerTest, LargeBodiesStreamThrough) {
  start();
  WireClient client(port());
  const std::string piece(1 << 20, 'x');
  client.send(
      cat("PUT /count HTTP/1.1\r\nHost: h\r\nContent-Length: ", 20 * piece.size(), "\r\n\r\n"));
  for (int i = 0; i < 20; ++i) client.send(piece);
  EXPECT_EQ(client.read_reply().body, cat(20 * piece.size()));

  client.send("PUT /count HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n");
  std::uint64_t total = 0;
  for (const std::size_t size : {1u, 10u, 4095u, 16384u, 16385u, 100'000u, 1'000'000u, 7u}) {
    char digits[17];
    const auto end = std::to_chars(digits, digits + 17, size, 16).ptr;
    client.send(cat(std::string_view(digits, end), "\r\n", std::string(size, 'y'), "\r\n"));
    total += size;
  }
  client.send("0\r\n\r\n");
  EXPECT_EQ(client.read_reply().body, cat(total));
}

TEST_F(ServerTest, BrokenChunksFailTheReadAndEndTheConnection) {
  start();
  for (const auto* body : {"x\r\n", "3\r\nabcd\r\n", "3\r\nabc\n0\r\n\r\n", "3\nabc\r\n",
                           "-1\r\n\r\n", "11111111111111111\r\n"}) {
    WireClient client(port());
    client.send("POST /count HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n");
    client.send(body);
    client.send(kHello);  // must never be taken for a request
    const auto reply = client.read_reply();
    EXPECT_EQ(reply.status, 400u) << body;
    EXPECT_EQ(reply.field("connection"), "close") << body;
    client.end_output();
    EXPECT_TRUE(client.at_end()) << body;
  }
}

TEST_F(ServerTest, ABodyThatEndsEarlyIsAnError) {
  start();
  WireClient client(port());
  client.send("POST /count HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\nabc");
  client.end_output();
  EXPECT_EQ(client.read_reply().status, 400u);
}

TEST_F(ServerTest, HeadMeasuresWithoutSending) {
  make_file(1000);
  start();
  WireClient client(port());
  for (const auto& [path, length] : std::vector<std::pair<std::string, std::string>>{
           {"/hello", "5"}, {"/file", "1000"}, {"/measured-pieces", "18"}, {"/pieces", ""}}) {
    client.send("HEAD " + path + " HTTP/1.1\r\nHost: h\r\n\r\n");
    const auto reply = client.read_reply(true);
    EXPECT_EQ(reply.status, 200u) << path;
    EXPECT_EQ(reply.field("content-length"), length) << path;
    EXPECT_FALSE(reply.fields.contains("transfer-encoding")) << path;
  }
  client.send("GET /empty HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_FALSE(client.read_reply().fields.contains("content-length"));
  client.send(kHello);
  EXPECT_EQ(client.read_reply().body, "hello");
}

TEST_F(ServerTest, SourcesWithoutALengthAreChunkedOrEndWithTheConnection) {
  start();
  WireClient client(port());
  client.send("GET /pieces HTTP/1.1\r\nHost: h\r\n\r\n");
  const auto chunked = client.read_reply();
  EXPECT_EQ(chunked.field("transfer-encoding"), "chunked");
  EXPECT_EQ(chunked.body, "piece piece piece ");
  client.send("GET /measured-pieces HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(client.read_reply().body, "piece piece piece ");

  WireClient old(port());
  old.send("GET /pieces HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  const auto reply = old.read_reply();
  EXPECT_FALSE(reply.fields.contains("transfer-encoding"));
  EXPECT_EQ(reply.field("connection"), "close");
  EXPECT_EQ(reply.body, "piece piece piece ");
}

TEST_F(ServerTest, ASourceThatFailsCutsTheBody) {
  start();
  for (const auto* path : {"/failing-pieces", "/short-pieces"}) {
    WireClient client(port());
    client.send(cat("GET ", path, " HTTP/1.1\r\nHost: h\r\n\r\n"));
    const auto reply = client.read_reply();
    EXPECT_EQ(reply.status, 200u);
    EXPECT_FALSE(reply.complete) << path;
    EXPECT_TRUE(client.at_end());
  }
}

TEST_F(ServerTest, Http10ClosesUnlessAskedToStay) {
  start();
  WireClient client(port());
  client.send("GET /hello HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_EQ(client.read_reply().field("connection"), "keep-alive");
  client.send("GET /hello HTTP/1.0\r\n\r\n");
  EXPECT_EQ(client.read_reply().body, "hello");
  EXPECT_TRUE(client.at_end());
}

TEST_F(ServerTest, AHandlersExceptionIsA500AndTheConnectionGoesOn) {
  start();
  WireClient client(port());
  client.send("GET /throw HTTP/1.1\r\nHost: h\r\n\r\n");
  const auto reply = client.read_reply();
  EXPECT_EQ(reply.status, 500u);
  EXPECT_EQ(reply.field("content-type"), "application/json");
  EXPECT_TRUE(reply.body.starts_with("{\"error\":\"")) << reply.body;
  client.send(kHello);
  EXPECT_EQ(client.read_reply().body, "hello");
}

TEST_F(ServerTest, TextIsCompressedForThoseWhoAskForIt) {
  start();
  WireClient client(port());
  client.send("GET /text HTTP/1.1\r\nHost: h\r\nAccept-Encoding: gzip\r\n\r\n");
  const auto reply = client.read_reply();
  EXPECT_EQ(reply.field("content-encoding"), "gzip");
  EXPECT_EQ(reply.field("vary"), "Accept-Encoding");
  EXPECT_EQ(reply.field("etag"), "W/\"t\"");
  z_stream stream{};
  ASSERT_EQ(inflateInit2(&stream, 15 + 16), Z_OK);
  std::string text(10'000, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(reply.body.data()));
  stream.avail_in = static_cast<uInt>(reply.body.size());
  stream.next_out = reinterpret_cast<Bytef*>(text.data());
  stream.avail_out = static_cast<uInt>(text.size());
  EXPECT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
  EXPECT_EQ(text.substr(0, stream.total_out), std::string(5000, 'x'));
  inflateEnd(&stream);

  client.send("GET /text HTTP/1.1\r\nHost: h\r\nAccept-Encoding: identity\r\n\r\n");
  const auto plain = client.read_reply();
  EXPECT_EQ(plain.field("content-encoding"), "");
  EXPECT_EQ(plain.field("vary"), "Accept-Encoding");
  EXPECT_EQ(plain.body.size(), 5000u);
}

TEST_F(ServerTest, MalformedHeadsGetAStatusAndTheDoor) {
  Settings settings;
  settings.head_bytes_max = 8 * 1024;
  start(settings);
  EXPECT_EQ(status_of("GET / HTTP/3.0\r\nHost: h\r\n\r\n"), 505u);
  EXPECT_EQ(status_of("\x16\x03\x01 hello over TLS"), 400u);
  EXPECT_EQ(status_of("GET /hello HTTP/1.1\n\n"), 400u);
  EXPECT_EQ(status_of("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n"
                      "Transfer-Encoding: chunked\r\n\r\nabc"),
            400u);
  EXPECT_EQ(
      status_of("GET /hello HTTP/1.1\r\nHost: h\r\nX: " + std::string(9000, 'x') + "\r\n\r\n"),
      431u);
  EXPECT_EQ(status_of("GET /" + std::string(100'000, 'x')), 414u);

  WireClient client(port());
  client.send("nonsense\r\n\r\n");
  const auto reply = client.read_reply();
  EXPECT_EQ(reply.status, 400u);
  EXPECT_EQ(reply.field("connection"), "close");
  EXPECT_TRUE(reply.body.starts_with("{\"error\":\"malformed request")) << reply.body;
  EXPECT_FALSE(reply.field("x-error-message").empty());
  client.end_output();
  EXPECT_TRUE(client.at_end());

  // A head of exactly the limit still passes.
  WireClient exact(port());
  std::string head = "GET /hello HTTP/1.1\r\nHost: h\r\nX: ";
  head += std::string(8 * 1024 - head.size() - 4, 'x') + "\r\n\r\n";
  exact.send(head);
  EXPECT_EQ(exact.read_reply().status, 200u);
}

TEST_F(ServerTest, ASlowHeadIs408AndAnIdleConnectionJustEnds) {
  Settings settings;
  settings.head_timeout = 1s;
  settings.idle_timeout = 1s;
  settings.body_idle_timeout = 1s;
  start(settings);
  WireClient slow(port());
  WireClient idle(port());
  WireClient stalled(port());
  slow.send("GET /hello HT");
  stalled.send("POST /count HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nabc");
  EXPECT_EQ(slow.read_reply().status, 408u);
  EXPECT_TRUE(idle.at_end());
  const auto reply = stalled.read_reply();
  EXPECT_EQ(reply.status, 400u);
  EXPECT_NE(reply.body.find("too long"), std::string::npos);
}

TEST_F(ServerTest, AClientThatStopsReadingIsDropped) {
  make_file(32 << 20);
  Settings settings;
  settings.write_idle_timeout = 1s;
  start(settings);
  WireClient client(port());
  client.limit_receive_buffer(4096);
  client.send("GET /file HTTP/1.1\r\nHost: h\r\n\r\n");
  const auto deadline = std::chrono::steady_clock::now() + 8s;
  while (server_->stats().requests == 0 || server_->stats().connections_open > 0) {
    ASSERT_LT(std::chrono::steady_clock::now(), deadline);
    std::this_thread::yield();
  }
  EXPECT_FALSE(client.read_reply().complete);
}

TEST_F(ServerTest, AClientThatReadsADropNowAndThenIsDropped) {
  make_file(32 << 20);
  Settings settings;
  settings.response_bytes_per_second_min = 64 << 20;
  settings.response_slow_time = 1s;
  start(settings);
  WireClient client(port());
  client.limit_receive_buffer(64 << 10);
  client.send("GET /file HTTP/1.1\r\nHost: h\r\n\r\n");
  const auto deadline = std::chrono::steady_clock::now() + 20s;
  while (server_->stats().requests == 0 || server_->stats().connections_open > 0) {
    ASSERT_LT(std::chrono::steady_clock::now(), deadline);
    client.read_some(64 << 10);
    std::this_thread::sleep_for(20ms);
  }
  EXPECT_FALSE(client.read_reply().complete);
}

// Each byte is in time for body_idle_timeout, and all of them together would take for ever.
TEST_F(ServerTest, ABodyThatComesInDropsIsRefused) {
  Settings settings;
  settings.body_bytes_per_second_min = 1000;
  settings.body_slow_time = 1s;
  start(settings);
  WireClient whole(port());
  WireClient chunked(port());
  whole.send("POST /count HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\n\r\n");
  chunked.send("POST /count HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n");
  const auto deadline = std::chrono::steady_clock::now() + 20s;
  while (server_->stats().connections_open > 0) {
    ASSERT_LT(std::chrono::steady_clock::now(), deadline);
    whole.send("x");
    chunked.send("1\r\nx\r\n");
    std::this_thread::sleep_for(20ms);
  }
  for (WireClient* client : {&whole, &chunked}) {
    const auto reply = client->read_reply();
    if (reply.status == 0) continue;  // our last drops met a closed socket, which loses the answer
    EXPECT_EQ(reply.status, 400u);
    EXPECT_NE(reply.body.find("too slowly"), std::string::npos);
  }
  // Who sends at that pace, or more, is not refused, however long it takes.
  WireClient steady(port());
  steady.send("POST /count HTTP/1.1\r\nHost: h\r\nContent-Length: 300000\r\n\r\n");
  for (int i = 0; i < 100; ++i) {
    steady.send(std::string(3000, 'x'));
    std::this_thread::sleep_for(25ms);
  }
  const auto reply = steady.read_reply();
  EXPECT_EQ(reply.status, 200u);
  EXPECT_EQ(reply.body, "300000");
}

TEST_F(ServerTest, FilesAreSentWholeAndInParts) {
  make_file(64 << 20);
  start();
  WireClient client(port());
  client.send("GET /file HTTP/1.1\r\nHost: h\r\n\r\n");
  const auto whole = client.read_reply();
  EXPECT_TRUE(whole.complete);
  EXPECT_TRUE(whole.body == file_text_);

  client.send("GET /file HTTP/1.1\r\nHost: h\r\nRange: bytes=1000-1999\r\n\r\n");
  const auto part = client.read_reply();
  EXPECT_EQ(part.status, 206u);
  EXPECT_EQ(part.body, file_text_.substr(1000, 1000));

  client.send("GET /file HTTP/1.1\r\nHost: h\r\nRange: bytes=0-9,-10\r\n\r\n");
  const auto parts = client.read_reply();
  EXPECT_EQ(parts.status, 206u);
  EXPECT_TRUE(parts.complete);
  EXPECT_NE(parts.body.find(file_text_.substr(0, 10)), std::string::npos);
  client.send(kHello);
  EXPECT_EQ(client.read_reply().body, "hello");
  EXPECT_GT(server_->stats().bytes_out, 64u << 20);
}

TEST_F(ServerTest, ASourceOfPiecesIsSentInOrderAndExactly) {
  make_file(5'000'000);
  std::string expected;
  for (std::size_t at = 0; at < file_text_.size(); at += Slices::kSliceBytes)
    expected += file_text_.substr(at, Slices::kSliceBytes) + "word";
  start();
  WireClient client(port());
  client.send("GET /slices HTTP/1.1\r\nHost: h\r\n\r\n");
  const auto reply = client.read_reply();
  EXPECT_TRUE(reply.complete);
  EXPECT_TRUE(reply.body == expected);
  client.send(kHello);
  EXPECT_EQ(client.read_reply().body, "hello");
  for (const auto* path : {"/short-slices", "/long-slices"}) {
    WireClient cut(port());
    cut.send(cat("GET ", path, " HTTP/1.1\r\nHost: h\r\n\r\n"));
    EXPECT_FALSE(cut.read_reply().complete) << path;
    EXPECT_TRUE(cut.at_end());
  }
}

TEST_F(ServerTest, ARunOfSlicesIsSentInOrderAndExactly) {
  make_file(9'000'000);
  std::string expected;
  for (const auto& slice : many_slices(nullptr, file_text_.size()))
    expected += file_text_.substr(slice.offset, slice.length);
  start();
  WireClient client(port());
  // More answers than the socket holds, asked for before the first is read.
  constexpr int kAnswers = 3;
  for (int i = 0; i < kAnswers; ++i) client.send("GET /run HTTP/1.1\r\nHost: h\r\n\r\n");
  for (int i = 0; i < kAnswers; ++i) {
    const auto reply = client.read_reply();
    EXPECT_TRUE(reply.complete);
    EXPECT_TRUE(reply.body == expected);
  }
  client.send(kHello);
  EXPECT_EQ(client.read_reply().body, "hello");

  WireClient torn(port());
  torn.send("GET /torn-run HTTP/1.1\r\nHost: h\r\n\r\n");
  const auto reply = torn.read_reply();
  EXPECT_FALSE(reply.complete);
  EXPECT_LT(reply.body.size(), expected.size());
  EXPECT_EQ(reply.body, expected.substr(0, reply.body.size()));
}

TEST_F(ServerTest, ConnectionsAboveTheCapAreTurnedAway) {
  Settings settings;
  settings.connections_max = 2;
  start(settings);
  WireClient first(port());
  WireClient second(port());
  first.send(kHello);
  second.send(kHello);
  EXPECT_EQ(first.read_reply().status, 200u);
  EXPECT_EQ(second.read_reply().status, 200u);
  {
    WireClient third(port());
    EXPECT_EQ(third.read_reply().status, 503u);
  }
  EXPECT_EQ(server_->stats().connections_refused, 1u);
  first.close();
  while (server_->stats().connections_open > 1) std::this_thread::yield();
  WireClient fourth(port());
  fourth.send(kHello);
  EXPECT_EQ(fourth.read_reply().status, 200u);
}

TEST_F(ServerTest, OnePeerHasAShareOfTheConnectionsUnlessItIsAProxy) {
  Settings settings;
  settings.connections_per_peer_max = 1;
  start(settings);
  {
    WireClient first(port());
    first.send(kHello);
    EXPECT_EQ(first.read_reply().status, 200u);
    WireClient second(port());
    EXPECT_EQ(second.read_reply().status, 503u);
    EXPECT_EQ(server_->stats().connections_refused, 1u);
  }
  while (server_->stats().connections_open > 0) std::this_thread::yield();
  WireClient again(port());
  again.send(kHello);
  EXPECT_EQ(again.read_reply().status, 200u) << "a connection that ended counts no more";

  server_.reset();
  settings.is_proxy = [](std::string_view peer) { return peer == "127.0.0.1"; };
  start(settings);
  WireClient one(port()), two(port());
  one.send(kHello);
  two.send(kHello);
  EXPECT_EQ(one.read_reply().status, 200u);
  EXPECT_EQ(two.read_reply().status, 200u);
}

TEST_F(ServerTest, StoppingLetsTheRunningRequestFinishAndIdleConnectionsEnd) {
  start();
  WireClient idle(port());
  idle.send(kHello);
  EXPECT_EQ(idle.read_reply().status, 200u);
  WireClient busy(port());
  busy.send("GET /slow HTTP/1.1\r\nHost: h\r\n\r\n");
  world_.slow_has_begun.get_future().wait();
  const auto begin = std::chrono::steady_clock::now();
  server_->stop();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 5s);
  const auto reply = busy.read_reply();
  EXPECT_EQ(reply.body, "slow");
  EXPECT_EQ(reply.field("connection"), "close");
  EXPECT_TRUE(idle.at_end());
}

TEST_F(ServerTest, StoppingDoesNotWaitForARequestThatIsStuck) {
  Settings settings;
  settings.shutdown_grace = 0s;
  start(settings);
  WireClient client(port());
  client.send("GET /stuck HTTP/1.1\r\nHost: h\r\n\r\n");
  world_.slow_has_begun.get_future().wait();
  server_->stop();
  EXPECT_TRUE(client.at_end());
}

TEST_F(ServerTest, APortThatIsTakenIsUnavailable) {
  start();
  Settings settings;
  settings.listen = cat("127.0.0.1:", port());
  const auto second = Server::start(settings, threads_,
                                    [this](Request& request) { return handle(world_, request); });
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code(), Code::Unavailable);
  EXPECT_NE(second.error().message().find(settings.listen), std::string::npos);
}

// --- TLS -----------------------------------------------------------------------------------------

void write_self_signed_certificate(const std::string& certificate_file,
                                   const std::string& key_file) {
  EVP_PKEY* key = EVP_EC_gen("P-256");
  X509* certificate = X509_new();
  X509_set_version(certificate, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate), -60);
  X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
  X509_set_pubkey(certificate, key);
  X509_NAME* name = X509_get_subject_name(certificate);
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>("localhost"), -1, -1, 0);
  X509_set_issuer_name(certificate, name);
  X509_sign(certificate, key, EVP_sha256());
  FILE* out = std::fopen(certificate_file.c_str(), "w");
  PEM_write_X509(out, certificate);
  std::fclose(out);
  out = std::fopen(key_file.c_str(), "w");
  PEM_write_PrivateKey(out, key, nullptr, nullptr, 0, nullptr, nullptr);
  std::fclose(out);
  X509_free(certificate);
  EVP_PKEY_free(key);
}

std::string tls_exchange(unsigned short port, const std::string& request) {
  SSL_CTX* context = SSL_CTX_new(TLS_client_method());
  BIO* bio = BIO_new_ssl_connect(context);
  BIO_set_conn_hostname(bio, cat("127.0.0.1:", port).c_str());
  std::string reply;
  if (BIO_do_connect(bio) == 1) {
    BIO_write(bio, request.data(), static_cast<int>(request.size()));
    char bytes[16 * 1024];
    for (int got; (got = BIO_read(bio, bytes, sizeof bytes)) > 0;) {
      reply.append(bytes, static_cast<std::size_t>(got));
    }
  }
  BIO_free_all(bio);
  SSL_CTX_free(context);
  return reply;
}

TEST_F(ServerTest, TlsServesTheSame) {
  make_file(3 << 20);
  Settings settings;
  settings.tls_certificate_file = folder_ / "certificate.pem";
  settings.tls_key_file = folder_ / "key.pem";
  settings.head_timeout = 1s;
  write_self_signed_certificate(settings.tls_certificate_file, settings.tls_key_file);
  start(settings);
  const auto shown = tls_exchange(port(),
                                  "GET /show HTTP/1.1\r\nHost: h\r\n\r\n"
                                  "GET /hello HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  EXPECT_NE(shown.find(" tls"), std::string::npos) << shown;
  EXPECT_TRUE(shown.ends_with("\r\n\r\nhello")) << shown;
  const auto file =
      tls_exchange(port(), "GET /file HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  EXPECT_TRUE(file.ends_with(file_text_));
  EXPECT_TRUE(tls_exchange(port(), "bad\r\n\r\n").starts_with("HTTP/1.1 400 "));

  WireClient silent(port());  // never begins the handshake
  EXPECT_TRUE(silent.at_end());
}

TEST_F(ServerTest, TlsFilesThatCannotBeReadAreNamed) {
  Settings settings;
  settings.listen = "127.0.0.1:0";
  settings.tls_certificate_file = folder_ / "missing.pem";
  settings.tls_key_file = folder_ / "key.pem";
  const auto started = Server::start(settings, threads_,
                                     [this](Request& request) { return handle(world_, request); });
  ASSERT_FALSE(started);
  EXPECT_NE(started.error().message().find("missing.pem"), std::string::npos);
}

}  // namespace
}  // namespace embrace::http
