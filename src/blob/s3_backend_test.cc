#include "blob/s3_backend.h"

#include <gtest/gtest.h>

#include <future>

#include "base/strings.h"
#include "blob/backend_calls_test.h"
#include "blob/s3_service.h"
#include "blob/s3_store_test.h"
#include "testing/temp_folder.h"

namespace embrace::blob {
namespace {

using namespace std::chrono_literals;
using ::testing::S3Server;

class S3BackendTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (::testing::s3_is_switched_off()) GTEST_SKIP() << "EMB_TEST_S3=off";
  }
  ::testing::TempFolder folder_;
};

std::string bytes_of_length(std::size_t size) {
  std::string bytes(size, '\0');
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(i * 2654435761u >> 13);
  return bytes;
}

TEST_F(S3BackendTest, PartsBecomeOneObject) {
  auto backend = make_s3(folder_ / "spool");
  const std::string bytes = bytes_of_length((16 << 20) + 12345);
  ASSERT_TRUE(put(*backend, "lfs/large", bytes));
  EXPECT_EQ(backend->stat(kBlocking, key_of("lfs/large"))->size_bytes, bytes.size());
  EXPECT_TRUE(get(*backend, "lfs/large").value() == bytes);
  EXPECT_TRUE(get(*backend, "lfs/large", 5'000'000, 9'000'000).value() ==
              bytes.substr(5'000'000, 9'000'000));
  // Kept, as a small one is.
  EXPECT_TRUE(put(*backend, "lfs/large", bytes_of_length(6 << 20)));
  EXPECT_EQ(backend->stat(kBlocking, key_of("lfs/large"))->size_bytes, bytes.size());
}

TEST_F(S3BackendTest, WhoeverIsSecondKeepsWhatTheFirstStored) {
  const S3Settings settings = settings_for(shared_server(), folder_ / "spool");
  S3Service service(settings.where, settings.keys, system_clock(), settings.client);
  for (const bool in_parts : {false, true}) {
    const std::string name = in_parts ? "parts" : "whole";
    ASSERT_EQ(
        service.put(kBlocking, name, http::Upload::of_text("old"), S3Service::hashes_of("old")),
        S3Service::Stored::New);
    if (!in_parts) {
      EXPECT_EQ(
          service.put(kBlocking, name, http::Upload::of_text("new"), S3Service::hashes_of("new")),
          S3Service::Stored::WasThere);
      continue;
    }
    const std::string upload = service.start_upload(kBlocking, name).value();
    const std::string etag = service
                                 .put_part(kBlocking, name, upload, 1, http::Upload::of_text("new"),
                                           S3Service::hashes_of("new"))
                                 .value();
    EXPECT_EQ(service.complete_upload(kBlocking, name, upload, {etag}),
              S3Service::Stored::WasThere);
    EXPECT_EQ(service.head(kBlocking, name)->stat.size_bytes, 3u);
  }
}

TEST_F(S3BackendTest, WhatIsDamagedOnTheWayIsRefused) {
  const S3Settings settings = settings_for(shared_server(), folder_ / "spool");
  S3Service service(settings.where, settings.keys, system_clock(), settings.client);
  const auto whole = S3Service::hashes_of("whole");
  EXPECT_FALSE(service.put(kBlocking, "x", http::Upload::of_text("damaged"), whole));
  EXPECT_EQ(service.head(kBlocking, "x").error().code(), Code::NotFound);
  const std::string upload = service.start_upload(kBlocking, "x").value();
  EXPECT_FALSE(
      service.put_part(kBlocking, "x", upload, 1, http::Upload::of_text("damaged"), whole));
  EXPECT_TRUE(service.abort_upload(kBlocking, "x", upload));
}

TEST_F(S3BackendTest, SomeBytesMayBeFetchedByUrlForAWhile) {
  auto backend = make_s3(folder_ / "spool");
  ASSERT_TRUE(put(*backend, "lfs/x", "hello"));
  const auto url = backend->direct_url(key_of("lfs/x"), 1, 3, 60s);
  ASSERT_TRUE(url);
  http::Client client;
  http::ClientRequest request;
  request.url = *url;
  request.fields.add("Range", "bytes=1-3");
  EXPECT_EQ(client.send(kBlocking, request)->body, "ell");
  request.fields.set("Range", "bytes=0-3");
  EXPECT_EQ(client.send(kBlocking, request)->status, 403u) << "other bytes are not for them";
  request.fields.set("Range", "bytes=1-3");
  request.url.replace(request.url.find("lfs/x"), 5, "lfs/y");
  EXPECT_EQ(client.send(kBlocking, request)->status, 403u);
}

