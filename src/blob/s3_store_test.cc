#include "blob/s3_store_test.h"

#include <atomic>
#include <stdexcept>

#include "base/strings.h"
#include "blob/backend_calls_test.h"
#include "http/client.h"

namespace embrace::blob {

namespace {

using namespace std::chrono_literals;
using ::testing::S3Server;

constexpr std::string_view kBucket = "test-bucket";

void make_bucket(const S3Server& server) {
  http::Client client;
  http::ClientRequest request;
  request.method = "POST";
  request.url = server.bucket_maker(std::string(kBucket));
  request.body = http::Upload::of_text("");
  const auto made = client.send(kBlocking, request);
  if (!made) throw std::runtime_error(made.error().message());
  if (made->status >= 300) throw std::runtime_error("the S3 server makes no bucket: " + made->body);
}

}  // namespace

const Clock& system_clock() {
  static const SystemClock clock;
  return clock;
}

S3Server& shared_server() {
  static S3Server& server = [] -> S3Server& {
    make_bucket(S3Server::shared());
    return S3Server::shared();
  }();
  return server;
}

S3Settings settings_for(const S3Server& server, const std::string& folder) {
  static std::atomic<int> stores{0};
  const std::string where =
      cat("s3://", kBucket, "/store-", ++stores, "?endpoint=", server.endpoint());
  S3Settings settings;
  settings.where = parse_s3_location(where, "").value();
  settings.keys = {S3Server::kAccessKeyId, S3Server::kSecretAccessKey, ""};
  settings.uploads.spool_folder = folder;
  settings.uploads.part_bytes = 5 << 20;  // the least that S3 allows
  settings.client.pause_first = 10ms;
  settings.client.tries_max = 3;
  return settings;
}

std::unique_ptr<S3Backend> open_or_throw(S3Settings settings) {
  auto backend = S3Backend::open(kBlocking, std::move(settings), system_clock());
  if (!backend) throw std::runtime_error(backend.error().message());
  return *std::move(backend);
}

std::unique_ptr<Backend> make_s3(const std::string& folder) {
  return open_or_throw(settings_for(shared_server(), folder));
}

}  // namespace embrace::blob
