#include "hub/quota.h"

#include <gtest/gtest.h>

#include "base/strings.h"
#include "hub/hub_fixture.h"
#include "hub/lfs.h"
#include "hub/lfs_links.h"
#include "hub/xet.h"

namespace embrace::hub {
namespace {

class QuotaTest : public HubTest {
 protected:
  QuotaTest() : alice(user("alice")), repo(make_repo(alice, "alice/bert")) {}
  void allow(std::uint64_t more_bytes) {
    const auto used = must(database->read(
        blocking, [&](db::Session& s) { return meta::storage::used_bytes(s, repo.namespace_id); }));
    must(
        set_quota(services(), blocking, "Alice", meta::storage::Quota{.bytes = used + more_bytes}));
  }
  Result<LfsBatchResult> ask_to_upload(std::vector<LfsObject> files) {
    return lfs_batch(services(), blocking, alice, repo.name,
                     {.upload = true, .transfers = {"basic"}, .objects = std::move(files)});
  }
  Status link(std::string_view bytes) {
    return link_lfs_object(services(), blocking, repo.id, {put_object(bytes), bytes.size()});
  }
  template <class T>
  void expect_denied(const Result<T>& result) {
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code(), Code::Denied) << result.error().message();
    EXPECT_TRUE(result.error().message().contains("quota")) << result.error().message();
    EXPECT_TRUE(result.error().message().contains(" bytes are used")) << result.error().message();
  }

  auth::Caller alice;
  meta::Repo repo;
};

TEST_F(QuotaTest, WithoutAQuotaEverythingFits) {
  EXPECT_TRUE(ask_to_upload({{put_object("x"), 1ull << 38}}));
  EXPECT_TRUE(link("some bytes"));
}

TEST_F(QuotaTest, WhatFitsIsTakenAndWhatDoesNotIsRefusedBeforeItIsSent) {
  allow(15);
  const auto first = put_object("ten bytes!"), second = put_object("ten others");
  EXPECT_TRUE(ask_to_upload({{first, 10}}));
  expect_denied(ask_to_upload({{first, 10}, {second, 10}}));
  EXPECT_TRUE(link("ten bytes!"));
  expect_denied(ask_to_upload({{second, 10}}));
  EXPECT_TRUE(ask_to_upload({{first, 10}})) << "it is there already";
}

TEST_F(QuotaTest, TheLinkItselfIsWhatCounts) {
  allow(15);
  EXPECT_TRUE(link("ten bytes!"));
  expect_denied(link("ten others"));
  EXPECT_TRUE(link("ten bytes!")) << "nothing is added";
  must(set_quota(services(), blocking, "alice", meta::storage::Quota{}));
  EXPECT_TRUE(link("ten others"));
}

TEST_F(QuotaTest, AFullNamespaceMayStillCommitWhatItHasAndDelete) {
  const auto sha256 = put_lfs_file(alice, repo, "a.bin", "the weights");
  must(set_quota(services(), blocking, "alice", meta::storage::Quota{.bytes = 1}));
  const auto again = git::LfsPointer{sha256, 11};
  put_lfs_file(alice, repo, "copy.bin", "the weights");
  remove_file(alice, repo, "a.bin");
  EXPECT_TRUE(delete_lfs_files(services(), blocking, alice, repo.name, {again.sha256}, false));
}

TEST_F(QuotaTest, CopiesOfOthersFilesCount) {
  const auto bob = user("bob");
  const auto source = make_repo(bob, "bob/source");
  const auto sha256 = put_lfs_file(bob, source, "a.bin", "a file of twenty six bytes");
  allow(5);
  NewRepo copy;
  copy.name = name("alice/copy");
  expect_denied(duplicate_lfs_files(services(), blocking, alice, source.name, repo.name, {sha256}));
  expect_denied(duplicate_repo(services(), blocking, alice, source.name, copy));
  allow(10'000);
  EXPECT_TRUE(duplicate_repo(services(), blocking, alice, source.name, copy));
}

TEST_F(QuotaTest, AFullNamespaceGetsNoTokenToSendChunks) {
  const auto token = [&](XetToken::Scope scope) {
    return grant_xet(services(), blocking, alice, repo.name, scope, "main", false);
  };
  allow(1);
  EXPECT_TRUE(token(XetToken::Scope::Write));
  allow(0);
  expect_denied(token(XetToken::Scope::Write));
  EXPECT_TRUE(token(XetToken::Scope::Read));
}

TEST_F(QuotaTest, TheDefaultHoldsForWhoHasNoneOfTheirOwn) {
  settings.namespace_quota_bytes = 1;
  expect_denied(link("ten bytes!"));
  must(set_quota(services(), blocking, "alice", meta::storage::Quota{}));
  EXPECT_TRUE(link("ten bytes!"));
  must(set_quota(services(), blocking, "alice", std::nullopt));
  expect_denied(link("ten others"));
  EXPECT_EQ(set_quota(services(), blocking, "nobody", std::nullopt).error().code(), Code::NotFound);
}

TEST_F(QuotaTest, TheReportSaysWhatIsUsedStoredAndSaved) {
  const std::string bytes(1 << 20, 'z');
  put_lfs_file(alice, repo, "a.bin", bytes);
  const auto second = make_repo(user("bob"), "bob/second");
  put_lfs_file(user("bob"), second, "a.bin", bytes);
  must(set_quota(services(), blocking, "bob", meta::storage::Quota{.bytes = 5'000'000}));
  const auto report = must(report_storage(services(), blocking));
  ASSERT_EQ(report.namespaces.size(), 2u);
  EXPECT_EQ(report.namespaces[0].ns, "alice");
  EXPECT_GT(report.namespaces[0].used_bytes, bytes.size());
  EXPECT_FALSE(report.namespaces[0].allowed_bytes);
  EXPECT_EQ(report.namespaces[1].allowed_bytes, 5'000'000u);
  EXPECT_EQ(report.figures.logical_bytes, bytes.size());
  EXPECT_GT(report.saved_bytes(), 900'000);
}

}  // namespace
}  // namespace embrace::hub
