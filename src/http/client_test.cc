#include "http/client.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <atomic>
#include <thread>

#include "base/strings.h"
#include "http/server.h"

namespace embrace::http {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kLongBytes = 64 << 20;
const rt::Blocking kBlocking = rt::Blocking::on_main_thread();

// Counts what is asked of it, and gives one byte value a piece.
class LongSource : public rt::ByteSource {
 public:
  LongSource(std::atomic<std::size_t>& given, std::size_t bytes, bool breaks)
      : given_(given), left_(bytes), breaks_(breaks) {}
  Task<Result<std::size_t>> read(std::span<char> into) override {
    if (left_ == 0 && breaks_) co_return fail(Code::Unavailable, "the disk went away");
    const std::size_t count = std::min(into.size(), left_);
    std::fill_n(into.data(), count, 'x');
    left_ -= count;
    given_ += count;
    co_return count;
  }

 private:
  std::atomic<std::size_t>& given_;
  std::size_t left_;
  const bool breaks_;
};

struct World {
  std::atomic<unsigned> requests{0};
  std::atomic<unsigned> refusals{0};  // as many requests are still answered 503
  std::atomic<std::size_t> given{0};
};

Task<Response> handle(World& world, Request& request) {
  ++world.requests;
  Response response;
  if (request.path == "/echo") {
    auto body = co_await read_body(request, 64 << 20);
    response.fields.add("X-Method", request.method_name);
    response.fields.add("X-Word", request.fields.find("X-Word").value_or("none"));
    response.fields.add("X-Query", request.query_text);
    response.body = body ? *std::move(body) : body.error().message();
  } else if (request.path == "/busy") {
    const bool refuse = world.refusals > 0;
    if (refuse) --world.refusals;
    response.status = refuse ? 503 : 200;
    response.body = std::string(refuse ? "come back\nlater" : "welcome");
  } else if (request.path == "/long") {
    response.body =
        rt::Content(std::make_unique<LongSource>(world.given, kLongBytes, false), kLongBytes);
  } else if (request.path == "/broken") {
    response.body = rt::Content(std::make_unique<LongSource>(world.given, 5000, true), kLongBytes);
  } else {
    response.status = 404;
    response.body = std::string("nothing here");
  }
  co_return response;
}

class ClientTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { ::setenv("no_proxy", "127.0.0.1", 1); }
  void SetUp() override { start("127.0.0.1:0"); }
  void start(std::string listen) {
    Settings settings;
    settings.listen = std::move(listen);
    auto started = Server::start(settings, threads_,
                                 [this](Request& request) { return handle(world_, request); });
    ASSERT_TRUE(started) << started.error().message();
    server_ = *std::move(started);
  }
  ClientRequest to(std::string method, std::string_view path) const {
    ClientRequest request;
    request.method = std::move(method);
    request.url = cat("http://127.0.0.1:", server_->port(), path);
    return request;
  }

  static ClientRequest to_listen(std::string_view listen) {
    ClientRequest request;
    request.url = cat("http://", listen, "/echo");
    return request;
  }

  World world_;
  rt::IoThreads threads_{1};
  std::unique_ptr<Server> server_;
  Client client_{{.stall_timeout = 5s, .tries_max = 3, .pause_first = 1ms}};
};

TEST_F(ClientTest, SendsWhatItIsGivenAndReturnsWhatItGets) {
  ClientRequest request = to("PUT", "/echo?b=1&a=%2F");
  request.fields.add("X-Word", "hello");
  request.body = Upload::of_text("some bytes");
  const auto response = client_.send(kBlocking, request);
  ASSERT_TRUE(response) << response.error().message();
  EXPECT_EQ(response->status, 200u);
  EXPECT_EQ(response->body, "some bytes");
  EXPECT_EQ(response->fields.find("x-method"), "PUT");
  EXPECT_EQ(response->fields.find("x-word"), "hello");
  EXPECT_EQ(response->fields.find("x-query"), "b=1&a=%2F");
}

TEST_F(ClientTest, EmptyBodiesAndHeadsAreWholeRequests) {
  ClientRequest request = to("POST", "/echo");
  request.body = Upload::of_text("");
  EXPECT_EQ(client_.send(kBlocking, request)->body, "");
  const auto head = client_.send(kBlocking, to("HEAD", "/long"));
  ASSERT_TRUE(head) << head.error().message();
  EXPECT_EQ(head->fields.find("content-length"), cat(kLongBytes));
  EXPECT_EQ(client_.send(kBlocking, to("DELETE", "/echo"))->fields.find("x-method"), "DELETE");
  EXPECT_EQ(client_.send(kBlocking, to("GET", "/none"))->status, 404u);
}

TEST_F(ClientTest, OneConnectionServesManyRequests) {
  for (int i = 0; i < 20; ++i) {
    ASSERT_EQ(client_.send(kBlocking, to(i % 2 ? "GET" : "HEAD", "/echo"))->status, 200u);
  }
  EXPECT_EQ(server_->stats().connections_accepted, 1u);
}