std::string refusal_of(S3Settings settings) {
  const auto opened = S3Backend::open(kBlocking, std::move(settings), system_clock());
  if (opened) return "opened";
  EXPECT_EQ(opened.error().code(), Code::Unavailable);
  EXPECT_FALSE(opened.error().message().contains(S3Server::kSecretAccessKey));
  return opened.error().message();
}

TEST_F(S3BackendTest, AWrongKeySaysWhichSettingToCheck) {
  S3Settings settings = settings_for(shared_server(), folder_ / "spool");
  settings.keys.secret_access_key = "another";
  EXPECT_TRUE(refusal_of(settings).contains("check s3_secret_access_key")) << refusal_of(settings);
  settings.keys.access_key_id = "nobody";
  EXPECT_TRUE(refusal_of(settings).contains("check s3_access_key_id")) << refusal_of(settings);
}

TEST_F(S3BackendTest, AMissingBucketSaysWhatToDo) {
  S3Settings settings = settings_for(shared_server(), folder_ / "spool");
  settings.where.bucket = "no-such-bucket";
  EXPECT_TRUE(refusal_of(settings).contains("there is no such bucket: make it"))
      << refusal_of(settings);
}

TEST_F(S3BackendTest, ABadEndpointSaysWhatToDo) {
  S3Settings settings = settings_for(shared_server(), folder_ / "spool");
  settings.where.host = "127.0.0.1:1";
  EXPECT_TRUE(refusal_of(settings).contains("cannot connect: is the server running"))
      << refusal_of(settings);
  settings.where.host = "no-such-host.invalid";
  EXPECT_TRUE(refusal_of(settings).contains("no such host")) << refusal_of(settings);
}

TEST_F(S3BackendTest, AStoreThatDiesInTheMiddleOfAnUploadHasNothingToShow) {
  S3Server& server = shared_server();
  const S3Settings settings = settings_for(server, folder_ / "spool");
  auto backend = open_or_throw(settings);
  ASSERT_TRUE(put(*backend, "lfs/earlier", "hello"));

  auto writer = backend->create(kBlocking);
  ASSERT_TRUE(writer);
  ASSERT_TRUE((*writer)->write(kBlocking, bytes_of_length(64 << 20)));
  S3Service watch(settings.where, settings.keys, system_clock(), settings.client);
  auto commit = std::async(std::launch::async,
                           [&] { return (*writer)->commit(kBlocking, key_of("lfs/large")); });
  while (watch.list_uploads(kBlocking)->empty()) {
    ASSERT_EQ(commit.wait_for(0s), std::future_status::timeout) << "it was too quick";
  }
  server.kill();
  const Status done = commit.get();
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code(), Code::Unavailable);
  EXPECT_EQ(get(*backend, "lfs/earlier").error().code(), Code::Unavailable);

  server.start_again();
  EXPECT_EQ(backend->stat(kBlocking, key_of("lfs/large")).error().code(), Code::NotFound);
  EXPECT_EQ(keys_of(backend->list(kBlocking, "", "", 10).value()),
            std::vector<std::string>{"lfs/earlier"});
  EXPECT_EQ(get(*backend, "lfs/earlier").value(), "hello");
  EXPECT_EQ(backend->abort_stale_uploads(kBlocking, 1h).value(), 0u);
  EXPECT_EQ(backend->abort_stale_uploads(kBlocking, 0s).value(), 1u);
  EXPECT_TRUE(watch.list_uploads(kBlocking)->empty());
}

TEST_F(S3BackendTest, ADownloadGoesOnAfterTheStoreWasAway) {
  S3Server& server = shared_server();
  auto backend = open_or_throw(settings_for(server, folder_ / "spool"));
  const std::string bytes = bytes_of_length(32 << 20);
  ASSERT_TRUE(put(*backend, "lfs/large", bytes));
  bool was_away = false;
  std::string got;
  const Status done =
      backend->read(kBlocking, key_of("lfs/large"), 0, bytes.size(), [&](std::string_view piece) {
        got += piece;
        if (!std::exchange(was_away, true)) {
          server.kill();
          server.start_again();
        }
        return Status();
      });
  ASSERT_TRUE(done) << done.error().message();
  EXPECT_TRUE(got == bytes);
}

}  // namespace
}  // namespace embrace::blob