TEST_F(ClientTest, AnUploadIsReadInOrderAndItsFailureIsTheCallers) {
  const std::string bytes(3'000'000, 'y');
  ClientRequest request = to("PUT", "/echo");
  request.body = Upload::of_text(bytes);
  EXPECT_TRUE(client_.send(kBlocking, request)->body == bytes);

  request.body->read_at = [](std::span<char> into, std::uint64_t offset) -> Result<std::size_t> {
    if (offset > 1'000'000) return fail(Code::Corrupt, "a bad sector");
    std::ranges::fill(into, 'y');
    return into.size();
  };
  const auto failed = client_.send(kBlocking, request);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code(), Code::Corrupt);
  EXPECT_EQ(failed.error().message(), "a bad sector");

  request.body->read_at = [](std::span<char>, std::uint64_t) -> Result<std::size_t> { return 0; };
  EXPECT_EQ(client_.send(kBlocking, request).error().code(), Code::Corrupt);
}

TEST_F(ClientTest, ABusyServerIsAskedAgainAndThenGivenUp) {
  world_.refusals = 2;
  EXPECT_EQ(client_.send(kBlocking, to("GET", "/busy"))->body, "welcome");
  EXPECT_EQ(world_.requests, 3u);
  world_.refusals = 3;
  const auto refused = client_.send(kBlocking, to("GET", "/busy?secret=1"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Code::Unavailable);
  EXPECT_EQ(refused.error().message(), cat("GET http://127.0.0.1:", server_->port(),
                                           "/busy: status 503: come back later (tried 3 times)"));
}

TEST_F(ClientTest, NobodyThereIsUnavailableWithWordsThatSayWhatToDo) {
  ClientRequest request;
  request.url = "http://someone:secret@127.0.0.1:1/path?signature=secret";
  const auto failed = client_.send(kBlocking, request);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code(), Code::Unavailable);
  EXPECT_TRUE(failed.error().message().starts_with(
      "GET http://127.0.0.1:1/path: cannot connect: is the server running"))
      << failed.error().message();
  EXPECT_FALSE(failed.error().message().contains("secret"));
  request.url = "ftp://127.0.0.1/";
  EXPECT_EQ(client_.send(kBlocking, request).error().code(), Code::InvalidArgument);
}

TEST_F(ClientTest, AServerThatWasAwayIsNotAskedByEverybodyAndIsFoundAgain) {
  Client client({.tries_max = 2, .pause_first = 1ms, .rest = 1h});
  const std::string listen = cat("127.0.0.1:", server_->port());
  server_->stop();
  server_.reset();
  EXPECT_TRUE(client.send(kBlocking, to_listen(listen)).error().message().contains("(tried 2"));
  const auto unasked = client.send(kBlocking, to_listen(listen));
  EXPECT_EQ(unasked.error().code(), Code::Unavailable);
  EXPECT_TRUE(unasked.error().message().starts_with("not asked, because a moment ago: GET"));

  Client patient({.tries_max = 1, .rest = 0ms});
  EXPECT_FALSE(patient.send(kBlocking, to_listen(listen)));
  start(listen);
  EXPECT_EQ(patient.send(kBlocking, to_listen(listen))->status, 200u);
}

TEST_F(ClientTest, WhatNobodyReadsIsNotReceived) {
  auto download = client_.open(kBlocking, to("GET", "/long"));
  ASSERT_TRUE(download);
  std::string piece(1000, '\0');
  ASSERT_EQ((*download)->read(kBlocking, piece).value(), 1000u);
  std::this_thread::sleep_for(100ms);  // time enough for the server to send it all
  EXPECT_LT(world_.given, kLongBytes);
  std::size_t bytes = 1000;
  for (;;) {
    const std::size_t count = (*download)->read(kBlocking, piece).value();
    if (count == 0) break;
    bytes += count;
  }
  EXPECT_EQ(bytes, kLongBytes);
}

TEST_F(ClientTest, ADownloadMayBeLeftEarly) {
  for (int i = 0; i < 3; ++i) {
    auto download = client_.open(kBlocking, to("GET", "/long"));
    ASSERT_TRUE(download);
    std::string piece(1000, '\0');
    ASSERT_EQ((*download)->read(kBlocking, piece).value(), 1000u);
  }
  EXPECT_EQ(client_.send(kBlocking, to("GET", "/echo"))->status, 200u);
}

TEST_F(ClientTest, ABodyThatBreaksOffIsAFailure) {
  const auto failed = client_.send(kBlocking, to("GET", "/broken"));
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code(), Code::Unavailable);
  EXPECT_EQ(world_.requests, 3u);
  EXPECT_EQ(client_.send(kBlocking, to("GET", "/long"), 1000).error().code(), Code::TooLarge);
}

}  // namespace
}  // namespace embrace::http
